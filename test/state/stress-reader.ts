// SPDX-License-Identifier: Apache-2.0

import { parentPort, workerData } from "node:worker_threads";
import { Dictionary } from "../../src/batch/dictionary.js";
import { FD_ROW_WORDS, FdWord } from "../../src/batch/fd-rows.js";
import type { Memory } from "../../src/batch/memory.js";
import { ProcessRows, ROW_WORDS } from "../../src/batch/process-rows.js";
import type { Seen } from "./harness.js";
import type { Answer } from "./model.js";
import { answerOf, type Reader } from "./walk.js";

/** Some events with what they saw. */
export interface Batch {
  readonly number: number;
  readonly events: readonly { readonly seen: Seen; readonly expected: Answer }[];
}

/** Which batch is done with, and how many of its answers were wrong. */
export interface Done {
  readonly number: number;
  readonly wrong: number;
}

/*
 * A reader in a thread of its own: reads every answer again while the tables change under it. It holds a few batches back
 * and mostly takes the newest first, so that it reads far behind.
 */
const memory = workerData as Memory;
const rows = new ProcessRows(memory.processes);
const dictionary = new Dictionary(memory.dictionary);
const fds = new Int32Array(memory.fds.rows);
const reader: Reader = {
  rows,
  word: (row, word) => rows.words[row * ROW_WORDS + word] as number,
  text: (row, word) => dictionary.text(rows.words[row * ROW_WORDS + word] as number),
  fdName: (row) => dictionary.text(fds[row * FD_ROW_WORDS + FdWord.NAME] as number),
};

const held: Batch[] = [];
let turn = 0;

function check(batch: Batch): void {
  let wrong = 0;
  for (const { seen, expected } of batch.events) {
    if (JSON.stringify(answerOf(reader, seen)) !== JSON.stringify(expected)) wrong++;
  }
  parentPort?.postMessage({ number: batch.number, wrong } satisfies Done);
}

parentPort?.on("message", (batch: Batch | null) => {
  if (batch !== null) held.push(batch);
  while (held.length > (batch === null ? 0 : 4)) {
    const next = turn++ % 3 === 0 ? held.shift() : held.pop();
    if (next !== undefined) check(next);
  }
  if (batch === null) parentPort?.close();
});
