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

const BUCKETS = 4096;
const ENTRY_WORDS = 16;
/** Entries that a chain may have before compacting is tried, if it was not that long after the last time. */
const CHAIN_LIMIT = 64;
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
  /** Entries that new values may use; the rest is for removals, so that a table that is full can become emptier. */
  private readonly valueLimit: number;
  /** The writer's: entries after the last compaction, entries at which the next is due, and whether one is for another reason. */
  private compacted = 0;
  private due: number;
  private wanting = false;
  /** The writer's: entries in each chain, and how long each may become. */
  private readonly lengths = new Uint16Array(BUCKETS);
  private readonly lengthLimits = new Uint16Array(BUCKETS).fill(CHAIN_LIMIT);

  constructor(buffers: LookupBuffers) {
    this.heads = new Int32Array(buffers.heads);
    this.words = new Int32Array(buffers.entries);
    this.times = new Float64Array(buffers.entries);
    this.limit = this.words.length / ENTRY_WORDS - 1;
    this.valueLimit = this.limit - (this.limit >> 4);
    this.due = this.limit - (this.limit >> 2);
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
    if (entry > (value === null ? this.limit : this.valueLimit)) {
      this.wanting = true;
      return false;
    }
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
    const length = (this.lengths[at] as number) + 1;
    this.lengths[at] = length;
    if (length > (this.lengthLimits[at] as number)) this.wanting = true;
    return true;
  }

  /** Entries in use, and where entry `i` (from 1) starts: for marking the ids that the table holds. */
  get count(): number {
    return this.words[0] as number;
  }

  static valueOf(entry: number): number {
    return entry * ENTRY_WORDS + 6;
  }

  /** First key of entry `entry`. */
  keyOf(entry: number): number {
    return this.words[entry * ENTRY_WORDS + 3] as number;
  }

  /** Whether the writer should have no batch in flight soon, and compact. Not where nothing was stored since. */
  get tight(): boolean {
    return this.count > this.compacted && (this.wanting || this.count >= this.due);
  }

  /** Keeps the newest value of each key, valid from event 0 on, and no removals; only while no batch is in flight. */
  compact(): void {
    if (this.count === this.compacted) return;
    const { words } = this;
    const seen = new Set<string>();
    const kept: number[] = [];
    for (let entry = this.count; entry > 0; entry--) {
      const base = entry * ENTRY_WORDS;
      const key = `${words[base + 3]} ${words[base + 4]}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (words[base + 5] === 1) kept.push(entry);
    }
    this.empty();
    // From the oldest: an entry moves down or stays, and never over one that has not moved yet.
    for (const from of kept.reverse()) this.keep(from);
    this.compacted = this.count;
    this.due = Math.max(this.limit - (this.limit >> 2), this.compacted + (this.limit >> 5));
    // A chain of many keys stays long: it is looked at again when it has doubled.
    for (let at = 0; at < BUCKETS; at++)
      this.lengthLimits[at] = Math.max(CHAIN_LIMIT, 2 * (this.lengths[at] as number));
  }

  private keep(from: number): void {
    const { words } = this;
    const entry = this.count + 1;
    const base = entry * ENTRY_WORDS;
    words.copyWithin(base, from * ENTRY_WORDS, (from + 1) * ENTRY_WORDS);
    const at = bucket(words[base + 3] as number, words[base + 4] as number);
    this.times[entry * 8] = 0;
    words[base + 2] = this.heads[at] as number;
    words[0] = entry;
    Atomics.store(this.heads, at, entry);
    this.lengths[at] = (this.lengths[at] as number) + 1;
  }

  private empty(): void {
    this.words[0] = 0;
    this.heads.fill(0);
    this.lengths.fill(0);
    this.wanting = false;
  }

  /** Forgets everything; only while no batch is in flight. */
  clear(): void {
    this.empty();
    this.compacted = 0;
    this.due = this.limit - (this.limit >> 2);
    this.lengthLimits.fill(CHAIN_LIMIT);
  }
}

/** Value words of a user: key (container, uid). All but GID are dictionary ids. */
export const UserWord = { NAME: 0, HOME: 1, SHELL: 2, GID: 3 } as const;
/** Value words of a group: key (container, gid). */
export const GroupWord = { NAME: 0 } as const;
/** Value words of a container: key (container, 0). JSON: dictionary id of the metadata as the event carried it. */
export const ContainerWord = { JSON: 0 } as const;
