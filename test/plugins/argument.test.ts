// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readArgument, splitField } from "../../src/plugins/argument.js";
import type { FieldSpec } from "../../src/sdk/index.js";

const field = (argument?: FieldSpec["argument"]): FieldSpec =>
  argument === undefined ? { type: "string", desc: "d" } : { type: "string", desc: "d", argument };

test("a name and what stands in brackets", () => {
  assert.deepEqual(splitField("a.b"), { name: "a.b", argument: null });
  assert.deepEqual(splitField("a.b[]"), { name: "a.b", argument: "" });
  assert.deepEqual(splitField("a.b[x[1]"), { name: "a.b", argument: "x[1" });
  assert.equal(splitField("a.b[x"), null);
  assert.equal(splitField("a.b[x]y"), null);
});

test("splitting and joining is the identity", () => {
  const name = fc.stringMatching(/^[a-z]+\.[a-z]+$/);
  const argument = fc.option(fc.string());
  fc.assert(
    fc.property(name, argument, (name, argument) => {
      const text = argument === null ? name : `${name}[${argument}]`;
      assert.deepEqual(splitField(text), { name, argument });
    }),
    { seed: 1 },
  );
});

test("an argument takes the form that its declaration asks for", () => {
  assert.deepEqual(readArgument("f.x[01]", field({ kind: "key" }), "01"), { value: "01" });
  assert.deepEqual(readArgument("f.x[7]", field({ kind: "index" }), "7"), { value: 7 });
  assert.deepEqual(readArgument("f.x[7]", field({ kind: "either" }), "7"), { value: { key: "7", index: 7 } });
  assert.deepEqual(readArgument("f.x[07]", field({ kind: "either" }), "07"), { value: { key: "07", index: -1 } });
  assert.deepEqual(readArgument("f.x", field({ kind: "index" }), null), { value: undefined });
});

test("what is no argument of the field is told with the field's name", () => {
  const error = (text: string, spec: FieldSpec, argument: string | null): string => {
    const read = readArgument(text, spec, argument);
    return "error" in read ? read.error : "";
  };
  assert.match(error("f.x", field({ kind: "key", required: true }), null), /'f\.x': f\.x requires an argument/);
  assert.match(error("f.x[a]", field(), "a"), /f\.x takes no argument but one is provided/);
  for (const bad of ["", "-1", "01", "1.5", "1e3", " 1", "a", "18446744073709551616"]) {
    assert.match(error(`f.x[${bad}]`, field({ kind: "index" }), bad), /takes an index as argument/, bad);
  }
});

test("an index is what Number reads back as the same digits", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (index) => {
      assert.deepEqual(readArgument(`f.x[${index}]`, field({ kind: "index" }), String(index)), { value: index });
    }),
    { seed: 1 },
  );
});
