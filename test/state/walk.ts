// SPDX-License-Identifier: Apache-2.0

import { type ProcessRows, RowWord } from "../../src/batch/process-rows.js";
import type { Seen } from "./harness.js";
import { type Answer, DEPTH } from "./model.js";

/** The tables as a reader has them. */
export interface Reader {
  readonly rows: ProcessRows;
  word(row: number, word: number): number;
  text(row: number, word: number): string | undefined;
  fdName(row: number): string | undefined;
}

/** The answer of the model, read from the shared rows as a worker would read it, however much later. */
export function answerOf(bed: Reader, seen: Seen): Answer {
  const { rows } = bed;
  const { row, number } = seen;
  if (row === 0) return [null];
  const text = (of: number, word: number): string => bed.text(of, word) ?? "?";
  const comm = (of: number): string | null => (of === 0 ? null : text(of, RowWord.COMM));
  const leader = rows.leader(row, number);
  const out: (string | null)[] = [
    text(row, RowWord.COMM),
    text(row, RowWord.CMDLINE),
    leader === 0 ? null : text(leader, RowWord.CWD),
    String(bed.word(row, RowWord.PTID)),
    seen.fdRow === 0 ? null : (bed.fdName(seen.fdRow) ?? "?"),
    comm(rows.at(bed.word(row, RowWord.SID), number)),
  ];
  let at = leader;
  for (let i = 0; i < DEPTH; i++) {
    const parent = at === 0 ? 0 : rows.at(bed.word(at, RowWord.PTID), number);
    at = parent === 0 ? 0 : rows.leader(parent, number);
    out.push(comm(at));
  }
  return out;
}
