// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { matchesWildcard, type Selection, selectRules } from "../../src/rules/selection.js";

describe("matchesWildcard", () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ["abc", "abc", true],
    ["abc", "abcd", false],
    ["ab", "abc", false],
    ["*", "", true],
    ["*", "anything", true],
    ["a*", "abc", true],
    ["a*", "ba", false],
    ["*c", "abc", true],
    ["*b", "abb", false],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["*b*", "abc", true],
    ["*aa*a", "aa", false],
    ["*aa*a", "aaa", true],
    ["**", "x", true],
    ["A*", "abc", false],
    ["", "", true],
    ["", "a", false],
  ];
  for (const [pattern, name, fits] of table) {
    it(`${pattern} and ${name}`, () => assert.equal(matchesWildcard(pattern, name), fits));
  }
});

describe("selectRules", () => {
  const rules = [
    { name: "one", enabled: true, tags: ["t"] },
    { name: "two", enabled: true, tags: [] },
    { name: "three", enabled: false, tags: ["t", "u"] },
  ];
  const names = (...steps: Selection[]): string[] => selectRules(rules, steps).map(({ name }) => name);

  it("keeps to each rule's own switch", () => assert.deepEqual(names(), ["one", "two"]));
  it("goes step by step", () => {
    assert.deepEqual(names({ enable: false, rule: "*" }, { enable: true, tag: "t" }), ["one", "three"]);
    assert.deepEqual(names({ enable: true, tag: "t" }, { enable: false, rule: "t*" }), ["one"]);
  });
  it("puts what it enables again to the end", () => {
    assert.deepEqual(names({ enable: false, rule: "one" }, { enable: true, rule: "one" }), ["two", "one"]);
    assert.deepEqual(names({ enable: true, rule: "one" }), ["one", "two"]);
  });
  it("does nothing for what no rule fits", () =>
    assert.deepEqual(names({ enable: false, rule: "four" }, { enable: false, tag: "v" }), ["one", "two"]));
});
