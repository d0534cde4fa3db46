// SPDX-License-Identifier: Apache-2.0

import { type AnnexDemand, noAnnex } from "../../src/batch/annex.js";
import { EVENTS, EventType } from "../../src/batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../../src/batch/fd-rows.js";
import type { Memory, MemoryShape } from "../../src/batch/memory.js";
import type { Demand } from "../../src/batch/plan.js";
import { ProcessRows, ROW_WORDS } from "../../src/batch/process-rows.js";
import { RecordWord } from "../../src/batch/record.js";
import { SlotWord } from "../../src/batch/ring.js";
import type { FdEntry, SectionHeader, ThreadEntry } from "../../src/capture/source.js";
import { makePlan, StateStage } from "../../src/state/stage.js";
import { type EventSpec, type RecordWriter, TEST_SHAPE, testBed } from "../support/records.js";
import type { TestInterner } from "../support/test-interner.js";

export const X = EventType;

/** A header without anything in it. */
export const EMPTY_HEADER: SectionHeader = {
  machine: null,
  interfaces: [],
  users: [],
  groups: [],
  threads: [],
  fds: [],
};

/** Rules want everything of every type. */
export const ALL: Demand = EVENTS.map(() => -1);

/** What one event saw. */
export interface Seen {
  readonly o: number;
  readonly number: number;
  readonly row: number;
  readonly leader: number;
  readonly fd: number;
  readonly fdRow: number;
  readonly flags: number;
}

/** A stage with its memory and a writer: what a test of the state stage works with. */
export class Bed {
  readonly memory: Memory;
  readonly interner: TestInterner;
  readonly writer: RecordWriter;
  readonly stage: StateStage;
  readonly rows: ProcessRows;
  readonly words: Int32Array;
  readonly fds: Int32Array;
  readonly plan: Int32Array;

  constructor(
    header: (bed: { id: (text: string) => number }) => SectionHeader = () => EMPTY_HEADER,
    options: { shape?: MemoryShape; demand?: Demand; hostRoot?: string; annex?: AnnexDemand } = {},
  ) {
    const { memory, interner, writer } = testBed(options.shape ?? TEST_SHAPE);
    this.memory = memory;
    this.interner = interner;
    this.writer = writer;
    this.plan = makePlan(options.demand ?? ALL, options.annex?.parts ?? 0);
    const { hostRoot = null, annex = noAnnex() } = options;
    this.stage = new StateStage({ memory, interner, plan: this.plan, hostRoot, annex });
    this.rows = new ProcessRows(memory.processes);
    this.words = new Int32Array(memory.ring);
    this.fds = new Int32Array(memory.fds.rows);
    this.stage.poison();
    this.stage.begin(header({ id: (text) => interner.intern(text) }), 0);
  }

  /** Applies events as one batch. */
  run(...events: readonly EventSpec[]): Seen[] {
    const offsets = this.writer.write(0, events, this.plan);
    this.stage.apply(0);
    const floats = new Float64Array(this.memory.ring);
    return offsets.map((o) => ({
      o,
      number: floats[(o + RecordWord.NUMBER) / 2] as number,
      row: this.words[o + RecordWord.ROW] as number,
      leader: this.words[o + RecordWord.LEADER] as number,
      fd: this.words[o + RecordWord.FD] as number,
      fdRow: this.words[o + RecordWord.FD_ROW] as number,
      flags: this.words[o + RecordWord.FLAGS] as number,
    }));
  }

  /** Applies one event. */
  one(event: EventSpec): Seen {
    const [seen] = this.run(event);
    if (seen === undefined) throw new Error("no record");
    return seen;
  }

  wanted(): number {
    return this.words[SlotWord.WANTED] as number;
  }

  word(row: number, word: number): number {
    return this.rows.words[row * ROW_WORDS + word] as number;
  }

  text(row: number, word: number): string | undefined {
    return this.interner.text(this.word(row, word));
  }

  fdWord(row: number, word: number): number {
    return this.fds[row * FD_ROW_WORDS + word] as number;
  }

  fdName(row: number): string | undefined {
    return this.interner.text(this.fdWord(row, FdWord.NAME));
  }

