// SPDX-License-Identifier: Apache-2.0

const SIZE = 64;

/** The threads that ended last, with their parents: an event of the parent's clone may still be on its way. */
export class RecentExits {
  private readonly parents = new Int32Array(SIZE);
  private readonly threads = new Int32Array(SIZE);
  private readonly times = new Float64Array(SIZE);
  private next = 0;

  add(parent: number, thread: number, time: number): void {
    this.parents[this.next] = parent;
    this.threads[this.next] = thread;
    this.times[this.next] = time;
    this.next = (this.next + 1) % SIZE;
  }

  /** Whether child `thread` of `parent` ended less than two seconds before `time` (ns). */
  has(parent: number, thread: number, time: number): boolean {
    for (let i = 0; i < SIZE; i++) {
      if (this.threads[i] === thread && this.parents[i] === parent && thread !== 0) {
        if (time - (this.times[i] as number) < 2e9) return true;
      }
    }
    return false;
  }

  clear(): void {
    this.threads.fill(0);
  }
}
