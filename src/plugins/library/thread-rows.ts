// SPDX-License-Identifier: Apache-2.0

import { Dictionary } from "../../batch/dictionary.js";
import { FD_ROW_WORDS, FdWord } from "../../batch/fd-rows.js";
import type { Memory } from "../../batch/memory.js";
import { EXTRA_WORDS, ExeFlag, ExtraWord, ProcessRows, ROW_WORDS, RowWord } from "../../batch/process-rows.js";
import { RecordWord } from "../../batch/record.js";
import { RequestWriter } from "./wire.js";

/** What plugins' sides ask for; the numbers of native/plugin/upcall.h. */
const Question = { THREAD: 1, THREAD_COUNT: 2, THREADS: 3, FDS: 4 } as const;

/** A thread as the table of threads shows it. Texts are binary strings. */
export interface ThreadEntry {
  /** Differs for another thread that has the same number. */
  readonly identity: bigint;
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid: number;
  readonly comm: string;
  readonly exe: string;
  readonly exePath: string;
  /** ExeFlag bits. */
  readonly exeFlags: number;
  /** NUL separated, as are env ("K=V") and cgroups ("subsystem=path"). */
  readonly args: string;
  readonly env: string;
  readonly cgroups: string;
  readonly flags: number;
  readonly fdLimit: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly loginuid: number;
  readonly exeIno: bigint;
  readonly exeCtime: bigint;
  readonly exeMtime: bigint;
  readonly vtid: number;
  readonly vpid: number;
  readonly vpgid: number;
  readonly pgid: number;
  readonly pidnsStart: bigint;
  readonly root: string;
  readonly tty: number;
  readonly cwd: string;
}

export interface FdEntry {
  readonly fd: number;
  readonly ino: bigint;
  readonly dev: number;
  readonly mountId: number;
  readonly openFlags: number;
  readonly flags: number;
  readonly name: string;
  readonly nameRaw: string;
}

/** The table of threads as it was at an event. */
export interface ThreadRows {
  thread(tid: number, event: number): ThreadEntry | null;
  threads(event: number): readonly number[];
  fds(tid: number, event: number): readonly FdEntry[];
}

/** The engine's rows as the table of threads; `fds` of a thread are known to whoever keeps the state alone. */
export class EngineThreads implements ThreadRows {
  private readonly rows: ProcessRows;
  private readonly dictionary: Dictionary;
  private readonly heads: Int32Array;

  constructor(
    memory: Memory,
    readonly fds: ThreadRows["fds"] = () => [],
  ) {
    this.rows = new ProcessRows(memory.processes);
    this.dictionary = new Dictionary(memory.dictionary);
    this.heads = new Int32Array(memory.processes.heads);
  }

  /** All threads there are. Looks at every number that there can be: for the beginning of a capture. */
  threads(event: number): readonly number[] {
    const found: number[] = [];
    for (let tid = 1; tid < this.heads.length; tid++) {
      if (this.heads[tid] !== 0 && this.rows.at(tid, event) !== 0) found.push(tid);
    }
    return found;
  }

  thread(tid: number, event: number): ThreadEntry | null {
    const row = this.rows.at(tid, event);
    if (row === 0) return null;
    const word = (at: number) => this.rows.words[row * ROW_WORDS + at] ?? 0;
    const text = (at: number) => this.dictionary.text(word(at));
    const extra = word(RowWord.EXTRA) * EXTRA_WORDS;
    const more = (at: number) => this.rows.extras[extra + at] ?? 0;
    const wide = (low: number, high: number) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const moreWide = (at: number) => wide(more(at), more(at + 1));
    return {
      identity: wide(word(RowWord.CLONE_TIME), word(RowWord.CLONE_TIME + 1)),
      tid: word(RowWord.TID),
      pid: word(RowWord.PID),
      ptid: word(RowWord.PTID),
      sid: word(RowWord.SID),
      comm: text(RowWord.COMM),
      exe: text(RowWord.EXE),
      exePath: text(RowWord.EXEPATH),
      exeFlags: word(RowWord.EXE_FLAGS),
      args: text(RowWord.ARGS),
      env: text(RowWord.ENV),
      cgroups: this.dictionary.text(more(ExtraWord.CGROUPS)),
      flags: word(RowWord.FLAGS) >>> 0,
      fdLimit: moreWide(ExtraWord.FD_LIMIT),
      uid: word(RowWord.UID) >>> 0,
      gid: word(RowWord.GID) >>> 0,
      loginuid: word(RowWord.LOGINUID) >>> 0,
      exeIno: moreWide(ExtraWord.EXE_INO),
      exeCtime: moreWide(ExtraWord.EXE_CTIME),
      exeMtime: moreWide(ExtraWord.EXE_MTIME),
      vtid: word(RowWord.VTID),
      vpid: word(RowWord.VPID),
      vpgid: word(RowWord.VPGID),
      pgid: word(RowWord.PGID),
      pidnsStart: moreWide(ExtraWord.PIDNS_START),
      root: this.dictionary.text(more(ExtraWord.ROOT)),
      tty: word(RowWord.TTY) >>> 0,
      cwd: text(RowWord.CWD),
    };
  }
}

/** The engine's rows as the table of threads, in the thread that keeps the state, which knows the fds too. */
export class LiveThreads extends EngineThreads {
  private readonly ring: Int32Array;
  private readonly floats: Float64Array;
  private readonly fdRows: Int32Array;
  private readonly names: Dictionary;
  /** The first record of the batch in hand, and the one that is looked at first: plugins ask in the order of events. */
  private first = 0;
  private count = 0;
  private record = 0;
  private at = 0;

