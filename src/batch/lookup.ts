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
 */

const BUCKETS = 4096;
const ENTRY_WORDS = 16;
export const LOOKUP_VALUES = 10;

export interface LookupBuffers {
  readonly heads: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
}

export function createLookup(entries: number): LookupBuffers {
  return { heads: new SharedArrayBuffer(BUCKETS * 4), entries: new SharedArrayBuffer((entries + 1) * ENTRY_WORDS * 4) };
}

function bucket(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  h ^= h >>> 15;
  return h & (BUCKETS - 1);
}

/** One table; every thread may read it, the ingest thread alone writes. */
export class Lookup {
  readonly words: Int32Array;
  private readonly heads: Int32Array;
  private readonly times: Float64Array;
  private readonly limit: number;

  constructor(buffers: LookupBuffers) {
    this.heads = new Int32Array(buffers.heads);
    this.words = new Int32Array(buffers.entries);
    this.times = new Float64Array(buffers.entries);
    this.limit = this.words.length / ENTRY_WORDS - 1;
  }

  /** Word offset of the value stored for (a, b) at event `s`, 0 where there is none. */
  find(a: number, b: number, s: number): number {
    let entry = Atomics.load(this.heads, bucket(a, b));
    while (entry !== 0) {
      const base = entry * ENTRY_WORDS;
      if (this.words[base + 3] === a && this.words[base + 4] === b && (this.times[entry * 8] as number) <= s) {
        return this.words[base + 5] === 0 ? 0 : base + 6;
      }
      entry = this.words[base + 2] as number;
    }
    return 0;
  }

  /**
   * Stores a value (up to ten words; null removes) that events from number `s` on see.
   * @returns false when the table is full: the caller counts it.
   */
  put(a: number, b: number, s: number, value: readonly number[] | null): boolean {
    const entry = (this.words[0] as number) + 1;
    if (entry > this.limit) return false;
    const at = bucket(a, b);
    const base = entry * ENTRY_WORDS;
    this.times[entry * 8] = s;
    this.words[base + 2] = this.heads[at] as number;
    this.words[base + 3] = a;
    this.words[base + 4] = b;
    this.words[base + 5] = value === null ? 0 : 1;
    if (value !== null) for (let i = 0; i < LOOKUP_VALUES; i++) this.words[base + 6 + i] = value[i] ?? 0;
    this.words[0] = entry;
    Atomics.store(this.heads, at, entry);
    return true;
  }

  /** Entries in use, and where entry `i` (from 1) starts: for marking the ids that the table holds. */
  get count(): number {
    return this.words[0] as number;
  }

  static valueOf(entry: number): number {
    return entry * ENTRY_WORDS + 6;
  }

  /** Forgets everything; only while no batch is in flight. */
  clear(): void {
    this.words[0] = 0;
    this.heads.fill(0);
  }
}

/** Value words of a user: key (container, uid). All but GID are dictionary ids. */
export const UserWord = { NAME: 0, HOME: 1, SHELL: 2, GID: 3 } as const;
/** Value words of a group: key (container, gid). */
export const GroupWord = { NAME: 0 } as const;
/** Value words of a container: key (container, 0). JSON: dictionary id of the metadata as the event carried it. */
export const ContainerWord = { JSON: 0 } as const;
