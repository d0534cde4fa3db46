// SPDX-License-Identifier: Apache-2.0

import { EMPTY } from "../batch/dictionary.js";
import { ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { type Binders, interned, plain } from "./reading.js";
import { rowTextKey, walkAncestors } from "./rows.js";
import type { EventView } from "./view.js";

/** Flag of a thread that was cloned into another pid namespace. */
const CHILD_IN_PIDNS = 1 << 29;

/** Whether the thread lives in a pid namespace of its own: its ids there are not those of the host. */
function inNamespace(e: EventView): boolean {
  const base = e.row * ROW_WORDS;
  if (((e.rows[base + RowWord.FLAGS] as number) & CHILD_IN_PIDNS) !== 0) return true;
  return e.rows[base + RowWord.TID] !== e.rows[base + RowWord.VTID];
}

/**
 * Row of the leader of a session or process group: by convention the process whose pid is the id. Where that is gone, or
 * the id is one of a pid namespace, the oldest of the ancestors that have the same id without a gap. 0 where the id is not
 * known or there is none: the process itself does not stand in for a leader that cannot be found.
 * @param word the id's place in a row
 * @param direct whether the id is the host's even for threads in a namespace
 */
function leaderRow(e: EventView, word: number, direct: boolean): number {
  const id = e.rows[e.row * ROW_WORDS + word] as number;
  if (id === -1) return 0;
  if (direct || !inNamespace(e)) {
    const row = e.processes.at(id, e.number);
    if (row !== 0) return row;
  }
  let oldest = 0;
  walkAncestors(e, e.row, (row) => {
    if (e.rows[row * ROW_WORDS + word] !== id) return false;
    oldest = row;
    return true;
  });
  return oldest;
}

const leader = (id: number, word: number, direct = false): ReturnType<typeof plain> =>
  plain(
    interned((e) => {
      if (e.row === 0) return -1;
      const row = leaderRow(e, id, direct);
      return row === 0 ? EMPTY : rowTextKey(e, row, word);
    }),
  );

/** The leaders of the session and of the process groups. */
export const SESSION_FIELDS: Binders = {
  "proc.sname": leader(RowWord.SID, RowWord.COMM),
  "proc.sid.exe": leader(RowWord.SID, RowWord.EXE),
  "proc.sid.exepath": leader(RowWord.SID, RowWord.EXEPATH),
  "proc.vpgid.name": leader(RowWord.VPGID, RowWord.COMM),
  "proc.vpgid.exe": leader(RowWord.VPGID, RowWord.EXE),
  "proc.vpgid.exepath": leader(RowWord.VPGID, RowWord.EXEPATH),
  "proc.pgid.name": leader(RowWord.PGID, RowWord.COMM, true),
  "proc.pgid.exe": leader(RowWord.PGID, RowWord.EXE, true),
  "proc.pgid.exepath": leader(RowWord.PGID, RowWord.EXEPATH, true),
};
