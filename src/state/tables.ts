// SPDX-License-Identifier: Apache-2.0

import { ABSENT, EMPTY } from "../batch/dictionary.js";
import { FD_ROW_WORDS, FdState, FdWord } from "../batch/fd-rows.js";
import type { Interner } from "../batch/interner.js";
import { Lookup } from "../batch/lookup.js";
import type { Memory } from "../batch/memory.js";
import { RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import { Addresses } from "./address.js";
import { ContainerIds } from "./container-id.js";
import { Extras } from "./extras.js";
import { FdPool } from "./fd-pool.js";
import { FdTables } from "./fd-tables.js";
import { RecentExits } from "./recent-exits.js";
import { Strings } from "./strings.js";
import { ThreadFlag, Threads } from "./threads.js";

/**
 * All tables of the state stage and the event that is being applied: what a handler works on. A handler gets nothing else
 * and keeps nothing of its own.
 */
export class Tables {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  readonly strings: Strings;
  readonly addresses: Addresses;
  readonly threads: Threads;
  readonly extras: Extras;
  readonly fdPool: FdPool;
  readonly fds: FdTables;
  readonly users: Lookup;
  readonly groups: Lookup;
  readonly containers: Lookup;
  readonly containerIds: ContainerIds;
  readonly recentExits = new RecentExits();
  /** Look-up entries that found no place. */
  lookupsLost = 0;
  /** ns from the epoch to the machine's start, as two words; 0 where it is not known. */
  bootLow = 0;
  bootHigh = 0;

  /** Word offset of the event's record, and its number. */
  o = 0;
  now = 0;
  /** The event's thread and the leader of its group; 0 where they are not known. */
  t = 0;
  lead = 0;
  /** The fd that the event works on and its row. */
  fd = -1;
  fdRow = 0;
  nameChanged = false;

  /** What takes effect when the next event arrives: the end of a thread, the closing of an fd. */
  endingThread = 0;
  endingTime = 0;
  closingOwner = 0;
  closingFd = -1;

  constructor(memory: Memory, interner: Interner) {
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.bytes = new Uint8Array(memory.ring);
    this.strings = new Strings(memory.dictionary, interner);
    this.addresses = new Addresses(this.strings);
    this.extras = new Extras(memory.processes);
    this.fdPool = new FdPool(memory.fds);
    this.fds = new FdTables(this.fdPool);
    this.threads = new Threads(memory.processes, (t) => this.erased(t));
    this.users = new Lookup(memory.users);
    this.groups = new Lookup(memory.groups);
    this.containers = new Lookup(memory.containers);
    this.containerIds = new ContainerIds(this.strings);
  }

  private erased(t: number): void {
    this.fds.clear(t);
    this.extras.release(this.threads.get(t, RowWord.EXTRA), this.now);
    if (this.closingOwner === t) this.closingOwner = 0;
  }

  /** Moves to another event. */
  advance(number: number): void {
    this.now = number;
    this.threads.versions.now = number;
    this.fds.now = number;
  }

  /** Whether users, groups or containers should be compacted; see compactLookups. */
  get lookupsTight(): boolean {
    return this.users.tight || this.groups.tight || this.containers.tight;
  }

  /** Drops what look-up tables hold for older events. Only while no batch is in flight. */
  compactLookups(): void {
    this.users.compact();
    this.groups.compact();
    this.containers.compact();
  }

  clearLookups(): void {
    this.users.clear();
    this.groups.clear();
    this.containers.clear();
  }

  /** Applies what the events before left for the next one. */
  settleDeferred(): void {
    if (this.endingThread !== 0) {
      const t = this.endingThread;
      this.endingThread = 0;
      const threads = this.threads;
      this.recentExits.add(threads.ptid(t), threads.tid(t), this.endingTime);
      threads.remove(t);
    }
    if (this.closingFd >= 0) {
      if (this.closingOwner !== 0) this.fds.remove(this.closingOwner, this.closingFd);
      this.closingOwner = 0;
      this.closingFd = -1;
    }
  }

  /** A thread of which only the tid is known, for events of threads that nobody told us about. */
  placeholder(slot: number): number {
    const t = this.threads.create(slot);
    if (t === 0) return 0;
    this.threads.setIds(t, -1, -1);
    const row = this.threads.writable(t);
    const rows = this.threads.versions.words;
    rows[row + RowWord.COMM] = this.strings.na;
    rows[row + RowWord.EXE] = this.strings.na;
    rows[row + RowWord.CMDLINE] = this.strings.na;
    rows[row + RowWord.CWD] = EMPTY;
    rows[row + RowWord.CONTAINER] = this.strings.host;
    rows[row + RowWord.UID] = -1;
    rows[row + RowWord.GID] = -1;
    rows[row + RowWord.LOGINUID] = -1;
    rows[row + RowWord.SID] = -1;
    rows[row + RowWord.PGID] = -1;
    rows[row + RowWord.VPGID] = -1;
    rows[row + RowWord.VPID] = -1;
    rows[row + RowWord.VTID] = -1;
    this.threads.setFlags(t, ThreadFlag.NAME_CHANGED);
    return t;
  }

  /** ns since the epoch; exact to about 256 ns, for comparing with seconds. */
  get time(): number {
    return (
      (this.words[this.o + RecordWord.TIME + 1] as number) * 4_294_967_296 +
      ((this.words[this.o + RecordWord.TIME] as number) >>> 0)
    );
  }

  has(param: number): boolean {
    return (((this.words[this.o + RecordWord.PRESENT] as number) >>> param) & 1) === 1;
  }

  /** The low word of the parameter at word `at` of the record. */
  int(at: number): number {
    return this.words[this.o + at] as number;
  }

  /** Whether the 64-bit parameter at word `at` is zero or more. */
  succeeded(at: number): boolean {
    return (this.words[this.o + at + 1] as number) >= 0;
  }

  /** A 64-bit fd number as a small integer; -1 for anything that cannot be one, but for AT_FDCWD (-100). */
  fdAt(at: number): number {
    const low = this.words[this.o + at] as number;
    const high = this.words[this.o + at + 1] as number;
    if (high === 0) return low >= 0 ? low : -1;
    return high === -1 && low === -100 ? -100 : -1;
  }

  /** The slot that a 64-bit tid parameter stands for. */
  slotAt(at: number): number {
    return this.threads.slot(this.words[this.o + at] as number, this.words[this.o + at + 1] as number);
  }

  /** The thread whose fd table the event's thread uses: itself, or its leader where the table is shared. */
  owner(): number {
    return this.ownerOf(this.t, this.lead);
  }

  ownerOf(t: number, lead: number): number {
    return (this.threads.flags(t) & ThreadFlag.FILES) !== 0 ? lead : t;
  }

  /** Working directory of the event's process. */
  cwd(): number {
    return this.lead === 0 ? EMPTY : this.threads.get(this.lead, RowWord.CWD);
  }

  /** Directory that names relative to `dirfd` begin at. */
  directory(dirfd: number): number {
    if (dirfd === -100) return this.cwd();
    const row = this.fds.get(this.owner(), dirfd);
    return row === 0 ? this.strings.unknown : (this.fdPool.words[row * FD_ROW_WORDS + FdWord.NAME] as number);
  }

  /** Puts a row at an fd of the event's process: it becomes the event's fd. */
  addFd(fd: number, row: number, closeOnExec: boolean): void {
    const owner = this.owner();
    const old = owner === 0 ? 0 : this.fds.get(owner, fd);
    const oldName = old === 0 ? ABSENT : (this.fdPool.words[old * FD_ROW_WORDS + FdWord.NAME] as number);
    this.fd = fd;
    this.fdRow = 0;
    if (!this.fds.set(owner, fd, row, closeOnExec)) return;
    this.fdRow = row;
    const name = this.fdPool.words[row * FD_ROW_WORDS + FdWord.NAME] as number;
    if (name !== oldName && this.strings.lengths[name] !== 0) this.nameChanged = true;
  }

  /**
   * A copy of the event's fd row, to be changed and then stored with `replaceFd`; 0 where there is none or no room.
   */
  copyFd(): number {
    const row = this.fdPool.copy(this.fdRow);
    if (row === 0) this.fds.refused++;
    return row;
  }

  /** Puts a changed copy in the place of the event's fd row. */
  replaceFd(row: number): void {
    const owner = this.owner();
    const oldName = this.fdPool.words[this.fdRow * FD_ROW_WORDS + FdWord.NAME];
    if (!this.fds.set(owner, this.fd, row, this.fds.closesOnExec(owner, this.fd))) return;
    this.fdRow = row;
    if (this.fdPool.words[row * FD_ROW_WORDS + FdWord.NAME] !== oldName) this.nameChanged = true;
  }

  isConnected(): boolean {
    return ((this.fdPool.words[this.fdRow * FD_ROW_WORDS + FdWord.STATE] as number) & FdState.CONNECTED) !== 0;
  }
}
