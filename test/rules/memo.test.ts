// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventView } from "../../src/fields/view.js";
import { DenseMemo, SparseMemo } from "../../src/rules/memo.js";
import { COMPUTED, type TextTest, TextTests } from "../../src/rules/text-tests.js";

const e = {} as EventView;

function plain(test: (text: string) => boolean): TextTest {
  return { test, exact: null, search: null };
}

/** Test 0: not 7; 1: is 7; 2: ends in 0; 61 (bit 30 of word 1): longer than 1. */
const LIST: TextTest[] = Array.from({ length: 62 }, () => plain(() => false));
LIST[0] = { ...plain((text) => text !== "7"), exact: { texts: ["7"], negated: true } };
LIST[1] = { ...plain((text) => text === "7"), exact: { texts: ["7"], negated: false } };
LIST[2] = plain((text) => text.endsWith("0"));
LIST[61] = plain((text) => text.length > 1);
const TESTS = new TextTests(LIST);

function expectedWord(key: number, word: number): number {
  if (key % 13 === 5) return COMPUTED;
  if (word === 1) return key > 9 ? COMPUTED | (1 << 30) : COMPUTED;
  return COMPUTED | ((key === 7 ? 2 : 1) | (key % 10 === 0 ? 4 : 0));
}

const source = { text: (key: number): string | null => (key % 13 === 5 ? null : String(key)) };

describe("memo", () => {
  it("dense: remembers every key it has seen through growth, forgets all at once", () => {
    const memo = new DenseMemo(source, TESTS, 1 << 20);
    for (let pass = 0; pass < 2; pass++) {
      for (let key = 0; key < 9000; key += 3) {
        for (const word of [1, 0]) assert.equal(memo.fill(key, word, e), expectedWord(key, word));
      }
      for (let key = 0; key < 9000; key++) {
        for (const word of [0, 1]) {
          assert.equal(memo.words[key * 2 + word], key % 3 === 0 ? expectedWord(key, word) : 0);
        }
      }
      memo.forget();
      assert.ok(memo.words.every((word) => word === 0));
    }
  });

  it("sparse: finds what it remembers, never another key's, and stays bounded", () => {
    const memo = new SparseMemo(source, TESTS);
    for (const scale of [1, 2 ** 20 + 1, 2 ** 33 + 1]) {
      let found = 0;
      for (let i = 0; i < 40_000; i++) {
        const key = i * scale;
        assert.equal(memo.fill(key, i & 1, e), expectedWord(key, i & 1));
        assert.equal(memo.get(key, i & 1), expectedWord(key, i & 1));
        assert.equal(memo.get(key, (i & 1) ^ 1), 0);
        const earlier = (i >> 1) * scale;
        const word = memo.get(earlier, (i >> 1) & 1);
        if (word !== 0) {
          found++;
          assert.equal(word, expectedWord(earlier, (i >> 1) & 1));
        }
      }
      assert.ok(found > 8000);
      memo.forget();
      assert.equal(memo.get(0, 0), 0);
    }
  });
});
