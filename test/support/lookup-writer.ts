// SPDX-License-Identifier: Apache-2.0

import { LOOKUP_ENTRY_WORDS, type LookupBuffers, LookupWord, lookupBucket } from "../../src/batch/lookup.js";

/** Puts entries into a look-up table by hand. */
export class LookupWriter {
  private readonly heads: Int32Array;
  private readonly words: Int32Array;
  private readonly times: Float64Array;

  constructor(buffers: LookupBuffers) {
    this.heads = new Int32Array(buffers.heads);
    this.words = new Int32Array(buffers.entries);
    this.times = new Float64Array(buffers.entries);
  }

  /** Stores a value for (a, b) that events from number `s` on see. */
  put(a: number, b: number, s: number, value: readonly number[]): void {
    const entry = (this.words[0] as number) + 1;
    const base = entry * LOOKUP_ENTRY_WORDS;
    const at = lookupBucket(a, b);
    this.words[0] = entry;
    this.times[base / 2] = s;
    this.words[base + LookupWord.NEXT] = this.heads[at] as number;
    this.words[base + LookupWord.FIRST_KEY] = a;
    this.words[base + LookupWord.SECOND_KEY] = b;
    this.words[base + LookupWord.PRESENT] = 1;
    this.words.set(value, base + LookupWord.VALUE);
    this.heads[at] = entry;
  }
}
