// SPDX-License-Identifier: Apache-2.0

const SIZE = 64;
const MARKS = 1024;

/** The threads that ended last, with their parents: an event of the parent's clone may still be on its way. */
export class RecentExits {
  private readonly parents = new Int32Array(SIZE);
  private readonly threads = new Int32Array(SIZE);
  private readonly times = new Float64Array(SIZE);
  /** How many of them have a tid with these low bits: mostly none, and then there is nothing to look for. */
  private readonly marks = new Uint8Array(MARKS);
  private next = 0;

  add(parent: number, thread: number, time: number): void {
    const evicted = this.threads[this.next] as number;
    if (evicted !== 0) this.mark(evicted, -1);
    this.mark(thread, 1);
    this.parents[this.next] = parent;
    this.threads[this.next] = thread;
    this.times[this.next] = time;
    this.next = (this.next + 1) % SIZE;
  }

  /** Whether child `thread` of `parent` ended less than two seconds before `time` (ns). */
  has(parent: number, thread: number, time: number): boolean {
    if (this.marks[thread & (MARKS - 1)] === 0) return false;
    for (let i = 0; i < SIZE; i++) {
      if (this.threads[i] === thread && this.parents[i] === parent && thread !== 0) {
        if (time - (this.times[i] as number) < 2e9) return true;
      }
    }
    return false;
  }

  private mark(thread: number, change: number): void {
    const at = thread & (MARKS - 1);
    this.marks[at] = (this.marks[at] as number) + change;
  }

  clear(): void {
    this.threads.fill(0);
    this.marks.fill(0);
  }
}
