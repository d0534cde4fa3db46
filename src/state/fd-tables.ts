// SPDX-License-Identifier: Apache-2.0

import type { FdPool } from "./fd-pool.js";

/*
 * Which fd number of which process has which row. A table is a vector indexed by the fd number; entries are
 * row * 2 + (close on exec). Fork shares the vector and the first one to change it makes a copy, so fork and exec
 * rarely copy. Numbers beyond the vector's reach are kept in a map: they are rare, and must not cost memory.
 */

/** fds a process may have; more are refused and counted. */
export const FD_LIMIT = 4096;
const DIRECT = 8192;
const SMALLEST = 64;

class FdVector {
  entries: Int32Array;
  far: Map<number, number> | null = null;
  /** Open fds, and processes that share the vector. */
  count = 0;
  sharers = 1;

  constructor(size: number) {
    this.entries = new Int32Array(size);
  }
}

/** A table that a walk was asked for: fd number and row of each entry. */
export type FdVisitor = (fd: number, row: number) => void;

export class FdTables {
  /** fds that found no place: too many in one process, or no free row. */
  refused = 0;
  /** Open fds in all tables, shared ones once. */
  count = 0;
  /** Number of the event that is being applied. */
  now = 0;

  private readonly vectors: (FdVector | null)[] = [null];
  private readonly spare: FdVector[] = [];

  constructor(private readonly pool: FdPool) {}

  /** The row of an fd of process `t`; 0 where there is none. */
  get(t: number, fd: number): number {
    return this.entry(t, fd) >>> 1;
  }

  private entry(t: number, fd: number): number {
    const vector = this.vectors[t];
    if (vector === null || vector === undefined || fd < 0) return 0;
    if (fd < vector.entries.length) return vector.entries[fd] as number;
    return vector.far === null ? 0 : (vector.far.get(fd) ?? 0);
  }

  /**
   * Sets an fd, letting go of what it was.
   * @returns false where there is no room; the row is then given back if nobody holds it
   */
  set(t: number, fd: number, row: number, closeOnExec: boolean): boolean {
    if (row === 0) {
      this.refused++;
      return false;
    }
    if (t === 0 || fd < 0) {
      this.pool.discard(row);
      return false;
    }
    const vector = this.own(t);
    const old = this.entry(t, fd);
    if (old === 0 && vector.count >= FD_LIMIT) {
      this.refused++;
      this.pool.discard(row);
      return false;
    }
    this.pool.hold(row);
    const entry = row * 2 + (closeOnExec ? 1 : 0);
    if (fd >= vector.entries.length && fd < DIRECT) this.grow(vector, fd);
    if (fd < vector.entries.length) vector.entries[fd] = entry;
    else {
      if (vector.far === null) vector.far = new Map();
      vector.far.set(fd, entry);
    }
    if (old !== 0) this.pool.release(old >>> 1, this.now);
    else {
      vector.count++;
      this.count++;
    }
    return true;
  }

  closesOnExec(t: number, fd: number): boolean {
    return (this.entry(t, fd) & 1) === 1;
  }

  setCloseOnExec(t: number, fd: number, on: boolean): void {
    const old = this.entry(t, fd);
    if (old === 0 || (old & 1) === (on ? 1 : 0)) return;
    const vector = this.own(t);
    if (fd < vector.entries.length) vector.entries[fd] = old ^ 1;
    else vector.far?.set(fd, old ^ 1);
  }

  remove(t: number, fd: number): void {
    if (this.entry(t, fd) === 0) return;
    this.drop(this.own(t), fd);
  }

  /** Removes the fds from `first` to `last`. */
  removeRange(t: number, first: number, last: number): void {
    this.each(t, (fd) => {
      if (fd >= first && fd <= last) this.remove(t, fd);
    });
  }

  /** What exec does to the table. */
  removeCloseOnExec(t: number): void {
    const vector = this.vectors[t];
    if (vector === null || vector === undefined) return;
    const entries = vector.entries;
    for (let fd = 0; fd < entries.length; fd++) {
      // The vector may have been copied by the first removal.
      if (((entries[fd] as number) & 1) === 1) this.remove(t, fd);
    }
    if (vector.far !== null) for (const [fd, entry] of [...vector.far]) if ((entry & 1) === 1) this.remove(t, fd);
  }

  /** Gives `child` the table that `parent` has at this moment. */
  share(parent: number, child: number): void {
    this.clear(child);
    const vector = this.vectors[parent];
    if (vector === null || vector === undefined) return;
    vector.sharers++;
    this.vectors[child] = vector;
  }

  /** The process is gone, or its table is begun afresh. */
  clear(t: number): void {
    const vector = this.vectors[t];
    if (vector === null || vector === undefined) return;
    this.vectors[t] = null;
    if (--vector.sharers > 0) return;
    const entries = vector.entries;
    for (let fd = 0; fd < entries.length; fd++) if (entries[fd] !== 0) this.drop(vector, fd);
    if (vector.far !== null) for (const fd of [...vector.far.keys()]) this.drop(vector, fd);
    vector.far = null;
    if (entries.length === SMALLEST && this.spare.length < 256) this.spare.push(vector);
  }

  /** Calls `visit` for each fd of `t`; it may remove the fd that it was called with. */
  each(t: number, visit: FdVisitor): void {
    const vector = this.vectors[t];
    if (vector === null || vector === undefined) return;
    const entries = vector.entries;
    for (let fd = 0; fd < entries.length; fd++) {
      const entry = entries[fd] as number;
      if (entry !== 0) visit(fd, entry >>> 1);
    }
    if (vector.far !== null) for (const [fd, entry] of [...vector.far]) visit(fd, entry >>> 1);
  }

  private drop(vector: FdVector, fd: number): void {
    let old = 0;
    if (fd < vector.entries.length) {
      old = vector.entries[fd] as number;
      vector.entries[fd] = 0;
    } else if (vector.far !== null) {
      old = vector.far.get(fd) ?? 0;
      vector.far.delete(fd);
    }
    if (old === 0) return;
    vector.count--;
    this.count--;
    this.pool.release(old >>> 1, this.now);
  }

  /** The vector of `t` for writing: its own, not shared with anyone. */
  private own(t: number): FdVector {
    const vector = this.vectors[t];
    if (vector === null || vector === undefined) {
      while (this.vectors.length <= t) this.vectors.push(null);
      const fresh = this.spare.pop() ?? new FdVector(SMALLEST);
      fresh.sharers = 1;
      this.vectors[t] = fresh;
      return fresh;
    }
    if (vector.sharers === 1) return vector;
    vector.sharers--;
    const size = vector.entries.length;
    const mine = (size === SMALLEST ? this.spare.pop() : undefined) ?? new FdVector(size);
    mine.sharers = 1;
    mine.count = vector.count;
    this.count += vector.count;
    const from = vector.entries;
    const to = mine.entries;
    for (let fd = 0; fd < size; fd++) {
      const entry = from[fd] as number;
      to[fd] = entry;
      if (entry !== 0) this.pool.hold(entry >>> 1);
    }
    if (vector.far !== null) {
      mine.far = new Map(vector.far);
      for (const entry of mine.far.values()) this.pool.hold(entry >>> 1);
    }
    this.vectors[t] = mine;
    return mine;
  }

  private grow(vector: FdVector, fd: number): void {
    let size = vector.entries.length;
    while (size <= fd) size *= 2;
    const entries = new Int32Array(size);
    entries.set(vector.entries);
    vector.entries = entries;
  }
}
