// SPDX-License-Identifier: Apache-2.0

import { EMPTY } from "../batch/dictionary.js";
import { EventType } from "../batch/event-table.generated.js";
import { EXTRA_WORDS, ExtraWord, RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { ThreadFlag } from "./threads.js";

/*
 * clone, clone3, fork and vfork are seen twice: once by the caller (result = the child's tid), once by the child (result
 * 0), in either order, and either can be lost. The first of the two makes the child's thread, the second finds it.
 */

const W = wordsOf(EventType.SYSCALL_CLONE_20_X);
const RES = W[0] as number;
const EXE = W[1] as number;
const ARGS = W[2] as number;
const PID = W[4] as number;
const PTID = W[5] as number;
const FD_LIMIT = W[7] as number;
const VM = W[10] as number;
const COMM = W[13] as number;
const CGROUPS = W[14] as number;
const FLAGS = W[15] as number;
const UID = W[16] as number;
const GID = W[17] as number;
const VTID = W[18] as number;
const VPID = W[19] as number;
const PIDNS_START = W[20] as number;

/** A child of these flags is not told of by its caller: the tid in the result is not one of the host's, or not yet known. */
const NOT_FROM_CALLER = ThreadFlag.CHILD_IN_PIDNS | ThreadFlag.NEWPID | ThreadFlag.PARENT | ThreadFlag.VFORK;

/** What a child has from the thread that it comes from, if that one is known. */
const INHERITED = [
  RowWord.EXEPATH,
  RowWord.EXE_FLAGS,
  RowWord.SID,
  RowWord.VPGID,
  RowWord.PGID,
  RowWord.TTY,
  RowWord.LOGINUID,
] as const;
const INHERITED_EXTRA = [
  ExtraWord.ROOT,
  ExtraWord.CAP_INHERITABLE,
  ExtraWord.CAP_INHERITABLE + 1,
  ExtraWord.CAP_PERMITTED,
  ExtraWord.CAP_PERMITTED + 1,
  ExtraWord.CAP_EFFECTIVE,
  ExtraWord.CAP_EFFECTIVE + 1,
  ExtraWord.EXE_INO,
  ExtraWord.EXE_INO + 1,
  ExtraWord.EXE_CTIME,
  ExtraWord.EXE_CTIME + 1,
  ExtraWord.EXE_MTIME,
  ExtraWord.EXE_MTIME + 1,
] as const;

function cloned(c: Tables): void {
  if (!c.succeeded(RES)) return;
  if (c.int(RES) === 0 && c.int(RES + 1) === 0) childSide(c);
  else callerSide(c, false);
}

function vforked(c: Tables): void {
  if (!c.succeeded(RES)) return;
  if (c.int(RES) === 0 && c.int(RES + 1) === 0) childSide(c);
  else callerSide(c, true);
}

/** The event's own tid as a slot, making room for a large one. */
function eventSlot(c: Tables): number {
  return c.threads.slotFor(c.words[c.o + RecordWord.TID] as number, c.words[c.o + RecordWord.TID + 1] as number);
}

/** A 64-bit id parameter as a slot, `otherwise` where the event does not have it. */
function idOr(c: Tables, param: number, at: number, otherwise: number): number {
  return c.has(param) ? (c.int(at + 1) < 0 ? -1 : c.int(at)) : otherwise;
}

function callerSide(c: Tables, vfork: boolean): void {
  const threads = c.threads;
  if (c.t === 0) {
    const slot = eventSlot(c);
    c.t = threads.find(slot) || c.placeholder(slot);
    if (c.t === 0) return;
  }
  const caller = c.t;
  if (threads.invalid(caller)) {
    const tid = threads.tid(caller);
    threads.setIds(caller, c.slotAt(PID), c.slotAt(PTID));
    threads.set(caller, RowWord.VTID, idOr(c, 18, VTID, tid));
    threads.set(caller, RowWord.VPID, idOr(c, 19, VPID, -1));
    threads.link(caller);
    c.lead = threads.leader(caller);
    // Only now is it known which thread is whose; what it runs is told by the child's parameters.
    const row = threads.writable(caller);
    setProgram(c, row);
    makeChild(c, caller, vfork, false);
    return;
  }
  makeChild(c, caller, vfork, true);
}

function makeChild(c: Tables, caller: number, vfork: boolean, known: boolean): void {
  const threads = c.threads;
  const flags = c.int(FLAGS);
  const tid = threads.tid(caller);
  if (vfork || (flags & NOT_FROM_CALLER) !== 0 || threads.get(caller, RowWord.VTID) !== tid) return;
  const slot = threads.slotFor(c.int(RES), c.int(RES + 1));
  if (slot <= 0 || slot === tid || c.recentExits.has(tid, slot, c.time)) return;
  const there = threads.find(slot);
  if (there !== 0) {
    if ((threads.flags(there) & ThreadFlag.INVERTED) !== 0) return;
    threads.remove(there);
    // A leader whose threads live on stays; and a dead caller can go with its last thread.
    if (threads.find(slot) !== 0 || threads.find(tid) !== caller) return;
  }
  const child = threads.create(slot);
  if (child === 0) return;
  const thread = (flags & ThreadFlag.THREAD) !== 0;
  threads.setIds(child, thread ? threads.pid(caller) : slot, thread ? threads.ptid(caller) : tid);
  fill(c, child, thread ? flags | ThreadFlag.FILES : flags, known ? caller : 0, thread);
  threads.set(child, RowWord.VTID, slot);
  threads.set(child, RowWord.VPID, threads.pid(child));
  setPidnsStart(c, child, c.bootLow, c.bootHigh);
  if (known && !thread) c.fds.share(c.ownerOf(caller, c.lead), child);
  threads.link(child);
}

function childSide(c: Tables): void {
  const threads = c.threads;
  const slot = eventSlot(c);
  if (slot <= 0) return;
  const there = threads.find(slot);
  if (there !== 0) {
    const row = threads.row(there);
    const rows = threads.versions.words;
    const low = rows[row + RowWord.CLONE_TIME] as number;
    const high = rows[row + RowWord.CLONE_TIME + 1] as number;
    if (low !== 0 || high !== 0) {
      if (c.time - (high * 4_294_967_296 + (low >>> 0)) < 2e9) {
        c.t = there;
        return;
      }
    }
    threads.remove(there);
    if (threads.find(slot) !== 0) {
      c.t = there;
      return;
    }
  }
  const child = threads.create(slot);
  c.t = child;
  if (child === 0) return;
  let flags = c.int(FLAGS) | ThreadFlag.INVERTED;
  const thread = (flags & ThreadFlag.THREAD) !== 0;
  if (thread) flags |= ThreadFlag.FILES;
  const pid = c.has(4) ? threads.slotFor(c.int(PID), c.int(PID + 1)) : slot;
  const ptid = c.slotAt(PTID);
  threads.setIds(child, pid, ptid);
  const from = thread ? pid : ptid;
  let source = threads.find(from);
  if (source === 0 && from > 0 && from !== slot) source = c.placeholder(from);
  const known = source !== 0 && source !== child && !threads.invalid(source);
  if (!known && thread && source !== 0 && source !== child) describeLeader(c, source);
  fill(c, child, flags, known ? source : 0, thread);
  const vtid = idOr(c, 18, VTID, slot);
  threads.set(child, RowWord.VTID, vtid);
  threads.set(child, RowWord.VPID, idOr(c, 19, VPID, -1));
  const inside = (flags & (ThreadFlag.CHILD_IN_PIDNS | ThreadFlag.NEWPID)) !== 0 || vtid !== slot;
  if (inside && c.has(20)) addBootTime(c, child);
  else setPidnsStart(c, child, c.bootLow, c.bootHigh);
  if (known && !thread) c.fds.share(c.ownerOf(source, threads.leader(source)), child);
  threads.link(child);
  c.lead = threads.leader(child);
}

/** A thread's leader that nobody told us about: what the thread's event says holds for it as well. */
function describeLeader(c: Tables, leader: number): void {
  const threads = c.threads;
  threads.setIds(leader, c.slotAt(PID), c.slotAt(PTID));
  const vpid = idOr(c, 19, VPID, -1);
  threads.set(leader, RowWord.VPID, vpid);
  threads.set(leader, RowWord.VTID, vpid);
  const row = threads.writable(leader);
  setProgram(c, row);
  threads.link(leader);
}

function setProgram(c: Tables, row: number): void {
  const rows = c.threads.versions.words;
  const comm = c.int(COMM) || c.int(EXE);
  rows[row + RowWord.EXE] = c.int(EXE);
  rows[row + RowWord.COMM] = comm;
  rows[row + RowWord.ARGS] = c.int(ARGS);
  rows[row + RowWord.CMDLINE] = c.strings.cmdline(comm, c.int(ARGS));
}

/** The row of a new child, from the event and from `source` (0: not known). */
function fill(c: Tables, child: number, flags: number, source: number, thread: boolean): void {
  const threads = c.threads;
  const rows = threads.versions.words;
  threads.setFlags(child, flags);
  const row = threads.writable(child);
  setProgram(c, row);
  rows[row + RowWord.UID] = c.has(16) ? c.int(UID) : -1;
  rows[row + RowWord.GID] = c.has(17) ? c.int(GID) : -1;
  rows[row + RowWord.CLONE_TIME] = c.int(RecordWord.TIME);
  rows[row + RowWord.CLONE_TIME + 1] = c.int(RecordWord.TIME + 1);
  const extra = c.extras.make(0, c.now);
  const extras = c.extras.words;
  const to = extra * EXTRA_WORDS;
  rows[row + RowWord.EXTRA] = extra;
  if (source === 0) {
    rows[row + RowWord.SID] = -1;
    rows[row + RowWord.VPGID] = -1;
    rows[row + RowWord.PGID] = -1;
    rows[row + RowWord.LOGINUID] = -1;
    rows[row + RowWord.CWD] = EMPTY;
  } else {
    const from = threads.row(source);
    for (let i = 0; i < INHERITED.length; i++) {
      const word = INHERITED[i] as number;
      rows[row + word] = rows[from + word] as number;
    }
    const lead = threads.leader(source);
    rows[row + RowWord.CWD] = lead === 0 ? EMPTY : threads.get(lead, RowWord.CWD);
    rows[row + RowWord.ENV] = rows[from + RowWord.ENV] as number;
    if (extra !== 0) {
      const base = (rows[from + RowWord.EXTRA] as number) * EXTRA_WORDS;
      for (let i = 0; i < INHERITED_EXTRA.length; i++) {
        const word = INHERITED_EXTRA[i] as number;
        extras[to + word] = extras[base + word] as number;
      }
      if (thread) {
        extras[to + ExtraWord.LAST_EXEC] = extras[base + ExtraWord.LAST_EXEC] as number;
        extras[to + ExtraWord.LAST_EXEC + 1] = extras[base + ExtraWord.LAST_EXEC + 1] as number;
      }
    }
  }
  rows[row + RowWord.CONTAINER] = c.containerIds.of(c.int(CGROUPS));
  if (extra === 0) return;
  extras[to + ExtraWord.FD_LIMIT] = c.int(FD_LIMIT);
  extras[to + ExtraWord.FD_LIMIT + 1] = c.int(FD_LIMIT + 1);
  extras[to + ExtraWord.CGROUPS] = c.int(CGROUPS);
  for (let i = 0; i < 3; i++) extras[to + ExtraWord.VM_SIZE + i] = c.int(VM + i);
}

function setPidnsStart(c: Tables, t: number, low: number, high: number): void {
  const extra = c.threads.get(t, RowWord.EXTRA);
  if (extra === 0) return;
  c.extras.words[extra * EXTRA_WORDS + ExtraWord.PIDNS_START] = low;
  c.extras.words[extra * EXTRA_WORDS + ExtraWord.PIDNS_START + 1] = high;
}

/** The start of the pid namespace is given in ns since the machine started. */
function addBootTime(c: Tables, t: number): void {
  const low = (c.int(PIDNS_START) >>> 0) + (c.bootLow >>> 0);
  const carry = low >= 4_294_967_296 ? 1 : 0;
  setPidnsStart(c, t, low | 0, (c.int(PIDNS_START + 1) + c.bootHigh + carry) | 0);
}

const PARAMS = [0, 1, 2, 4, 5, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

export const cloneRules: readonly Rule[] = [
  { type: EventType.SYSCALL_CLONE_20_X, run: cloned, params: PARAMS },
  { type: EventType.SYSCALL_FORK_20_X, run: cloned, params: PARAMS },
  { type: EventType.SYSCALL_VFORK_20_X, run: vforked, params: PARAMS },
  { type: EventType.SYSCALL_CLONE3_X, run: cloned, params: PARAMS },
];
