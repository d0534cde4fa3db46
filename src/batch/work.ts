// SPDX-License-Identifier: Apache-2.0

/*
 * What the workers of a run sleep on, whichever source their next batch comes from: one SharedArrayBuffer of Int32.
 *
 *   w0 WORK      futex word: a batch of some source is READY, or one of them has changed in a way that ends the waiting
 *   w1 WORKERS   workers of the run
 *
 * WORK counts. A worker loads it, looks for a batch in every source's control block, and sleeps only while it still has that
 * value; whoever makes work bumps it after the work is visible. So no wake-up is lost.
 */

const WORK = 0;
const WORKERS = 1;

export type WorkBuffer = SharedArrayBuffer;

export function createWork(workers: number): WorkBuffer {
  const buffer = new SharedArrayBuffer(64);
  new Int32Array(buffer)[WORKERS] = workers;
  return buffer;
}

/** One thread's view of it. */
export class Work {
  private readonly words: Int32Array;

  constructor(buffer: WorkBuffer) {
    this.words = new Int32Array(buffer);
  }

  /** Workers of the run. */
  get workers(): number {
    return Atomics.load(this.words, WORKERS);
  }

  load(): number {
    return Atomics.load(this.words, WORK);
  }

  /**
   * Sleeps while WORK is `seen`, at most `ms`. Not for the main thread.
   * @returns whether the time ran out
   */
  wait(seen: number, ms = Number.POSITIVE_INFINITY): boolean {
    return Atomics.wait(this.words, WORK, seen, ms) === "timed-out";
  }

  /** There may be work: wakes `sleepers` of the workers. */
  bump(sleepers = Number.POSITIVE_INFINITY): void {
    Atomics.add(this.words, WORK, 1);
    Atomics.notify(this.words, WORK, sleepers);
  }
}
