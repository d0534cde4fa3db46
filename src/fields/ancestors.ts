// SPDX-License-Identifier: Apache-2.0

import { ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { type Argument, type Binders, dictionaryText, each, interned, keyed, number, type Reading } from "./reading.js";
import { ancestorRow, joinedArgs, nextAncestor, rowTextKey, walkAncestors } from "./rows.js";
import type { EventView } from "./view.js";

/** Rows of all strict ancestors, nearest first, as many as fit. Allocates nothing. @returns how many */
function ancestorRows(e: EventView, rows: Int32Array): number {
  if (e.leader === 0) return 0;
  let count = 0;
  let slow = e.leader;
  let row = e.leader;
  for (let steps = 1; count < rows.length; steps++) {
    row = nextAncestor(e, row);
    if (row === 0 || row === slow) break;
    rows[count++] = row;
    if (steps % 2 === 0) slow = nextAncestor(e, slow);
  }
  return count;
}

/** Keys of a text of all strict ancestors. */
function ancestorKeys(e: EventView, keys: Int32Array, word: number): number {
  const count = ancestorRows(e, keys);
  for (let i = 0; i < count; i++) keys[i] = rowTextKey(e, keys[i] as number, word);
  return count;
}

function ancestorTexts(e: EventView, word: number, text: (key: number, e: EventView) => string): string | null {
  if (e.leader === 0) return null;
  const texts: string[] = [];
  walkAncestors(e, e.leader, (row) => {
    texts.push(text(rowTextKey(e, row, word), e));
    return true;
  });
  return texts.length === 0 ? null : texts.join(" ");
}

/** A text of the n-th ancestor, or of any of them. */
const ancestorText =
  (word: number, text: (key: number, e: EventView) => string = dictionaryText) =>
  (argument: Argument | null): Reading => {
    if (argument === null) {
      return {
        extract: each(
          (e, keys) => ancestorKeys(e, keys, word),
          text,
          (e) => ancestorTexts(e, word, text),
        ),
      };
    }
    const n = argument.index;
    const key = (e: EventView): number => rowTextKey(e, ancestorRow(e, n), word);
    return { extract: text === dictionaryText ? interned(key) : keyed(key, text) };
  };

/** Pids of all strict ancestors. */
function ancestorPids(e: EventView, keys: Int32Array): number {
  const count = ancestorRows(e, keys);
  for (let i = 0; i < count; i++) keys[i] = e.rows[(keys[i] as number) * ROW_WORDS + RowWord.PID] as number;
  return count;
}

function bindPid(argument: Argument | null): Reading {
  if (argument === null) {
    return {
      extract: each(ancestorPids, String, (e) =>
        e.leader === 0 ? null : String(e.rows[e.leader * ROW_WORDS + RowWord.PID]),
      ),
    };
  }
  const n = argument.index;
  return {
    extract: number((e) => {
      const row = ancestorRow(e, n);
      return row === 0 ? Number.NaN : (e.rows[row * ROW_WORDS + RowWord.PID] as number);
    }),
  };
}

/** The pid of the topmost of the leader and its ancestors whose comm ends with "sh". */
function loginShell(e: EventView): number {
  if (e.leader === 0) return Number.NaN;
  let found = Number.NaN;
  const look = (row: number): boolean => {
    const comm = rowTextKey(e, row, RowWord.COMM);
    const length = e.dictionary.length(comm);
    if (
      length >= 2 &&
      e.dictionary.byteAt(comm, length - 2) === 0x73 &&
      e.dictionary.byteAt(comm, length - 1) === 0x68
    ) {
      found = e.rows[row * ROW_WORDS + RowWord.PID] as number;
    }
    return true;
  };
  look(e.leader);
  walkAncestors(e, e.leader, look);
  return found;
}

/** The processes that the event's process descends from. */
export const ANCESTOR_FIELDS: Binders = {
  "proc.aname": ancestorText(RowWord.COMM),
  "proc.aexe": ancestorText(RowWord.EXE),
  "proc.aexepath": ancestorText(RowWord.EXEPATH),
  "proc.acmdline": ancestorText(RowWord.CMDLINE),
  "proc.aargs": ancestorText(RowWord.ARGS, joinedArgs),
  "proc.apid": bindPid,
  "proc.loginshellid": () => ({ extract: number(loginShell) }),
};
