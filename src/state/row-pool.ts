// SPDX-License-Identifier: Apache-2.0

/**
 * Ids 1..capacity-1 of rows in a fixed pool. New ids come from the end only when no freed one is left, and the one freed
 * last goes out first, so that as few pages as possible are ever touched.
 */
export class RowPool {
  private readonly freed: Int32Array;
  private top = 0;
  private next = 1;

  /** @param capacity rows in the pool, row 0 (never handed out) included */
  constructor(readonly capacity: number) {
    this.freed = new Int32Array(capacity);
  }

  /** An id, or 0 when none is left. */
  take(): number {
    if (this.top > 0) return this.freed[--this.top] as number;
    return this.next < this.capacity ? this.next++ : 0;
  }

  give(id: number): void {
    this.freed[this.top++] = id;
  }

  get available(): number {
    return this.top + this.capacity - this.next;
  }

  /** One more than the highest id that was ever handed out. */
  get end(): number {
    return this.next;
  }

  get used(): number {
    return this.next - 1 - this.top;
  }
}

/**
 * A first-in, first-out queue of row ids, each with a number, linked through arrays that are indexed by the id: a row is in
 * at most one queue at a time, and only the entries of rows that were ever used are touched.
 */
export class RowQueue {
  private readonly next: Int32Array;
  private readonly stamps: Float64Array;
  private head = 0;
  private tail = 0;

  constructor(capacity: number) {
    this.next = new Int32Array(capacity);
    this.stamps = new Float64Array(capacity);
  }

  push(id: number, stamp: number): void {
    this.next[id] = 0;
    this.stamps[id] = stamp;
    if (this.tail === 0) this.head = id;
    else this.next[this.tail] = id;
    this.tail = id;
  }

  /** Takes the first id whose stamp is at most `limit`; 0 where the queue is empty or its first stamp is later. */
  shift(limit: number): number {
    const id = this.head;
    if (id === 0 || (this.stamps[id] as number) > limit) return 0;
    this.head = this.next[id] as number;
    if (this.head === 0) this.tail = 0;
    return id;
  }
}
