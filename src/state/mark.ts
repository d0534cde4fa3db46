// SPDX-License-Identifier: Apache-2.0

import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { GroupWord, Lookup, UserWord } from "../batch/lookup.js";
import { EXTRA_WORDS, ExtraWord, RowWord } from "../batch/process-rows.js";
import type { Tables } from "./tables.js";
import { Thread } from "./threads.js";

const ROW_IDS = [
  RowWord.COMM,
  RowWord.EXE,
  RowWord.EXEPATH,
  RowWord.ARGS,
  RowWord.CMDLINE,
  RowWord.CWD,
  RowWord.CONTAINER,
  RowWord.ENV,
];
const EXTRA_IDS = [ExtraWord.CGROUPS, ExtraWord.ROOT];
const FD_IDS = [FdWord.NAME, FdWord.NAME_RAW, FdWord.SOCKET];
/** Both keys of a look-up entry lie three and two words before its value. */
const FIRST_KEY = -3;

/**
 * Marks the ids that the tables hold. Only the newest row of each thread counts: while no batch is in flight nobody can
 * ask for an older one again.
 */
export function markAll(c: Tables, marks: Uint8Array): void {
  c.strings.mark(marks);
  const threads = c.threads;
  const rows = threads.versions.words;
  const extras = c.extras.words;
  const fdRows = c.fdPool.words;
  for (let t = 1; t < threads.end; t++) {
    if (threads.words[(t << Thread.SHIFT) + Thread.ROW] === 0) continue;
    const row = threads.row(t);
    for (const word of ROW_IDS) marks[rows[row + word] as number] = 1;
    const extra = (rows[row + RowWord.EXTRA] as number) * EXTRA_WORDS;
    for (const word of EXTRA_IDS) marks[extras[extra + word] as number] = 1;
    marks[threads.words[(t << Thread.SHIFT) + Thread.ENTER_NAME] as number] = 1;
    c.fds.each(t, (_fd, fdRow) => {
      for (const word of FD_IDS) marks[fdRows[fdRow * FD_ROW_WORDS + word] as number] = 1;
    });
  }
  markLookup(c.users, [FIRST_KEY, UserWord.NAME, UserWord.HOME, UserWord.SHELL], marks);
  markLookup(c.groups, [FIRST_KEY, GroupWord.NAME], marks);
  markLookup(c.containers, [FIRST_KEY, 0], marks);
}

function markLookup(table: Lookup, words: readonly number[], marks: Uint8Array): void {
  for (let entry = 1; entry <= table.count; entry++) {
    const at = Lookup.valueOf(entry);
    for (const word of words) marks[table.words[at + word] as number] = 1;
  }
}
