// SPDX-License-Identifier: Apache-2.0

import { HEAD_SLOTS, type ProcessBuffers, ROW_WORDS, RowWord, TID_LIMIT } from "../batch/process-rows.js";
import { ProcessVersions } from "./process-versions.js";
import { RowPool } from "./row-pool.js";

/*
 * What ingest alone knows of threads: who is whose child, who is in which group, who is dead. Threads are numbered
 * densely (`t`, 1 and up); `slot` is where a thread's newest row hangs: its tid, or for tids beyond TID_LIMIT a number that
 * this table hands out. Rows carry slots wherever they carry a tid, pid or parent, so that looking one up always works;
 * the true number of such a tid is in the events of that thread.
 */

/** Words of a thread's private record. */
export const Thread = {
  ROW: 0,
  SLOT: 1,
  PID: 2,
  PTID: 3,
  /** ThreadState bits. */
  STATE: 4,
  PARENT: 5,
  FIRST_CHILD: 6,
  NEXT_CHILD: 7,
  PREV_CHILD: 8,
  CHILDREN: 9,
  GROUP: 10,
  NEXT_MEMBER: 11,
  PREV_MEMBER: 12,
  FLAGS: 13,
  REAPER: 14,
  /** The last enter event: its type, name, directory or socket fd, flags, address. */
  ENTER_TYPE: 16,
  ENTER_NAME: 17,
  ENTER_FD: 18,
  ENTER_FLAGS: 19,
  SHIFT: 5,
} as const;

export const ThreadState = { DEAD: 1 } as const;

const Group = { PID: 0, ALIVE: 1, REAPER: 2, FIRST: 3, LAST: 4, SHIFT: 3 } as const;

/** Bits of a thread's flags (the clone flags of events, and some of our own in the same word). */
export const ThreadFlag = {
  FILES: 1 << 0,
  NEWPID: 1 << 6,
  PARENT: 1 << 8,
  THREAD: 1 << 13,
  INVERTED: 1 << 16,
  NAME_CHANGED: 1 << 17,
  NEWUSER: 1 << 20,
  PIPE_SRC: 1 << 21,
  PIPE_DST: 1 << 22,
  VFORK: 1 << 27,
  CHILD_IN_PIDNS: 1 << 29,
  MAIN_THREAD: 1 << 30,
} as const;

/** The most threads that are kept, as in other engines. */
export const THREAD_LIMIT = 262_144;

export class Threads {
  readonly versions: ProcessVersions;
  readonly words: Int32Array;
  /** Threads in the table, and those refused for want of room. */
  count = 0;
  refused = 0;
  /** The most children that one thread has had: that many rows its end can take. */
  largestFamily = 0;

  private readonly index: Int32Array;
  private readonly groupIndex: Int32Array;
  private readonly groups: Int32Array;
  private readonly pool: RowPool;
  private readonly groupPool: RowPool;
  private readonly farSlots = new Map<number, number>();
  private readonly farTids = new Map<number, number>();
  private readonly farFree: number[] = [];
  private farNext = TID_LIMIT;

  constructor(
    buffers: ProcessBuffers,
    private readonly erased: (t: number) => void,
  ) {
    this.versions = new ProcessVersions(buffers, (slot) => this.releaseFar(slot));
    const capacity = Math.min(THREAD_LIMIT, buffers.rows.byteLength / (ROW_WORDS * 4)) + 1;
    this.words = new Int32Array(capacity << Thread.SHIFT);
    this.index = new Int32Array(HEAD_SLOTS);
    this.groupIndex = new Int32Array(HEAD_SLOTS);
    this.groups = new Int32Array(capacity << Group.SHIFT);
    this.pool = new RowPool(capacity);
    this.groupPool = new RowPool(capacity);
  }

  /** Highest thread number plus one: for walking all of them. */
  get end(): number {
    return this.pool.end;
  }

