// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyOverride, parseOverride } from "../../src/config/override.js";
import { emptyMap, parseTree, type TreeMap } from "../../src/config/tree.js";
import { PeregrineError } from "../../src/telemetry/errors.js";

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function apply(start: string, ...options: string[]): unknown {
  const root = (parseTree(start, "test") ?? emptyMap()) as TreeMap;
  for (const option of options) applyOverride(root, parseOverride(option));
  return plain(root);
}

const KEYS: readonly [string, readonly (string | number)[]][] = [
  ["a=v", ["a"]],
  ["a.b.c=v", ["a", "b", "c"]],
  ["list[3].x=v", ["list", 3, "x"]],
  ["list[]=v", ["list", "[]"]],
  ["rules[].disable.rule=v", ["rules", "[]", "disable", "rule"]],
  ["a[0][1]=v", ["a", 0, 1]],
  ["a\\.b.c=v", ["a.b", "c"]],
  ["a\\[0\\]=v", ["a[0]"]],
  ["a\\\\b=v", ["a\\b"]],
  ["a\\b=v", ["a\\b"]],
];

test("keys", () => {
  for (const [text, steps] of KEYS) assert.deepEqual(parseOverride(text).steps, steps, text);
});

test("values: all behind the first equals sign, commas and blanks included", () => {
  assert.equal(parseOverride("a=b=c").value, "b=c");
  assert.equal(parseOverride("a=x,y z").value, "x,y z");
  assert.equal(parseOverride("a=").value, "");
  assert.deepEqual(plain(parseOverride('a={"b": [1, true]}').value), { b: ["1", "true"] });
  assert.deepEqual(plain(parseOverride("a={b: c}").value), { b: "c" });
});

const BAD: readonly [string, RegExp][] = [
  ["a", /^Error parsing config option "a"\. Must be of the form key=val or key\.subkey=val$/],
  ["=v", /Must be of the form/],
  ["a..b=v", /a name is missing/],
  ["a.=v", /a name is missing/],
  [".a=v", /a name is missing/],
  ["[0]=v", /a name is missing/],
  ["a[x]=v", /"x" is not a valid index/],
  ["a[-1]=v", /not a valid index/],
  ["a[0=v", /no closing \]/],
  ["a[0]b=v", /expected \. or \[/],
  ["a={b: [}", /Parsing error/],
];

test("bad options are told with the key", () => {
  for (const [text, message] of BAD) {
    assert.throws(
      () => parseOverride(text),
      (error) => error instanceof PeregrineError && error.code === "OPTION_SYNTAX" && message.test(error.message),
      text,
    );
  }
});

test("overrides build what is missing and keep the rest", () => {
  assert.deepEqual(apply("{a: {x: 1}, b: 2}", "a.y=3"), { a: { x: "1", y: "3" }, b: "2" });
  assert.deepEqual(apply("", "a.b[].c=1", "a.b[].c=2", "a.b[0].d=3"), {
    a: { b: [{ c: "1", d: "3" }, { c: "2" }] },
  });
  assert.deepEqual(apply("{a: [1, 2]}", "a[2]=3", "a[0]=0"), { a: ["0", "2", "3"] });
  assert.deepEqual(apply("{a: text}", "a.b=1"), { a: { b: "1" } });
  assert.deepEqual(apply("", "rules[].disable.tag=x", "rules[].enable.rule=y"), {
    rules: [{ disable: { tag: "x" } }, { enable: { rule: "y" } }],
  });
  assert.throws(() => apply("{a: [1]}", "a[2]=3"), /beyond the end/);
});

test("no key reaches an object's prototype", () => {
  apply("", "__proto__.polluted=1", "constructor.prototype.polluted=1");
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});
