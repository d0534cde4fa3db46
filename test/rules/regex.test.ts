// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileRegex, RegexError } from "../../src/rules/regex.js";

function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

describe("regex", () => {
  for (const [pattern, yes, no] of [
    ["abc", ["abc"], ["abcd", "zabc", ""]],
    ["a|ab", ["a", "ab"], ["abb"]],
    ["", [""], ["a"]],
    ["[[:digit:]]+", ["0", "123"], ["12a", ""]],
    ["[^a]", ["b", "\n"], ["a", "bb"]],
    ["[]a]+", ["]a]"], ["b"]],
    ["[a\\]-]+", ["a]-"], ["b"]],
    [".", ["a", utf8("é"), "\xff"], ["\n", ""]],
    ["..", [utf8("é€")], [utf8("é")]],
    [utf8("é+"), [utf8("éé")], [utf8("e")]],
    ["a*?", ["", "a", "aa"], ["b"]],
    ["a+?", ["", "aa"], ["b"]],
    ["a**", ["", "aaa"], ["b"]],
    ["(ab)*+", ["", "abab"], ["aba"]],
    ["x{2}{3}", ["xxxxxx"], ["xx", "xxxxx"]],
    ["a{,2}", ["a{,2}"], ["aa"]],
    ["a{2,}", ["aa", "aaaaa"], ["a"]],
    ["^a$", ["a"], ["aa"]],
    ["a\n^b$", ["a\nb"], ["ab"]],
    ["\\101\\x42\\x{43}", ["ABC"], ["abc"]],
    ["\\.\\-\\/\\\\", [".-/\\"], ["a-/\\"]],
    ["(|a)b", ["b", "ab"], ["a"]],
    ["/proc/[0-9]+/(mem|maps)", ["/proc/1/mem"], ["/proc/x/mem", "/proc/1/mem2"]],
  ] as const) {
    it(`${JSON.stringify(pattern)} matches whole values`, () => {
      const test = compileRegex(pattern);
      for (const text of yes) assert.equal(test(text), true, JSON.stringify(text));
      for (const text of no) assert.equal(test(text), false, JSON.stringify(text));
    });
  }

  for (const [pattern, message] of [
    ["\\d+", /invalid escape sequence: \\d/],
    ["\\w", /invalid escape sequence: \\w/],
    ["\\bfoo\\b", /invalid escape sequence: \\b/],
    ["\\pL", /invalid escape sequence: \\p/],
    ["\\Aa\\z", /invalid escape sequence: \\A/],
    ["[\\d]", /invalid escape sequence: \\d/],
    ["\\1", /invalid escape sequence: \\1/],
    ["(?:a)", /no argument for repetition operator: \?/],
    ["(?i)a", /no argument for repetition operator: \?/],
    ["*a", /no argument for repetition operator: \*/],
    ["a|*", /no argument for repetition operator: \*/],
    ["(a", /missing \): \(a/],
    ["a)", /unexpected \): a\)/],
    ["[a", /missing \]: \[a/],
    ["[z-a]", /invalid character class range/],
    ["[a-c-e]", /invalid character class range: -e/],
    ["[[:nosuch:]]", /invalid character class range/],
    ["x{1001}", /invalid repeat count/],
    ["a\\", /trailing \\/],
    ["\xff", /invalid UTF-8/],
  ] as const) {
    it(`rejects ${JSON.stringify(pattern)}`, () => {
      assert.throws(
        () => compileRegex(pattern),
        (error) => error instanceof RegexError && message.test(error.message),
      );
    });
  }

  it("takes bounded time on a pattern built to be slow", () => {
    const started = process.hrtime.bigint();
    assert.equal(compileRegex("(a+)+(b|(a*)*)*c")("a".repeat(5000)), false);
    assert.ok(process.hrtime.bigint() - started < 10_000_000_000n);
  });

  it("survives thousands of repetitions and parentheses", () => {
    assert.equal(compileRegex(`a${"*".repeat(5000)}`)("aaa"), true);
    for (const pattern of [`${"(".repeat(5000)}a${")".repeat(5000)}`, `a${"*+".repeat(5000)}`]) {
      try {
        assert.equal(compileRegex(pattern)("a"), true);
      } catch (error) {
        assert.ok(error instanceof RegexError);
      }
    }
  });
});