  /** The slot of a tid given as two words; -1 for a negative one, 0 for none (tid 0, or a large one that is not known). */
  slot(low: number, high: number): number {
    if (high === 0 && low >= 0 && low < TID_LIMIT) return low;
    return high < 0 ? -1 : (this.farSlots.get(high * 4_294_967_296 + (low >>> 0)) ?? 0);
  }

  /** The same, making room for a large tid that is not known yet. */
  slotFor(low: number, high: number): number {
    const slot = this.slot(low, high);
    if (slot !== 0 || (low === 0 && high === 0)) return slot;
    const fresh = this.farFree.pop() ?? (this.farNext < HEAD_SLOTS ? this.farNext++ : 0);
    if (fresh === 0) return 0;
    const tid = high * 4_294_967_296 + (low >>> 0);
    this.farSlots.set(tid, fresh);
    this.farTids.set(fresh, tid);
    return fresh;
  }

  private releaseFar(slot: number): void {
    if (slot < TID_LIMIT || this.index[slot] !== 0) return;
    const tid = this.farTids.get(slot);
    if (tid === undefined) return;
    this.farTids.delete(slot);
    this.farSlots.delete(tid);
    this.farFree.push(slot);
  }

  /** The thread in a slot; 0 where there is none. */
  find(slot: number): number {
    return slot > 0 && slot < HEAD_SLOTS ? (this.index[slot] as number) : 0;
  }

  /** A new thread in a free slot, valid from the current event; 0 where there is no room for it. */
  create(slot: number): number {
    const row = this.reserve() ? this.versions.create(slot) : 0;
    const t = row === 0 ? 0 : this.pool.take();
    if (t === 0) {
      this.refused++;
      if (row !== 0) this.versions.end(row);
      return 0;
    }
    const base = t << Thread.SHIFT;
    for (let i = 0; i < 1 << Thread.SHIFT; i++) this.words[base + i] = 0;
    this.words[base + Thread.ROW] = row;
    this.words[base + Thread.SLOT] = slot;
    this.index[slot] = t;
    this.count++;
    return t;
  }

  /** New threads leave rows for changes of those that are there. */
  private reserve(): boolean {
    return this.versions.available > this.largestFamily + 16 && this.pool.available > 0;
  }

  /** Word offset, in the rows, of the row to write for a change of `t` at the current event. */
  writable(t: number): number {
    const base = t << Thread.SHIFT;
    const row = this.versions.change(this.words[base + Thread.ROW] as number);
    this.words[base + Thread.ROW] = row;
    return row * ROW_WORDS;
  }

  /** Word offset of the newest row of `t`, for reading. */
  row(t: number): number {
    return (this.words[(t << Thread.SHIFT) + Thread.ROW] as number) * ROW_WORDS;
  }

  get(t: number, word: number): number {
    return this.versions.words[this.row(t) + word] as number;
  }

  /** Sets one word of a thread's row, as a new version if that changes anything. */
  set(t: number, word: number, value: number): void {
    if (this.versions.words[this.row(t) + word] === value) return;
    this.versions.words[this.writable(t) + word] = value;
  }

  /** The leader of a thread's group; 0 where it is not known. */
  leader(t: number): number {
    const base = t << Thread.SHIFT;
    const pid = this.words[base + Thread.PID] as number;
    return pid === this.words[base + Thread.SLOT] ? t : this.find(pid);
  }

  /** Numbers a thread: its group and its parent. They must be in `link` or free of relations. */
  setIds(t: number, pid: number, ptid: number): void {
    const base = t << Thread.SHIFT;
    this.words[base + Thread.PID] = pid;
    this.words[base + Thread.PTID] = ptid;
    const row = this.writable(t);
    this.versions.words[row + RowWord.PID] = pid;
    this.versions.words[row + RowWord.PTID] = ptid;
  }

  setFlags(t: number, flags: number): void {
    this.words[(t << Thread.SHIFT) + Thread.FLAGS] = flags;
    this.set(t, RowWord.FLAGS, flags);
  }

  flags(t: number): number {
    return this.words[(t << Thread.SHIFT) + Thread.FLAGS] as number;
  }

