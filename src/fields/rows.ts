// SPDX-License-Identifier: Apache-2.0

import { EMPTY } from "../batch/dictionary.js";
import { EXTRA_WORDS, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import type { EventView } from "./view.js";

/** Dictionary id of a text of a row: a row that is there has the text, if only an empty one. -1 for row 0. */
export function rowTextKey(e: EventView, row: number, word: number): number {
  return row === 0 ? -1 : (e.rows[row * ROW_WORDS + word] as number) || EMPTY;
}

/** Row of the parent: what the thread's ptid names. */
export function parentRow(e: EventView): number {
  return e.row === 0 ? 0 : e.processes.at(e.rows[e.row * ROW_WORDS + RowWord.PTID] as number, e.number);
}

/** argv[1..] as a row holds it, NUL separated, as one text. */
export function joinedArgs(key: number, e: EventView): string {
  return e.dictionary.text(key).replaceAll("\0", " ");
}

/** The arguments one by one; none for the empty text. */
export function splitArgs(binary: string): string[] {
  return binary === "" ? [] : binary.split("\0");
}

/** Word offset of the extra row of `row`; 0, which is all zeros, where it has none. */
export function extraOf(e: EventView, row: number): number {
  return (e.rows[row * ROW_WORDS + RowWord.EXTRA] as number) * EXTRA_WORDS;
}

/*
 * Two walks to the ancestors. The indexed one (proc.aname[2]) goes from leader to leader: a hop follows the ptid and then the
 * thread found to its leader. The other one (proc.aname) follows the ptid from record to record, whatever thread that is.
 * Both end at a thread that is not known; a chain that leads back into itself is cut.
 */

/** Ancestors that a walk looks at, at the most: more than a chain of processes ever has. */
const MAX_ANCESTORS = 4096;

/** Row of the n-th ancestor from leader to leader, 0 = the event's own leader; 0 where there is none. */
export function ancestorRow(e: EventView, n: number): number {
  let row = e.leader;
  if (n > MAX_ANCESTORS) return 0;
  for (let i = 0; i < n && row !== 0; i++) {
    const parent = e.processes.at(e.rows[row * ROW_WORDS + RowWord.PTID] as number, e.number);
    row = parent === 0 ? 0 : e.processes.leader(parent, e.number);
  }
  return row;
}

/**
 * Row of the next ancestor by raw ptid, 0 at the end. The slow pointer of the caller goes at half the speed: when both
 * meet, the chain is a loop.
 */
export function nextAncestor(e: EventView, row: number): number {
  if ((e.rows[row * ROW_WORDS + RowWord.TID] as number) === -1) return 0;
  return e.processes.at(e.rows[row * ROW_WORDS + RowWord.PTID] as number, e.number);
}

/** Calls for each strict ancestor, nearest first, until `visit` says to stop. For walks that are not hot. */
export function walkAncestors(e: EventView, start: number, visit: (row: number) => boolean): void {
  let slow = start;
  let row = start;
  for (let steps = 1; ; steps++) {
    row = nextAncestor(e, row);
    if (row === 0 || row === slow || !visit(row)) return;
    if (steps % 2 === 0) slow = nextAncestor(e, slow);
  }
}
