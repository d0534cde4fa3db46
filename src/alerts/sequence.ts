// SPDX-License-Identifier: Apache-2.0

import { batchAfter, batchesBetween } from "../batch/control.js";

/** Output of one attempt at a batch. */
export interface Part {
  readonly batch: number;
  readonly attempt: number;
}

/**
 * Puts the workers' output in batch order. A batch may have been tried more than once; only the attempt that its result
 * names counts, the others' output is dropped: `dropped` is given each such part once.
 */
export class Sequencer<T extends Part> {
  private readonly parts = new Map<number, T[]>();

  /** @param current number of the first batch */
  constructor(
    private readonly dropped: (part: T) => void = () => {},
    private current = 0,
  ) {}

  /** The first batch that was not passed yet. */
  get next(): number {
    return this.current;
  }

  /** Whether output of a batch that was not passed yet is here. */
  get waiting(): boolean {
    return this.parts.size !== 0;
  }

  add(part: T): void {
    if (batchesBetween(this.current, part.batch) < 0) {
      this.dropped(part);
      return;
    }
    const others = this.parts.get(part.batch);
    if (others === undefined) this.parts.set(part.batch, [part]);
    else others.push(part);
  }

  /** The output of attempt `attempt` at the next batch; undefined while it is on its way. Does not pass the batch. */
  peek(attempt: number): T | undefined {
    return this.parts.get(this.current)?.find((part) => part.attempt === attempt);
  }

  /** Goes on to the batch after the next. Of the next, `kept` was used, the rest is dropped. */
  pass(kept?: T): void {
    const parts = this.parts.get(this.current);
    if (parts !== undefined) for (const part of parts) if (part !== kept) this.dropped(part);
    this.parts.delete(this.current);
    this.current = batchAfter(this.current);
  }
}
