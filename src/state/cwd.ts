// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { EXTRA_WORDS, ExtraWord, RowWord } from "../batch/process-rows.js";
import { type Rule, wordOf } from "./handler.js";
import type { Tables } from "./tables.js";

const RES = wordOf(EventType.SYSCALL_CHDIR_X, 0);
const PATH = wordOf(EventType.SYSCALL_CHDIR_X, 1);

/** The working directory belongs to the process: its leader's row has it. */
function setCwd(c: Tables, folder: number): void {
  if (c.lead !== 0) c.threads.set(c.lead, RowWord.CWD, folder);
}

function chdir(c: Tables): void {
  const path = c.int(PATH);
  if (!c.succeeded(RES) || path === 0 || c.t === 0) return;
  setCwd(c, c.strings.folder(c.strings.path(c.cwd(), path)));
}

function fchdir(c: Tables): void {
  if (!c.succeeded(RES) || c.fdRow === 0) return;
  setCwd(c, c.strings.folder(c.fdPool.words[c.fdRow * FD_ROW_WORDS + FdWord.NAME] as number));
}

function getcwd(c: Tables): void {
  const path = c.int(PATH);
  if (!c.succeeded(RES) || path === 0 || c.t === 0 || path === c.strings.na) return;
  setCwd(c, c.strings.folder(c.strings.path(c.cwd(), path)));
}

function chroot(c: Tables): void {
  const path = c.int(PATH);
  if (!c.succeeded(RES) || path === 0 || c.t === 0) return;
  const threads = c.threads;
  const root = c.strings.path(c.cwd(), path);
  const row = threads.writable(c.t);
  const rows = threads.versions.words;
  const extra = c.extras.change(rows[row + RowWord.EXTRA] as number, c.now);
  rows[row + RowWord.EXTRA] = extra;
  if (extra !== 0) c.extras.words[extra * EXTRA_WORDS + ExtraWord.ROOT] = root;
}

const SUCCESS = [PlanTest.SUCCESS, 0];

export const cwdRules: readonly Rule[] = [
  { type: EventType.SYSCALL_CHDIR_X, run: chdir, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_FCHDIR_X, run: fchdir, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_GETCWD_X, run: getcwd, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_CHROOT_X, run: chroot, params: [0, 1], test: SUCCESS },
];
