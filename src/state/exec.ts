// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { EXTRA_WORDS, ExtraWord, RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import { takeEnter } from "./enter.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { Thread, ThreadFlag } from "./threads.js";

const W = wordsOf(EventType.SYSCALL_EXECVE_19_X);
const RES = W[0] as number;
const EXE = W[1] as number;
const ARGS = W[2] as number;
const PID = W[4] as number;
const PTID = W[5] as number;
const FD_LIMIT = W[7] as number;
const VM = W[10] as number;
const COMM = W[13] as number;
const CGROUPS = W[14] as number;
const ENV = W[15] as number;
const TTY = W[16] as number;
const VPGID = W[17] as number;
const LOGINUID = W[18] as number;
const EXE_FLAGS = W[19] as number;
const CAPS = W[20] as number;
const EXE_INO = W[23] as number;
const UID = W[26] as number;
const EXEPATH = W[27] as number;
const PGID = W[28] as number;
const GID = W[29] as number;

const AT_EMPTY_PATH = 0x1000;
const KEPT_FLAGS = ThreadFlag.PIPE_SRC | ThreadFlag.PIPE_DST | ThreadFlag.MAIN_THREAD | ThreadFlag.INVERTED;

function executed(c: Tables): void {
  const enter = takeEnter(c, EventType.SYSCALL_EXECVE_19_E) || takeEnter(c, EventType.SYSCALL_EXECVEAT_E);
  if (!c.succeeded(RES) || c.t === 0) return;
  const threads = c.threads;
  const rows = threads.versions.words;
  const t = c.t;
  threads.resurrect(t);
  if (threads.invalid(t)) {
    const tid = threads.tid(t);
    const pid = c.has(4) ? threads.slotFor(c.int(PID), c.int(PID + 1)) : tid;
    threads.setIds(t, pid, c.has(5) ? c.slotAt(PTID) : -1);
    threads.set(t, RowWord.VTID, tid);
    threads.set(t, RowWord.VPID, pid);
    threads.link(t);
  }
  c.lead = threads.leader(t);
  const exepath = c.has(27) ? c.int(EXEPATH) : enter === 0 ? 0 : exepathFromEnter(c, enter);

  const row = threads.writable(t);
  if (c.has(1)) rows[row + RowWord.EXE] = c.int(EXE);
  const comm = c.has(13) ? c.int(COMM) : c.has(1) ? c.int(EXE) : (rows[row + RowWord.COMM] as number);
  rows[row + RowWord.COMM] = comm;
  // A program without arguments has an empty parameter: it is set all the same.
  rows[row + RowWord.ARGS] = c.int(ARGS);
  rows[row + RowWord.CMDLINE] = c.strings.cmdline(comm, c.int(ARGS));
  if (c.has(15)) rows[row + RowWord.ENV] = c.int(ENV);
  if (c.has(16)) rows[row + RowWord.TTY] = c.int(TTY);
  if (c.has(17)) rows[row + RowWord.VPGID] = c.int(VPGID);
  if (c.has(18)) rows[row + RowWord.LOGINUID] = c.int(LOGINUID);
  if (c.has(19)) rows[row + RowWord.EXE_FLAGS] = c.int(EXE_FLAGS);
  if (c.has(26)) rows[row + RowWord.UID] = c.int(UID);
  if (c.has(29)) rows[row + RowWord.GID] = c.int(GID);
  if (exepath !== 0) rows[row + RowWord.EXEPATH] = exepath;
  rows[row + RowWord.PGID] = c.has(28) ? c.int(PGID) : -1;
  if (c.has(14)) rows[row + RowWord.CONTAINER] = c.containerIds.of(c.int(CGROUPS));
  rows[row + RowWord.EXTRA] = c.extras.change(rows[row + RowWord.EXTRA] as number, c.now);
  setExtra(c, (rows[row + RowWord.EXTRA] as number) * EXTRA_WORDS);
  if (c.lead !== 0 && c.lead !== t) {
    if (c.has(26)) threads.set(c.lead, RowWord.UID, c.int(UID));
    if (c.has(29)) threads.set(c.lead, RowWord.GID, c.int(GID));
    if (c.has(18)) threads.set(c.lead, RowWord.LOGINUID, c.int(LOGINUID));
  }
  c.fds.removeCloseOnExec(c.owner());
  threads.setFlags(t, (threads.flags(t) & KEPT_FLAGS) | ThreadFlag.NAME_CHANGED);
  if (c.lead === t) threads.keepLeaderOnly(t);
}

function setExtra(c: Tables, to: number): void {
  if (to === 0) return;
  const extras = c.extras.words;
  extras[to + ExtraWord.FD_LIMIT] = c.int(FD_LIMIT);
  extras[to + ExtraWord.FD_LIMIT + 1] = c.int(FD_LIMIT + 1);
  if (c.has(12)) for (let i = 0; i < 3; i++) extras[to + ExtraWord.VM_SIZE + i] = c.int(VM + i);
  if (c.has(14)) extras[to + ExtraWord.CGROUPS] = c.int(CGROUPS);
  if (c.has(22)) for (let i = 0; i < 6; i++) extras[to + ExtraWord.CAP_INHERITABLE + i] = c.int(CAPS + i);
  if (c.has(25)) for (let i = 0; i < 6; i++) extras[to + ExtraWord.EXE_INO + i] = c.int(EXE_INO + i);
  extras[to + ExtraWord.LAST_EXEC] = c.int(RecordWord.TIME);
  extras[to + ExtraWord.LAST_EXEC + 1] = c.int(RecordWord.TIME + 1);
}

/** The program's path where the event does not tell it: from what the call was given. */
function exepathFromEnter(c: Tables, enter: number): number {
  const threads = c.threads.words;
  const base = c.t << Thread.SHIFT;
  const name = threads[base + Thread.ENTER_NAME] as number;
  if (enter === EventType.SYSCALL_EXECVE_19_E) {
    if (name === 0 || name === c.strings.na) return c.strings.na;
    return c.strings.path(c.cwd(), name);
  }
  const dirfd = threads[base + Thread.ENTER_FD] as number;
  if (((threads[base + Thread.ENTER_FLAGS] as number) & AT_EMPTY_PATH) !== 0) {
    const row = c.fds.get(c.owner(), dirfd);
    return row === 0 ? c.strings.na : (c.fdPool.words[row * FD_ROW_WORDS + FdWord.NAME] as number);
  }
  if (name === 0 || name === c.strings.na) return c.strings.na;
  if (c.strings.isAbsolute(name)) return c.strings.path(0, name);
  const dir = c.directory(dirfd);
  return dir === c.strings.unknown ? c.strings.na : c.strings.path(dir, name);
}

const PARAMS = [0, 1, 2, 4, 5, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];

export const execRules: readonly Rule[] = [
  { type: EventType.SYSCALL_EXECVE_19_X, run: executed, params: PARAMS },
  { type: EventType.SYSCALL_EXECVEAT_X, run: executed, params: PARAMS },
];
