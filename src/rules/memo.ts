// SPDX-License-Identifier: Apache-2.0

import { UNKEYED } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import { COMPUTED, type TextTests } from "./text-tests.js";

/*
 * What is known of a field's values, by key: for each key `stride` words of 31 tests each.
 *
 *   word   bit 31      computed (also where the value is absent: then no other bit is set)
 *          bits 0-30   one test each
 *
 * Dense memos are arrays indexed by key * stride + word, doubled when a larger key is seen. Sparse ones are open hash
 * tables of bounded size that start again when they are full. Both are dropped when a generation ends. Nothing is kept
 * under UNKEYED, which is larger than any dense key.
 */

/** Where the texts come from: a keyed field or one of several values. */
export interface KeyedText {
  text(key: number, e: EventView): string | null;
}

/** Computes words. The last text and what was found in it are kept: the words of one key often come one after the other. */
class WordComputer {
  private key = -1;
  private text: string | null = null;
  private readonly found: Int32Array;

  constructor(
    private readonly source: KeyedText,
    private readonly tests: TextTests,
  ) {
    this.found = new Int32Array(tests.words);
  }

  word(key: number, word: number, e: EventView): number {
    if (key !== this.key || key === UNKEYED) {
      const text = this.source.text(key, e);
      this.key = key;
      this.text = text;
      if (text !== null) this.tests.scan(text, this.found);
    }
    if (this.text === null) return COMPUTED;
    return COMPUTED | (this.found[word] as number) | this.tests.rest(this.text, word);
  }

  clear(): void {
    this.key = -1;
    this.text = null;
  }
}

const FIRST_KEYS = 1024;

/** Memo by dictionary id or as dense a key. Generated code reads `words` itself and calls `fill` where it finds 0. */
export class DenseMemo {
  words: Int32Array;
  private keys = FIRST_KEYS;
  private largest = -1;
  private readonly stride: number;
  private readonly computer: WordComputer;

  /** `capacity`: keys to remember at the most; larger ones are computed each time. */
  constructor(
    source: KeyedText,
    tests: TextTests,
    private readonly capacity: number,
  ) {
    this.stride = tests.words;
    this.computer = new WordComputer(source, tests);
    this.words = new Int32Array(this.keys * this.stride);
  }

  /** Computes word `word` of `key`, remembers and returns it. */
  fill(key: number, word: number, e: EventView): number {
    const bits = this.computer.word(key, word, e);
    if (key >= this.keys) this.grow(key);
    if (key < this.keys) {
      this.words[key * this.stride + word] = bits;
      if (key > this.largest) this.largest = key;
    }
    return bits;
  }

  private grow(key: number): void {
    if (key >= this.capacity) return;
    let keys = this.keys;
    while (keys <= key) keys *= 2;
    const words = new Int32Array(keys * this.stride);
    words.set(this.words.subarray(0, (this.largest + 1) * this.stride));
    this.words = words;
    this.keys = keys;
  }

  forget(): void {
    this.words.fill(0, 0, (this.largest + 1) * this.stride);
    this.largest = -1;
    this.computer.clear();
  }
}

const FIRST_SLOTS = 64;
const SPARSE_LIMIT = 1 << 14;

/** Memo by any whole number from 0 to 2^53. UNKEYED is never found. */
export class SparseMemo {
  private slots = FIRST_SLOTS;
  private used = 0;
  private keys: Float64Array;
  private words: Int32Array;
  private readonly stride: number;
  private readonly computer: WordComputer;

  constructor(source: KeyedText, tests: TextTests) {
    this.stride = tests.words;
    this.computer = new WordComputer(source, tests);
    this.keys = new Float64Array(this.slots).fill(-1);
    this.words = new Int32Array(this.slots * this.stride);
  }

  /** Slot of `key`, or the free one where it belongs. At most half of the slots are in use, so there is one. */
  private slot(key: number): number {
    const mask = this.slots - 1;
    const keys = this.keys;
    let h = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul((key / 0x100000000) | 0, 0x85ebca6b);
    h ^= h >>> 15;
    let at = h & mask;
    while (keys[at] !== key && keys[at] !== -1) at = (at + 1) & mask;
    return at;
  }

  /** The remembered word, 0 where there is none. */
  get(key: number, word: number): number {
    const at = this.slot(key);
    return this.keys[at] === key ? (this.words[at * this.stride + word] as number) : 0;
  }

  /** Computes word `word` of `key`, remembers and returns it. */
  fill(key: number, word: number, e: EventView): number {
    const bits = this.computer.word(key, word, e);
    if (key === UNKEYED) return bits;
    let at = this.slot(key);
    if (this.keys[at] !== key) {
      if (2 * (this.used + 1) > this.slots) {
        this.grow();
        at = this.slot(key);
      }
      this.keys[at] = key;
      this.used++;
    }
    this.words[at * this.stride + word] = bits;
    return bits;
  }

  private grow(): void {
    if (this.slots >= SPARSE_LIMIT) {
      this.clear();
      return;
    }
    const { keys, words, slots, stride } = this;
    this.slots = slots * 2;
    this.keys = new Float64Array(this.slots).fill(-1);
    this.words = new Int32Array(this.slots * stride);
    for (let i = 0; i < slots; i++) {
      const key = keys[i] as number;
      if (key === -1) continue;
      const at = this.slot(key);
      this.keys[at] = key;
      this.words.set(words.subarray(i * stride, (i + 1) * stride), at * stride);
    }
  }

  private clear(): void {
    this.keys.fill(-1);
    this.words.fill(0);
    this.used = 0;
  }

  forget(): void {
    this.clear();
    this.computer.clear();
  }
}
