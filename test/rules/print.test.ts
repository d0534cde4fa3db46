// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";

import type { Node } from "../../src/rules/ast.js";
import { parseCondition } from "../../src/rules/parse.js";
import { printCondition } from "../../src/rules/print.js";

/** The node without places. */
function plain(node: unknown): unknown {
  return JSON.parse(JSON.stringify(node, (key, value) => (key === "range" ? undefined : value)));
}

const range = { start: 0, end: 0 };
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/).filter((word) => !["and", "or", "not"].includes(word));
const byteText = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 8,
});
const constant = byteText.map((text) => ({ kind: "constant", text, number: false, range }) as const);
const number = fc.integer().map((value) => ({ kind: "constant", text: String(value), number: true, range }) as const);
const field = fc
  .record({ first: name, second: name, arg: fc.option(byteText) })
  .map(({ first, second, arg }) => ({ kind: "field", name: `${first}.${second}`, arg, range }) as const);
const list = fc.array(constant, { maxLength: 3 }).map((items) => ({ kind: "list", items, range }) as const);
const transform = fc
  .record({ name: fc.constantFrom("tolower", "len", "b64"), arg: field })
  .map(({ name, arg }) => ({ kind: "transform", name, args: [arg], arg: null, range }) as const);
const join = fc
  .record({ separator: constant, items: fc.array(fc.oneof(field, transform, constant, number), { maxLength: 3 }) })
  .map(({ separator, items }) => {
    return {
      kind: "transform",
      name: "join",
      args: [separator, { kind: "list", items, range }],
      arg: null,
      range,
    } as const;
  });
const left = fc.oneof(field, transform, join);
const checkOf = (operator: fc.Arbitrary<string>, right: fc.Arbitrary<unknown>, modifier = false) =>
  fc
    .record({
      left,
      operator,
      right,
      modifier: modifier ? fc.constantFrom("oneof", "anyof", "allof") : fc.constant(null),
    })
    .map((node) => ({ kind: "check", ...node, range }) as unknown as Node);
const check = fc.oneof(
  checkOf(fc.constant("exists"), fc.constant(null)),
  checkOf(fc.constantFrom("<", "<=", ">", ">="), fc.oneof(number, transform)),
  checkOf(fc.constantFrom("=", "!=", "contains", "startswith", "regex"), fc.oneof(constant, transform, join)),
  checkOf(fc.constantFrom("=", "endswith"), list, true),
  checkOf(fc.constantFrom("in", "intersects", "pmatch"), fc.oneof(list, transform)),
);
const condition = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    check,
    name.map((each) => ({ kind: "identifier", name: each, range }) as Node),
    tie("node")
      .filter((child) => child.kind !== "not")
      .map((child) => ({ kind: "not", child, range }) as Node),
    fc
      .record({ kind: fc.constantFrom("and", "or"), children: fc.array(tie("node"), { minLength: 2, maxLength: 3 }) })
      .map((node) => ({ ...node, range }) as Node),
  ),
})).node;

describe("printCondition", () => {
  it("prints what parses to the same condition", () => {
    fc.assert(
      fc.property(condition, (node) => {
        const text = printCondition(node, true);
        const parsed = parseCondition(text);
        assert.deepEqual(plain(parsed), plain(node), text);
        assert.equal(printCondition(parsed, true), text);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("quotes only what needs it", () => {
    const node = parseCondition(`a.b in (x, "y z", 'q"', "a=b", "back\\\\slash", "")`);
    assert.equal(printCondition(node), 'a.b in (x, "y z", "q\\"", "a=b", "back\\\\slash", "")');
  });
});
