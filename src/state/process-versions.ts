// SPDX-License-Identifier: Apache-2.0

import { HEAD_SLOTS, type ProcessBuffers, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { RowPool, RowQueue } from "./row-pool.js";

/*
 * The writing side of process rows. A thread's newest row is `heads[slot]`; a change appends a row in front of it.
 *
 *   heads[slot] ──> row from=90 ──prev──> row from=40 ──prev──> row from=7 ──> 0
 *
 * A row that replaced another is queued once, in order of `from`. When all events before `from` are done, nobody can reach
 * its predecessor any more: that one is freed and prev set to 0. A tombstone that is still the head has no successor to
 * free it: its head is zeroed first, and it is freed when all events up to that moment are done, because a reader may
 * have loaded the head just before.
 */

/** Jump targets as in a skew-binary list: how far back the row at `depth` jumps. */
function jumpSpan(depth: number): number {
  let d = depth;
  for (;;) {
    const full = (1 << (31 - Math.clz32(d + 1))) - 1;
    if (d === full) return full;
    d -= full;
  }
}

export class ProcessVersions {
  readonly words: Int32Array;
  /** Number of the event that is being applied: `from` of every row that it makes. */
  now = 0;
  /** Rows that were changed in place for want of a free one: what events in flight read of them may be too new. */
  exhausted = 0;
  /** Tests: freed rows are overwritten, so that a read of one shows. */
  poison = false;

  private readonly times: Float64Array;
  private readonly heads: Int32Array;
  private readonly slots: Int32Array;
  private readonly pool: RowPool;
  private readonly queue: RowQueue;
  private readonly graves: RowQueue;
  /** Events before this number are done. */
  private settled = 0;

  constructor(
    buffers: ProcessBuffers,
    private readonly released: (slot: number) => void,
  ) {
    this.words = new Int32Array(buffers.rows);
    this.times = new Float64Array(buffers.rows);
    this.heads = new Int32Array(buffers.heads);
    const rows = this.words.length / ROW_WORDS;
    this.slots = new Int32Array(rows);
    this.pool = new RowPool(rows);
    this.queue = new RowQueue(rows);
    this.graves = new RowQueue(rows);
  }

  get available(): number {
    return this.pool.available;
  }

  get used(): number {
    return this.pool.used;
  }

  /**
   * Begins the life of a thread at the current event: a row of zeros but for its tid, in front of what the slot had.
   * @returns the row, 0 where the pool is empty
   */
  create(slot: number): number {
    if (slot <= 0 || slot >= HEAD_SLOTS) return 0;
    const old = this.heads[slot] as number;
    // A tombstone of the same event: the thread was replaced, not gone. It is queued already.
    if (old !== 0 && (this.times[old * 16] as number) === this.now && this.now !== 0) {
      this.words[old * ROW_WORDS + RowWord.TID] = slot;
      return old;
    }
    const row = this.append(slot, old);
    if (row === 0) return 0;
    const base = row * ROW_WORDS;
    this.blank(base);
    this.words[base + RowWord.TID] = slot;
    Atomics.store(this.heads, slot, row);
    return row;
  }

  /**
   * The row to write for a change at the current event: `row` itself where this event made it, else a copy in front of it.
   * Readers of earlier events look at the first six words of such a row only, those of later ones are told of it later.
   */
  change(row: number): number {
    if ((this.times[row * 16] as number) === this.now) return row;
    const slot = this.slots[row] as number;
    const fresh = this.append(slot, row);
    if (fresh === 0) {
      this.exhausted++;
      return row;
    }
    const words = this.words;
    const from = row * ROW_WORDS + RowWord.TID;
    const to = fresh * ROW_WORDS + RowWord.TID;
    for (let i = 0; i < ROW_WORDS - RowWord.TID; i++) words[to + i] = words[from + i] as number;
    Atomics.store(this.heads, slot, fresh);
    return fresh;
  }

  /** Ends the life of a thread at the current event: from here on its slot reads as absent. */
  end(row: number): void {
    const slot = this.slots[row] as number;
    const words = this.words;
    if ((this.times[row * 16] as number) === this.now) {
      const base = row * ROW_WORDS;
      this.blank(base);
      // A row without a predecessor was not queued when it was made.
      if (words[base + RowWord.PREV] === 0) this.queue.push(row, this.now);
      return;
    }
    const fresh = this.append(slot, row);
    if (fresh === 0) {
      this.exhausted++;
      const base = row * ROW_WORDS;
      this.blank(base);
      if (words[base + RowWord.PREV] === 0) this.queue.push(row, this.now);
      return;
    }
    this.blank(fresh * ROW_WORDS);
    Atomics.store(this.heads, slot, fresh);
  }

  /** Frees what only events up to `horizon` could read. */
  settle(horizon: number): void {
    const words = this.words;
    this.settled = horizon + 1;
    for (let row = this.queue.shift(horizon + 1); row !== 0; row = this.queue.shift(horizon + 1)) {
      const base = row * ROW_WORDS;
      const prev = words[base + RowWord.PREV] as number;
      if (prev !== 0) {
        words[base + RowWord.PREV] = 0;
        this.free(prev);
      }
      const slot = this.slots[row] as number;
      if (words[base + RowWord.TID] === 0 && this.heads[slot] === row) {
        Atomics.store(this.heads, slot, 0);
        this.graves.push(row, this.now);
        this.released(slot);
      }
    }
    for (let row = this.graves.shift(horizon); row !== 0; row = this.graves.shift(horizon)) this.free(row);
  }

  /** Makes a row a tombstone. A loop: fill() on so few words costs more in the call than in the work. */
  private blank(base: number): void {
    const words = this.words;
    for (let i = RowWord.TID; i < ROW_WORDS; i++) words[base + i] = 0;
  }

  private free(row: number): void {
    if (this.poison) this.words.fill(0x5a5a5a5a, row * ROW_WORDS, (row + 1) * ROW_WORDS);
    this.pool.give(row);
  }

  /** Takes a row and links it in front of `prev`; the caller fills the rest and stores the head. */
  private append(slot: number, prev: number): number {
    const row = this.pool.take();
    if (row === 0) return 0;
    const words = this.words;
    const times = this.times;
    const base = row * ROW_WORDS;
    times[row * 16] = this.now;
    words[base + RowWord.PREV] = prev;
    this.slots[row] = slot;
    // With jump 0 and jumpFrom 0 nobody ever jumps.
    let depth = 0;
    let jump = 0;
    let jumpFrom = 0;
    if (prev !== 0) {
      const before = prev * ROW_WORDS;
      jump = prev;
      jumpFrom = times[prev * 16] as number;
      // The chain's count starts again where all readers stop: rows behind that may be gone.
      if (jumpFrom > this.settled) {
        depth = (words[before + RowWord.DEPTH] as number) + 1;
        const middleFrom = times[prev * 16 + 2] as number;
        if (jumpSpan(depth) > 1 && middleFrom > this.settled) {
          const middle = words[before + RowWord.JUMP] as number;
          jump = words[middle * ROW_WORDS + RowWord.JUMP] as number;
          jumpFrom = times[middle * 16 + 2] as number;
        }
      } else depth = 1;
      this.queue.push(row, this.now);
    }
    words[base + RowWord.JUMP] = jump;
    times[row * 16 + 2] = jumpFrom;
    words[base + RowWord.DEPTH] = depth;
    return row;
  }
}