  /** @param fdsOf pairs of an fd and its row that the process of a thread has open behind the batch in hand */
  constructor(memory: Memory, fdsOf: (tid: number) => Int32Array) {
    super(memory, (tid, event) => this.fdsAt(tid, event, fdsOf(tid)));
    this.ring = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.fdRows = new Int32Array(memory.fds.rows);
    this.names = new Dictionary(memory.dictionary);
  }

  /** From now on plugins are shown a batch of `count` records, the first at word offset `first`. */
  begin(first: number, count: number): void {
    this.first = first;
    this.count = count;
    this.record = first;
    this.at = 0;
  }

  /** Word offset of the event's record; 0: it is not in the batch. */
  private recordOf(event: number): number {
    const number = (): number => this.floats[(this.record + RecordWord.NUMBER) >> 1] ?? 0;
    if (this.at >= this.count || number() > event) this.begin(this.first, this.count);
    for (; this.at < this.count; this.at++) {
      if (number() === event) return this.record;
      this.record += this.ring[this.record + RecordWord.SIZE] ?? 0;
    }
    return 0;
  }

  /** The table is as it is behind the batch, but for the fd that the event is about. */
  private fdsAt(tid: number, event: number, pairs: Int32Array): readonly FdEntry[] {
    const o = this.recordOf(event);
    const word = (at: number): number => (o === 0 ? 0 : (this.ring[o + at] ?? 0));
    const fdRow = word(RecordWord.FD_ROW);
    const own = word(RecordWord.TID) === tid && fdRow !== 0 ? word(RecordWord.FD) : -1;
    const found: FdEntry[] = [];
    let seen = false;
    for (let at = 0; at < pairs.length; at += 2) {
      const fd = pairs[at] ?? 0;
      seen ||= fd === own;
      found.push(this.fdAt(fd, fd === own ? fdRow : (pairs[at + 1] ?? 0)));
    }
    if (own >= 0 && !seen) found.push(this.fdAt(own, fdRow));
    return found;
  }

  private fdAt(fd: number, row: number): FdEntry {
    const word = (at: number): number => this.fdRows[row * FD_ROW_WORDS + at] ?? 0;
    return {
      fd,
      ino: (BigInt(word(FdWord.INO + 1) >>> 0) << 32n) | BigInt(word(FdWord.INO) >>> 0),
      dev: word(FdWord.DEV),
      mountId: 0,
      openFlags: word(FdWord.OPEN_FLAGS),
      flags: 0,
      name: this.names.text(word(FdWord.NAME)),
      nameRaw: this.names.text(word(FdWord.NAME_RAW)),
    };
  }
}

const NOBODY = new RequestWriter().word(0).bytes();

/** In the order of kThreadFields in native/plugin/threads_table.cc. */
function writeThread(thread: ThreadEntry): Uint8Array {
  const to = new RequestWriter();
  const number = (value: number) => to.wide(BigInt.asUintN(64, BigInt(value)));
  const bit = (flag: number) => number((thread.exeFlags & flag) === 0 ? 0 : 1);
  to.word(1).wide(thread.identity);
  // The reaper of a thread's children is not known: it is told to be none.
  for (const value of [thread.tid, thread.pid, thread.ptid, -1, thread.sid]) number(value);
  to.binary(thread.comm).binary(thread.exe).binary(thread.exePath);
  bit(ExeFlag.WRITABLE);
  bit(ExeFlag.UPPER_LAYER);
  bit(ExeFlag.LOWER_LAYER);
  bit(ExeFlag.FROM_MEMFD);
  to.binary(thread.args).binary(thread.env).binary(thread.cgroups);
  number(thread.flags).wide(thread.fdLimit);
  for (const value of [thread.uid, thread.gid, thread.loginuid]) number(value);
  to.wide(thread.exeIno).wide(thread.exeCtime).wide(thread.exeMtime);
  for (const value of [thread.vtid, thread.vpid, thread.vpgid, thread.pgid]) number(value);
  to.wide(thread.pidnsStart).binary(thread.root);
  number(thread.tty);
  return to.binary(thread.cwd).bytes();
}

function writeFds(fds: readonly FdEntry[]): Uint8Array {
  const to = new RequestWriter().word(fds.length);
  for (const fd of fds) {
    to.wide(BigInt.asUintN(64, BigInt(fd.fd))).wide(fd.ino);
    for (const value of [fd.dev, fd.mountId, fd.openFlags, fd.flags]) to.wide(BigInt(value >>> 0));
    to.binary(fd.name).binary(fd.nameRaw);
  }
  return to.bytes();
}

/** What answers the questions of a plugin's side, for NativeLink.onQuestion. */
export function answerFrom(rows: ThreadRows): (question: number, event: number, key: number) => Uint8Array | null {
  return (question, event, key) => {
    switch (question) {
      case Question.THREAD: {
        const thread = rows.thread(key, event);
        return thread === null ? NOBODY : writeThread(thread);
      }
      case Question.THREAD_COUNT:
        return new RequestWriter().wide(BigInt(rows.threads(event).length)).bytes();
      case Question.THREADS: {
        const tids = rows.threads(event);
        const to = new RequestWriter().word(tids.length);
        for (const tid of tids) to.wide(BigInt(tid));
        return to.bytes();
      }
      case Question.FDS:
        return writeFds(rows.fds(key, event));
      default:
        return null;
    }
  };
}
