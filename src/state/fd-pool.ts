// SPDX-License-Identifier: Apache-2.0

import { FD_ROW_WORDS, type FdBuffers, FdWord } from "../batch/fd-rows.js";
import { RowPool, RowQueue } from "./row-pool.js";

/**
 * The writing side of fd rows. A row is shared by every fd number that stands for the same unchanged file (dup, fork), and
 * counted; when the last one lets go, the row is freed once no event that was there at that moment is in flight.
 */
export class FdPool {
  readonly words: Int32Array;
  /** Tests: freed rows are overwritten. */
  poison = false;

  private readonly counts: Int32Array;
  private readonly pool: RowPool;
  private readonly retired: RowQueue;

  constructor(buffers: FdBuffers) {
    this.words = new Int32Array(buffers.rows);
    const rows = this.words.length / FD_ROW_WORDS;
    this.counts = new Int32Array(rows);
    this.pool = new RowPool(rows);
    this.retired = new RowQueue(rows);
  }

  get available(): number {
    return this.pool.available;
  }

  get used(): number {
    return this.pool.used;
  }

  /** A row of zeros of the given kind, not yet held by anyone; 0 where the pool is empty. */
  make(kind: number, openFlags: number, name: number): number {
    const row = this.pool.take();
    if (row === 0) return 0;
    const words = this.words;
    const base = row * FD_ROW_WORDS;
    for (let i = 0; i < FD_ROW_WORDS; i++) words[base + i] = 0;
    words[base + FdWord.KIND] = kind;
    words[base + FdWord.OPEN_FLAGS] = openFlags;
    words[base + FdWord.NAME] = name;
    this.counts[row] = 0;
    return row;
  }

  /** A copy of a row, to be changed before it is shown to anyone; 0 where the pool is empty. */
  copy(of: number): number {
    const row = this.pool.take();
    if (row === 0) return 0;
    const words = this.words;
    const from = of * FD_ROW_WORDS;
    const to = row * FD_ROW_WORDS;
    for (let i = 0; i < FD_ROW_WORDS; i++) words[to + i] = words[from + i] as number;
    this.counts[row] = 0;
    return row;
  }

  hold(row: number): void {
    this.counts[row] = (this.counts[row] as number) + 1;
  }

  /** One holder less, at event `now`. */
  release(row: number, now: number): void {
    const left = (this.counts[row] as number) - 1;
    this.counts[row] = left;
    if (left === 0) this.retired.push(row, now);
  }

  /** Gives back a row that found no holder. */
  discard(row: number): void {
    if (row !== 0 && this.counts[row] === 0) this.pool.give(row);
  }

  /** Frees the rows that only events up to `horizon` could name. */
  settle(horizon: number): void {
    for (let row = this.retired.shift(horizon); row !== 0; row = this.retired.shift(horizon)) {
      if (this.poison) this.words.fill(0x5a5a5a5a, row * FD_ROW_WORDS, (row + 1) * FD_ROW_WORDS);
      this.pool.give(row);
    }
  }
}