  /** A thread of which only the tid is known, or whose ids are not all valid. */
  invalid(t: number): boolean {
    const base = t << Thread.SHIFT;
    return (this.words[base + Thread.PID] as number) < 0 || (this.words[base + Thread.PTID] as number) < 0;
  }

  dead(t: number): boolean {
    return ((this.words[(t << Thread.SHIFT) + Thread.STATE] as number) & ThreadState.DEAD) !== 0;
  }

  tid(t: number): number {
    return this.words[(t << Thread.SHIFT) + Thread.SLOT] as number;
  }

  pid(t: number): number {
    return this.words[(t << Thread.SHIFT) + Thread.PID] as number;
  }

  ptid(t: number): number {
    return this.words[(t << Thread.SHIFT) + Thread.PTID] as number;
  }

  inPidNamespace(t: number): boolean {
    const vtid = this.get(t, RowWord.VTID);
    return (this.flags(t) & ThreadFlag.CHILD_IN_PIDNS) !== 0 || (vtid >= 0 && vtid !== this.get(t, RowWord.TID));
  }

  /** Enters a valid thread into its group and its parent's children; a parent that is not there becomes 0. */
  link(t: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    if (this.invalid(t) || words[base + Thread.GROUP] !== 0) return;
    const pid = words[base + Thread.PID] as number;
    this.join(t, pid, pid === 1 || this.get(t, RowWord.VPID) === 1);
    if (pid === 1) return;
    const parent = this.find(words[base + Thread.PTID] as number);
    if (parent === 0 || parent === t || this.invalid(parent)) this.setParentTid(t, 0);
    else this.adopt(parent, t);
  }

  private join(t: number, pid: number, reaper: boolean): void {
    if (pid <= 0 || pid >= HEAD_SLOTS) return;
    const words = this.words;
    const base = t << Thread.SHIFT;
    let g = this.groupIndex[pid] as number;
    if (g === 0) {
      g = this.groupPool.take();
      if (g === 0) return;
      for (let i = 0; i < 1 << Group.SHIFT; i++) this.groups[(g << Group.SHIFT) + i] = 0;
      this.groups[(g << Group.SHIFT) + Group.PID] = pid;
      this.groups[(g << Group.SHIFT) + Group.REAPER] = reaper ? 1 : 0;
      this.groupIndex[pid] = g;
    }
    const group = g << Group.SHIFT;
    const first = this.groups[group + Group.FIRST] as number;
    const last = this.groups[group + Group.LAST] as number;
    words[base + Thread.GROUP] = g;
    this.groups[group + Group.ALIVE] = (this.groups[group + Group.ALIVE] as number) + 1;
    // The leader is first, the others follow in order of arrival.
    if (first === 0) {
      this.groups[group + Group.FIRST] = t;
      this.groups[group + Group.LAST] = t;
    } else if (pid === words[base + Thread.SLOT]) {
      words[base + Thread.NEXT_MEMBER] = first;
      words[(first << Thread.SHIFT) + Thread.PREV_MEMBER] = t;
      this.groups[group + Group.FIRST] = t;
    } else {
      words[base + Thread.PREV_MEMBER] = last;
      words[(last << Thread.SHIFT) + Thread.NEXT_MEMBER] = t;
      this.groups[group + Group.LAST] = t;
    }
  }

  private leave(t: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    const group = (words[base + Thread.GROUP] as number) << Group.SHIFT;
    if (group === 0) return;
    const next = words[base + Thread.NEXT_MEMBER] as number;
    const prev = words[base + Thread.PREV_MEMBER] as number;
    if (prev === 0) this.groups[group + Group.FIRST] = next;
    else words[(prev << Thread.SHIFT) + Thread.NEXT_MEMBER] = next;
    if (next === 0) this.groups[group + Group.LAST] = prev;
    else words[(next << Thread.SHIFT) + Thread.PREV_MEMBER] = prev;
    words[base + Thread.GROUP] = 0;
    if (this.groups[group + Group.FIRST] === 0) {
      this.groupIndex[this.groups[group + Group.PID] as number] = 0;
      this.groupPool.give(group >> Group.SHIFT);
    }
  }

