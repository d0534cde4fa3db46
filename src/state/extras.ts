// SPDX-License-Identifier: Apache-2.0

import { EXTRA_WORDS, type ProcessBuffers } from "../batch/process-rows.js";
import { RowPool, RowQueue } from "./row-pool.js";

/** The writing side of extra rows: one holder each (the thread), copied when changed, freed by the horizon like all rows. */
export class Extras {
  readonly words: Int32Array;
  /** Changes that found no free row. */
  exhausted = 0;
  poison = false;

  private readonly births: Float64Array;
  private readonly pool: RowPool;
  private readonly retired: RowQueue;

  constructor(buffers: ProcessBuffers) {
    this.words = new Int32Array(buffers.extras);
    const rows = this.words.length / EXTRA_WORDS;
    this.births = new Float64Array(rows);
    this.pool = new RowPool(rows);
    this.retired = new RowQueue(rows);
  }

  get available(): number {
    return this.pool.available;
  }

  /** A row for one thread, a copy of `of` (0: zeros), made at event `now`; 0 where none is left. */
  make(of: number, now: number): number {
    const row = this.pool.take();
    if (row === 0) {
      this.exhausted++;
      return 0;
    }
    const words = this.words;
    const to = row * EXTRA_WORDS;
    const from = of * EXTRA_WORDS;
    for (let i = 0; i < EXTRA_WORDS; i++) words[to + i] = words[from + i] as number;
    this.births[row] = now;
    return row;
  }

  /** The row to write for a change of `row` at event `now`: itself where this event made it, else a copy; `row` is then retired. */
  change(row: number, now: number): number {
    if (row !== 0 && this.births[row] === now) return row;
    const fresh = this.make(row, now);
    if (fresh === 0) return row;
    this.release(row, now);
    return fresh;
  }

  /** The thread lets go of its row at event `now`. */
  release(row: number, now: number): void {
    if (row !== 0) this.retired.push(row, now);
  }

  settle(horizon: number): void {
    for (let row = this.retired.shift(horizon); row !== 0; row = this.retired.shift(horizon)) {
      if (this.poison) this.words.fill(0x5a5a5a5a, row * EXTRA_WORDS, (row + 1) * EXTRA_WORDS);
      this.pool.give(row);
    }
  }
}