  /** Row of a thread at the last event. */
  now(tid: number): number {
    return this.rows.at(tid, this.writer.last);
  }
}

/** A thread of a section's list; what is not given is as in a plain process. */
export function thread(tid: number, more: Partial<ThreadEntry> = {}): ThreadEntry {
  return {
    tid,
    pid: tid,
    ptid: 1,
    sid: tid,
    vpgid: tid,
    pgid: tid,
    vtid: tid,
    vpid: more.pid ?? tid,
    flags: 0,
    uid: 0,
    gid: 0,
    loginuid: -1,
    tty: 0,
    comm: 0,
    exe: 0,
    exepath: 0,
    args: 0,
    cwd: 0,
    root: 0,
    env: 0,
    cgroups: 0,
    fdLimit: 1024n,
    vmSize: 0,
    vmRss: 0,
    vmSwap: 0,
    exeFlags: 0,
    capInheritable: 0n,
    capPermitted: 0n,
    capEffective: 0n,
    exeIno: 0n,
    exeCtime: 0n,
    exeMtime: 0n,
    pidnsStart: 0n,
    ...more,
  };
}

export function fdEntry(tid: number, fd: number, kind: number, name: number, more: Partial<FdEntry> = {}): FdEntry {
  return { tid, fd, ino: 0n, kind, socket: 0, l4: 0, openFlags: 0, dev: 0, name, ...more };
}

/** clone as its caller sees it. */
export function cloneCaller(
  tid: number,
  child: number,
  more: Record<string, number | string | bigint> = {},
): EventSpec {
  return { type: X.SYSCALL_CLONE_20_X, tid, params: cloneParams(child, tid, tid, 1, more) };
}

/** clone as the child sees it. */
export function cloneChild(
  child: number,
  parent: number,
  more: Record<string, number | string | bigint> = {},
): EventSpec {
  return { type: X.SYSCALL_CLONE_20_X, tid: child, params: cloneParams(0, child, child, parent, more) };
}

function cloneParams(
  res: number,
  tid: number,
  pid: number,
  ptid: number,
  more: Record<string, number | string | bigint>,
): Record<string, number | string | bigint> {
  return {
    res,
    exe: "prog",
    args: "",
    tid,
    pid,
    ptid,
    cwd: "",
    fdlimit: 1024,
    pgft_maj: 0,
    pgft_min: 0,
    vm_size: 1,
    vm_rss: 1,
    vm_swap: 0,
    comm: "prog",
    cgroups: "cpu=/",
    flags: 0,
    uid: 0,
    gid: 0,
    vtid: tid,
    vpid: pid,
    ...more,
  };
}

export function exec(tid: number, comm: string, more: Record<string, number | string | bigint | null> = {}): EventSpec {
  return {
    type: X.SYSCALL_EXECVE_19_X,
    tid,
    params: {
      res: 0,
      exe: comm,
      args: null,
      tid,
      pid: tid,
      ptid: 1,
      cwd: "",
      fdlimit: 1024,
      comm,
      cgroups: "cpu=/",
      env: "A=1",
      tty: 0,
      vpgid: tid,
      loginuid: -1,
      flags: 0,
      uid: 0,
      trusted_exepath: `/bin/${comm}`,
      pgid: tid,
      gid: 0,
      ...more,
    },
  };
}

export function exit(tid: number, reaper = 0): EventSpec {
  return { type: X.PROCEXIT_1_E, tid, params: { status: 0, ret: 0, sig: 0, core: 0, reaper_tid: reaper } };
}

export function open(tid: number, fd: number, name: string, flags = 1): EventSpec {
  return { type: X.SYSCALL_OPEN_X, tid, params: { fd, name, flags, mode: 0, dev: 5, ino: 7 } };
}

export function close(tid: number, fd: number, res = 0): EventSpec {
  return { type: X.SYSCALL_CLOSE_X, tid, params: { res, fd } };
}

export function read(tid: number, fd: number): EventSpec {
  return { type: X.SYSCALL_READ_X, tid, params: { res: 1, fd, size: 1 } };
}