  private adopt(parent: number, t: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    const up = parent << Thread.SHIFT;
    const first = words[up + Thread.FIRST_CHILD] as number;
    words[base + Thread.PARENT] = parent;
    words[base + Thread.PREV_CHILD] = 0;
    words[base + Thread.NEXT_CHILD] = first;
    if (first !== 0) words[(first << Thread.SHIFT) + Thread.PREV_CHILD] = t;
    words[up + Thread.FIRST_CHILD] = t;
    const family = (words[up + Thread.CHILDREN] as number) + 1;
    words[up + Thread.CHILDREN] = family;
    if (family > this.largestFamily) this.largestFamily = family;
    this.setParentTid(t, words[up + Thread.SLOT] as number);
  }

  private orphan(t: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    const parent = words[base + Thread.PARENT] as number;
    if (parent === 0) return;
    const next = words[base + Thread.NEXT_CHILD] as number;
    const prev = words[base + Thread.PREV_CHILD] as number;
    if (prev === 0) words[(parent << Thread.SHIFT) + Thread.FIRST_CHILD] = next;
    else words[(prev << Thread.SHIFT) + Thread.NEXT_CHILD] = next;
    if (next !== 0) words[(next << Thread.SHIFT) + Thread.PREV_CHILD] = prev;
    words[(parent << Thread.SHIFT) + Thread.CHILDREN] =
      (words[(parent << Thread.SHIFT) + Thread.CHILDREN] as number) - 1;
    words[base + Thread.PARENT] = 0;
  }

  private setParentTid(t: number, ptid: number): void {
    this.words[(t << Thread.SHIFT) + Thread.PTID] = ptid;
    this.set(t, RowWord.PTID, ptid);
  }

  hasChildren(t: number): boolean {
    return this.words[(t << Thread.SHIFT) + Thread.FIRST_CHILD] !== 0;
  }

  /** Says whether the group of `t` takes over orphans. */
  setReaper(t: number, on: boolean): void {
    const g = this.words[(t << Thread.SHIFT) + Thread.GROUP] as number;
    if (g !== 0) this.groups[(g << Group.SHIFT) + Group.REAPER] = on ? 1 : 0;
  }

  /** The thread is gone for its group, but stays in the table. */
  markDead(t: number): void {
    const base = t << Thread.SHIFT;
    if (this.dead(t)) return;
    this.words[base + Thread.STATE] = (this.words[base + Thread.STATE] as number) | ThreadState.DEAD;
    const g = this.words[base + Thread.GROUP] as number;
    if (g !== 0)
      this.groups[(g << Group.SHIFT) + Group.ALIVE] = (this.groups[(g << Group.SHIFT) + Group.ALIVE] as number) - 1;
  }

  /** Undoes markDead: a thread thought dead went on to exec. */
  resurrect(t: number): void {
    const base = t << Thread.SHIFT;
    if (!this.dead(t)) return;
    this.words[base + Thread.STATE] = (this.words[base + Thread.STATE] as number) & ~ThreadState.DEAD;
    const g = this.words[base + Thread.GROUP] as number;
    if (g !== 0)
      this.groups[(g << Group.SHIFT) + Group.ALIVE] = (this.groups[(g << Group.SHIFT) + Group.ALIVE] as number) + 1;
  }

  /** Removes the other threads of a group whose leader `t` called exec. */
  keepLeaderOnly(t: number): void {
    const g = this.words[(t << Thread.SHIFT) + Thread.GROUP] as number;
    if (g === 0) return;
    let member = this.groups[(g << Group.SHIFT) + Group.FIRST] as number;
    while (member !== 0) {
      const next = this.words[(member << Thread.SHIFT) + Thread.NEXT_MEMBER] as number;
      if (member !== t) this.remove(member);
      member = next;
    }
  }

