// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TextAutomaton } from "../../src/rules/automaton.js";
import { type Search, type TextTest, TextTests } from "../../src/rules/text-tests.js";

function holds(text: string, pattern: Search): boolean {
  if (pattern.fold) return holds(text.replaceAll("B", "b"), { ...pattern, fold: false });
  if (pattern.atStart && pattern.atEnd) return text === pattern.text;
  if (pattern.atStart) return text.startsWith(pattern.text);
  return pattern.atEnd ? text.endsWith(pattern.text) : text.includes(pattern.text);
}

const byte = fc.constantFrom("a", "b", "B", "/", "\xff", "\0");
const anyText = fc.string({ unit: byte, maxLength: 12 });
const anySearch: fc.Arbitrary<Search> = fc
  .record({
    text: fc.string({ unit: byte, maxLength: 4 }),
    atStart: fc.boolean(),
    atEnd: fc.boolean(),
    fold: fc.boolean(),
  })
  .map((search) => (search.fold ? { ...search, text: search.text.replaceAll("B", "b") } : search));

describe("searches at once", () => {
  it("find what searching one by one finds", () => {
    const searches = fc.array(fc.array(anySearch, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(searches, fc.array(anyText, { minLength: 1, maxLength: 8 }), (all, texts) => {
        const tests = all.map((search): TextTest => ({ test: () => assert.fail("not needed"), exact: null, search }));
        // Few searches are left to the tests themselves.
        if (tests.length < 4) return;
        const compiled = new TextTests(tests);
        const words = new Int32Array(compiled.words);
        for (const text of texts) {
          compiled.scan(text, words);
          for (const [i, search] of all.entries()) {
            const bit = ((words[Math.floor(i / 31)] as number) >>> (i % 31)) & 1;
            assert.equal(
              bit === 1,
              search.some((one) => holds(text, one)),
              JSON.stringify({ text, search }),
            );
          }
        }
      }),
      { numRuns: 400, seed: 31 },
    );
  });

  it("are right whichever bytes they hold", () => {
    const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
    const automaton = new TextAutomaton(
      all.map((text, i) => ({
        text: text + text,
        atStart: false,
        atEnd: false,
        word: Math.floor(i / 31),
        mask: 1 << (i % 31),
      })),
    );
    assert.equal(automaton.left.length, 0);
    const words = new Int32Array(9);
    for (const [i, text] of all.entries()) {
      words.fill(0);
      automaton.run(`x${text}${text}`, words);
      const expected = new Int32Array(9);
      for (const found of new Set([i, ...(text === "x" ? [i] : [])]))
        expected[Math.floor(found / 31)] = 1 << (found % 31);
      assert.deepEqual(words, expected, `byte ${i}`);
    }
  });

  it("leaves what finds no room in the table to single tests", () => {
    const long = Array.from({ length: 40 }, (_, i) => `<${i}>${"ab/".repeat(20_000)}<${i}>`);
    const tests = long.map(
      (text, i): TextTest => ({
        test: () => false,
        exact: null,
        search: [{ text, atStart: i % 2 === 0, atEnd: false, fold: i % 3 === 0 }],
      }),
    );
    const compiled = new TextTests(tests);
    const words = new Int32Array(compiled.words);
    for (const [i, text] of long.entries()) {
      compiled.scan(text, words);
      const word = Math.floor(i / 31);
      assert.equal((words[word] as number) | compiled.rest(text, word), 1 << (i % 31));
    }
  });
});
