// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileMatcher } from "../../src/rules/compile.js";
import { parseCondition } from "../../src/rules/parse.js";
import { rule } from "../support/conditions.js";
import { asView, SYNTHETIC, type SyntheticEvent, SyntheticFields } from "../support/synthetic-fields.js";

function matcherOf(condition: string, fields = new SyntheticFields(SYNTHETIC)) {
  const rules = [rule(0, parseCondition(condition), [3])];
  return compileMatcher({ rules, matching: "first" }, "syscall", fields.resolve, { strings: 64 });
}

describe("checks with transformers", () => {
  for (const [condition, values, holds] of [
    ["tolower(s.name) = abc", { "s.name": "aBC" }, true],
    ["tolower(s.name) = aBC", { "s.name": "aBC" }, false],
    ["toupper(s.text) startswith AB", { "s.text": "abc" }, true],
    ["toupper(s.bytes) in (AB, CD)", { "s.bytes": "cd" }, true],
    ["basename(s.path) = c", { "s.path": "/a/b/c" }, true],
    ["tolower(basename(s.path)) endswith .sh", { "s.path": "/A/B.SH" }, true],
    ["b64(s.name) = hello", { "s.name": "aGVsbG8" }, true],
    ["b64(s.name) exists", { "s.name": "a" }, false],
    ["not b64(s.name) = hello", { "s.name": "*" }, true],
    ["b64(s.name) != hello", { "s.name": "*" }, false],
    ["len(s.name) > 3", { "s.name": "abcd" }, true],
    ["len(s.name) > 3", { "s.name": "abc" }, false],
    ["len(s.name) in (0, 3)", { "s.name": "abc" }, true],
    ["len(l.names) = 2", { "l.names": ["a", "b"] }, true],
    ["toupper(l.names) in (A, B)", { "l.names": ["a", "b"] }, true],
    ['join("-", (s.name, s.text, "x")) = a-b-x', { "s.name": "a", "s.text": "b" }, true],
    ['join(",", l.names) = "a,b"', { "l.names": ["a", "b"] }, true],
    ['concat(s.name, "/", s.text) = a/b', { "s.name": "a", "s.text": "b" }, true],
    ['concat(s.name, "/", s.text) exists', { "s.name": "a", "s.text": null }, false],
    ['concat(s.name, "x") = ax', { "s.name": "a" }, true],
    ["s.name = val(s.text)", { "s.name": "a", "s.text": "a" }, true],
    ["s.name = tolower(s.text)", { "s.name": "a", "s.text": "A" }, true],
    ["tolower(s.name) = tolower(s.text)", { "s.name": "aB", "s.text": "Ab" }, true],
    ["s.name = toupper(s.name)", { "s.name": "AB" }, true],
    ["s.name = toupper(s.name)", { "s.name": "Ab" }, false],
    ["s.name endswith basename(s.path)", { "s.name": "xyc", "s.path": "/a/c" }, true],
    ["n.small > val(n.other)", { "n.small": 3, "n.other": 2 }, true],
    ["len(s.name) = val(n.wide)", { "s.name": "ab", "n.wide": 2n }, true],
    ["l.names intersects val(l.names)", { "l.names": ["a"] }, true],
  ] as const satisfies readonly (readonly [string, SyntheticEvent["values"], boolean])[]) {
    it(`${condition} on ${Object.values(values).map(String).join(" ")}: ${holds}`, () => {
      const matcher = matcherOf(condition);
      const event = asView({ type: 3, values });
      for (let twice = 0; twice < 2; twice++) assert.equal(matcher.match(event), holds ? 1 : 0);
      assert.equal(matcher.match(asView({ type: 3, values: {} })), condition.startsWith("not") ? 1 : 0, "absent");
    });
  }

  it("are remembered by key like any test of one text", () => {
    const fields = new SyntheticFields(SYNTHETIC);
    const matcher = matcherOf("len(tolower(basename(s.path))) = 1 and s.path != toupper(s.path)", fields);
    for (let i = 0; i < 4; i++) assert.equal(matcher.match(asView({ type: 3, values: { "s.path": "/a/b" } })), 1);
    assert.equal(fields.texts, 1);
  });
});