  /** Takes a thread out of the table: its children go to a reaper; a leader with living threads stays as dead. */
  remove(t: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    const g = words[base + Thread.GROUP] as number;
    if (g === 0 || this.invalid(t)) {
      this.handOver(t, 0);
      this.erase(t);
      return;
    }
    this.markDead(t);
    if (this.hasChildren(t)) this.handOver(t, this.reaperFor(t));
    const pid = words[base + Thread.PID] as number;
    const leads = pid === words[base + Thread.SLOT];
    const lead = leads ? t : this.find(pid);
    const empty = this.groups[(g << Group.SHIFT) + Group.ALIVE] === 0;
    if (!leads) this.erase(t);
    if (empty && lead !== 0 && (leads || this.dead(lead))) {
      this.handOver(lead, 0);
      this.erase(lead);
    }
  }

  /** Empties the table: all threads end at the current event. */
  removeAll(): void {
    for (let t = 1; t < this.end; t++) {
      if (this.words[(t << Thread.SHIFT) + Thread.ROW] !== 0) this.erase(t);
    }
    this.largestFamily = 0;
  }

  private reaperFor(t: number): number {
    const words = this.words;
    const told = words[(t << Thread.SHIFT) + Thread.REAPER] as number;
    let reaper = told > 0 ? this.find(told) : 0;
    if (reaper === t || (reaper !== 0 && this.invalid(reaper))) reaper = 0;
    if (reaper === 0) reaper = this.findReaper(t);
    const pid = words[(t << Thread.SHIFT) + Thread.PID] as number;
    if (reaper !== 0 && words[(reaper << Thread.SHIFT) + Thread.PID] !== pid) this.setReaper(reaper, true);
    return reaper;
  }

  /** A living thread of the same group, else of the nearest ancestor's group that takes over orphans; 0 = none. */
  private findReaper(t: number): number {
    const words = this.words;
    const g = words[(t << Thread.SHIFT) + Thread.GROUP] as number;
    const own = this.living(g, t);
    if (own !== 0) return own;
    const inside = this.inPidNamespace(t);
    let ancestor = this.find(words[(t << Thread.SHIFT) + Thread.PTID] as number);
    // Parent links can form a loop where events were lost; no real ancestry is as long.
    for (let steps = 0; ancestor !== 0 && ancestor !== t && steps < 1024; steps++) {
      if (this.inPidNamespace(ancestor) !== inside) return 0;
      const group = words[(ancestor << Thread.SHIFT) + Thread.GROUP] as number;
      if (group !== 0 && this.groups[(group << Group.SHIFT) + Group.REAPER] !== 0) {
        const heir = this.living(group, t);
        if (heir !== 0) return heir;
      }
      ancestor = this.find(words[(ancestor << Thread.SHIFT) + Thread.PTID] as number);
    }
    return 0;
  }

  private living(g: number, but: number): number {
    if (g === 0) return 0;
    let member = this.groups[(g << Group.SHIFT) + Group.FIRST] as number;
    while (member !== 0 && (member === but || this.dead(member))) {
      member = this.words[(member << Thread.SHIFT) + Thread.NEXT_MEMBER] as number;
    }
    return member;
  }

  private handOver(t: number, reaper: number): void {
    const words = this.words;
    const base = t << Thread.SHIFT;
    let child = words[base + Thread.FIRST_CHILD] as number;
    while (child !== 0) {
      const next = words[(child << Thread.SHIFT) + Thread.NEXT_CHILD] as number;
      this.orphan(child);
      if (reaper === 0 || reaper === child) this.setParentTid(child, 0);
      else this.adopt(reaper, child);
      child = next;
    }
  }

  private erase(t: number): void {
    const base = t << Thread.SHIFT;
    this.orphan(t);
    this.leave(t);
    this.erased(t);
    this.versions.end(this.words[base + Thread.ROW] as number);
    this.index[this.words[base + Thread.SLOT] as number] = 0;
    this.words[base + Thread.ROW] = 0;
    this.pool.give(t);
    this.count--;
  }
}
