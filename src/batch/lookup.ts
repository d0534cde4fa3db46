// SPDX-License-Identifier: Apache-2.0

/*
 * Lookups: small versioned tables for what changes rarely and is asked by key: users, groups and containers. An entry is
 * never changed; a new value for a key is a new entry in front of the old one, valid from an event's number, and removal
 * is an entry without a value.
 *
 *   heads    Int32[4,096]   hash -> newest entry, written with Atomics.store, read with Atomics.load
 *   entries  16 words: w0-1 from (Float64)  w2 next in the chain  w3 first key  w4 second key  w5 present  w6-15 value
 *
 * Word 0 of the entry area's first entry counts the entries. Entry 0 ends every chain.
 *
 * While no batch is in flight nobody can ask for an older value again: then the table is compacted to the newest entry of
 * each key that is there. That is due when it is three quarters full or a chain has become long.
 */

export const LOOKUP_BUCKETS = 4096;
export const LOOKUP_ENTRY_WORDS = 16;
export const LOOKUP_VALUES = 10;

export const LookupWord = { FROM: 0, NEXT: 2, FIRST_KEY: 3, SECOND_KEY: 4, PRESENT: 5, VALUE: 6 } as const;

export interface LookupBuffers {
  readonly heads: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
}

export function createLookup(entries: number): LookupBuffers {
  return {
    heads: new SharedArrayBuffer(LOOKUP_BUCKETS * 4),
    entries: new SharedArrayBuffer((entries + 1) * LOOKUP_ENTRY_WORDS * 4),
  };
}

/** Where a key's chain hangs; native/state/lookup.h has the same. */
export function lookupBucket(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  h ^= h >>> 15;
  return h & (LOOKUP_BUCKETS - 1);
}

/** One table as every thread reads it; the state stage alone writes (native/state/lookup.h). */
export class Lookup {
  readonly words: Int32Array;
  private readonly heads: Int32Array;
  private readonly times: Float64Array;

  constructor(buffers: LookupBuffers) {
    this.heads = new Int32Array(buffers.heads);
    this.words = new Int32Array(buffers.entries);
    this.times = new Float64Array(buffers.entries);
  }

  /** Word offset of the value stored for (a, b) at event `s`, 0 where there is none. */
  find(a: number, b: number, s: number): number {
    let entry = Atomics.load(this.heads, lookupBucket(a, b));
    while (entry !== 0) {
      const base = entry * LOOKUP_ENTRY_WORDS;
      const { words } = this;
      if (
        words[base + LookupWord.FIRST_KEY] === a &&
        words[base + LookupWord.SECOND_KEY] === b &&
        (this.times[base >> 1] as number) <= s
      ) {
        return words[base + LookupWord.PRESENT] === 0 ? 0 : base + LookupWord.VALUE;
      }
      entry = words[base + LookupWord.NEXT] as number;
    }
    return 0;
  }

  /** Entries there are, old values and removals among them: they are numbered from 1. */
  get count(): number {
    return this.words[0] as number;
  }

  /** Word offset of an entry's value, as `find` gives it. */
  static valueOf(entry: number): number {
    return entry * LOOKUP_ENTRY_WORDS + LookupWord.VALUE;
  }

  /** First key of an entry. */
  keyOf(entry: number): number {
    return this.words[entry * LOOKUP_ENTRY_WORDS + LookupWord.FIRST_KEY] as number;
  }
}

/** Value words of a user: key (container, uid). All but GID are dictionary ids. */
export const UserWord = { NAME: 0, HOME: 1, SHELL: 2, GID: 3 } as const;
/** Value words of a group: key (container, gid). */
export const GroupWord = { NAME: 0 } as const;
/** Value words of a container: key (container, 0). JSON: dictionary id of the metadata as the event carried it. */
export const ContainerWord = { JSON: 0 } as const;
