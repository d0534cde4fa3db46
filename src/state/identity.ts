// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { PlanTest } from "../batch/plan.js";
import { EXTRA_WORDS, ExtraWord, RowWord } from "../batch/process-rows.js";
import { type Rule, wordOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { ThreadFlag } from "./threads.js";

const SUCCESS = [PlanTest.SUCCESS, 0];

/** A call that sets the user or group of the process from parameter `param`; -1 leaves it where `keeps` says so. */
function setter(type: number, param: number, word: number, keeps: boolean): Rule {
  const res = wordOf(type, 0);
  const at = wordOf(type, param);
  return {
    type,
    params: [0, param],
    test: SUCCESS,
    run: (c) => {
      // They belong to the process; a thread whose leader is not known has its own.
      const t = c.lead === 0 ? c.t : c.lead;
      if (!c.succeeded(res) || t === 0 || !c.has(param)) return;
      const id = c.int(at);
      if (!keeps || id !== -1) c.threads.set(t, word, id);
    },
  };
}

const RES = wordOf(EventType.SYSCALL_SETSID_X, 0);

function setsid(c: Tables): void {
  if (c.succeeded(RES) && c.t !== 0) c.threads.set(c.t, RowWord.SID, c.int(RES));
}

/** Word offset of the extra row to write for the event's thread; 0 where there is no room. */
function extraOf(c: Tables): number {
  const threads = c.threads;
  const row = threads.writable(c.t);
  const rows = threads.versions.words;
  const extra = c.extras.change(rows[row + RowWord.EXTRA] as number, c.now);
  rows[row + RowWord.EXTRA] = extra;
  return extra * EXTRA_WORDS;
}

const CAPSET = wordOf(EventType.SYSCALL_CAPSET_X, 1);

function capset(c: Tables): void {
  if (!c.succeeded(RES) || c.t === 0) return;
  const extra = extraOf(c);
  if (extra === 0) return;
  for (let i = 0; i < 6; i++) c.extras.words[extra + ExtraWord.CAP_INHERITABLE + i] = c.int(CAPSET + i);
}

/** Capabilities 0 to 40. */
const ALL_CAPS_LOW = -1;
const ALL_CAPS_HIGH = 0x1ff;

/** unshare and setns: the first process of a new user namespace has every capability in it. */
function namespaces(type: number, param: number): Rule {
  const at = wordOf(type, param);
  return {
    type,
    params: [0, param],
    test: SUCCESS,
    run: (c) => {
      if (!c.succeeded(RES) || c.t === 0 || (c.int(at) & ThreadFlag.NEWUSER) === 0) return;
      const extra = extraOf(c);
      if (extra === 0) return;
      for (let i = 0; i < 6; i++) {
        c.extras.words[extra + ExtraWord.CAP_INHERITABLE + i] = (i & 1) === 0 ? ALL_CAPS_LOW : ALL_CAPS_HIGH;
      }
    },
  };
}

const PRCTL_OPTION = wordOf(EventType.SYSCALL_PRCTL_X, 1);
const PRCTL_ARG = wordOf(EventType.SYSCALL_PRCTL_X, 3);
const SET_CHILD_SUBREAPER = 36;
const GET_CHILD_SUBREAPER = 37;

function prctl(c: Tables): void {
  const option = c.int(PRCTL_OPTION);
  if (option !== SET_CHILD_SUBREAPER && option !== GET_CHILD_SUBREAPER) return;
  if (!c.succeeded(RES) || c.t === 0) return;
  c.threads.setReaper(c.t, c.int(PRCTL_ARG) !== 0 || c.int(PRCTL_ARG + 1) !== 0);
}

const RLIMIT_NOFILE = 7;

function setFdLimit(c: Tables, t: number, low: number, high: number): void {
  if (t === 0) return;
  const threads = c.threads;
  const rows = threads.versions.words;
  const old = (rows[threads.row(t) + RowWord.EXTRA] as number) * EXTRA_WORDS;
  const extras = c.extras.words;
  if (extras[old + ExtraWord.FD_LIMIT] === low && extras[old + ExtraWord.FD_LIMIT + 1] === high) return;
  const row = threads.writable(t);
  const extra = c.extras.change(rows[row + RowWord.EXTRA] as number, c.now);
  rows[row + RowWord.EXTRA] = extra;
  if (extra === 0) return;
  extras[extra * EXTRA_WORDS + ExtraWord.FD_LIMIT] = low;
  extras[extra * EXTRA_WORDS + ExtraWord.FD_LIMIT + 1] = high;
}

const RLIMIT_CUR = wordOf(EventType.SYSCALL_GETRLIMIT_X, 1);
const RLIMIT_RESOURCE = wordOf(EventType.SYSCALL_GETRLIMIT_X, 3);

function rlimit(c: Tables): void {
  if (!c.succeeded(RES) || c.int(RLIMIT_RESOURCE) !== RLIMIT_NOFILE) return;
  setFdLimit(c, c.lead, c.int(RLIMIT_CUR), c.int(RLIMIT_CUR + 1));
}

const PRLIMIT_CUR = wordOf(EventType.SYSCALL_PRLIMIT_X, 1);
const PRLIMIT_PID = wordOf(EventType.SYSCALL_PRLIMIT_X, 5);
const PRLIMIT_RESOURCE = wordOf(EventType.SYSCALL_PRLIMIT_X, 6);

function prlimit(c: Tables): void {
  if (!c.succeeded(RES) || c.int(PRLIMIT_RESOURCE) !== RLIMIT_NOFILE || !c.has(1)) return;
  const low = c.int(PRLIMIT_CUR);
  const high = c.int(PRLIMIT_CUR + 1);
  if (low === -1 && high === -1) return;
  const pid = c.slotAt(PRLIMIT_PID);
  const t = pid === 0 ? c.lead : c.threads.find(pid);
  setFdLimit(c, t === 0 ? 0 : c.threads.leader(t), low, high);
}

const NOFILE = (param: number): readonly number[] => [
  PlanTest.ONE_OF,
  param,
  RLIMIT_NOFILE,
  RLIMIT_NOFILE,
  RLIMIT_NOFILE,
];

export const identityRules: readonly Rule[] = [
  setter(EventType.SYSCALL_SETUID_X, 1, RowWord.UID, false),
  setter(EventType.SYSCALL_SETRESUID_X, 2, RowWord.UID, true),
  setter(EventType.SYSCALL_SETREUID_X, 2, RowWord.UID, true),
  setter(EventType.SYSCALL_SETGID_X, 1, RowWord.GID, false),
  setter(EventType.SYSCALL_SETRESGID_X, 2, RowWord.GID, true),
  setter(EventType.SYSCALL_SETREGID_X, 2, RowWord.GID, true),
  { type: EventType.SYSCALL_SETSID_X, run: setsid, params: [0], test: SUCCESS },
  { type: EventType.SYSCALL_CAPSET_X, run: capset, params: [0, 1, 2, 3], test: SUCCESS },
  namespaces(EventType.SYSCALL_UNSHARE_X, 1),
  namespaces(EventType.SYSCALL_SETNS_X, 2),
  {
    type: EventType.SYSCALL_PRCTL_X,
    run: prctl,
    params: [0, 1, 3],
    test: [PlanTest.ONE_OF, 1, SET_CHILD_SUBREAPER, GET_CHILD_SUBREAPER, GET_CHILD_SUBREAPER],
  },
  { type: EventType.SYSCALL_GETRLIMIT_X, run: rlimit, params: [0, 1, 3], test: NOFILE(3) },
  { type: EventType.SYSCALL_SETRLIMIT_X, run: rlimit, params: [0, 1, 3], test: NOFILE(3) },
  { type: EventType.SYSCALL_PRLIMIT_X, run: prlimit, params: [0, 1, 5, 6], test: NOFILE(6) },
];
