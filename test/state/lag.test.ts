// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROW_WORDS, RowWord } from "../../src/batch/process-rows.js";
import type { Seen } from "./harness.js";
import type { Answer } from "./model.js";
import { Script, steps, twins } from "./script.js";
import { answerOf } from "./walk.js";

const KEPT = 256;

/**
 * Applies a script while the last 256 events are still "in flight": rows are freed for the oldest of them exactly, or
 * `late` events too late a horizon, and all of them are read again now and then.
 * @returns how many answers were read, and how many were wrong
 */
function run(count: number, late: number, seed: number): { read: number; wrong: number } {
  const { bed, model } = twins();
  const maker = new Script();
  const flight: { seen: Seen; expected: Answer }[] = [];
  let read = 0;
  let wrong = 0;
  for (const [i, step] of steps(count, seed).entries()) {
    const event = maker.event(step);
    const expected = model.apply(event);
    flight.push({ seen: bed.one(event), expected });
    if (flight.length > KEPT) flight.shift();
    const oldest = flight[0] as { seen: Seen };
    bed.stage.settle(oldest.seen.number - 1 + late);
    if (i % 16 !== 0) continue;
    for (const one of flight) {
      read++;
      if (JSON.stringify(answerOf(bed, one.seen)) !== JSON.stringify(one.expected)) wrong++;
    }
  }
  return { read, wrong };
}

test("events in flight read the same for as long as they are in flight", () => {
  const { read, wrong } = run(6000, 0, 42);
  assert.ok(read > 80_000);
  assert.equal(wrong, 0);
});

test("the test above finds a horizon that is one event too late", () => {
  assert.ok(run(6000, 1, 42).wrong > 0);
});

test("nothing leaks: with nothing in flight there is one row a thread, and chains strictly decrease", () => {
  const { bed } = twins();
  const maker = new Script();
  const rows = bed.rows.words;
  const times = new Float64Array(bed.memory.processes.rows);
  for (const step of steps(4000, 7)) {
    const seen = bed.one(maker.event(step));
    if (seen.number % 100 === 0) bed.stage.settle(seen.number - 50);
    for (let row = seen.row; row !== 0; ) {
      const prev = rows[row * ROW_WORDS + RowWord.PREV] as number;
      assert.ok(prev === 0 || (times[prev * 16] as number) < (times[row * 16] as number));
      row = prev;
    }
  }
  // Twice: the first frees tombstones' heads, the second the tombstones.
  bed.stage.settle(Number.MAX_SAFE_INTEGER);
  bed.stage.settle(Number.MAX_SAFE_INTEGER);
  const { counters } = bed.stage;
  assert.equal(counters.rowsUsed, counters.threads);
  assert.equal(counters.fdRowsUsed, bed.stage.heldFdRows());
});

test("a long chain of versions is read in a few steps", () => {
  const { bed } = twins();
  const shape = bed.memory.shape.processRows;
  const first = bed.writer.last;
  const maker = new Script();
  for (let i = 0; i < shape - 200; i++) bed.one(maker.event({ op: 8, a: 1, b: 0, c: i }));
  const rows = bed.rows.words;
  const times = new Float64Array(bed.memory.processes.rows);
  // The walk of ProcessRows.at, counted.
  for (const s of [first, first + 1, first + 1000, bed.writer.last - 1]) {
    let row = bed.now(2);
    let count = 0;
    while ((times[row * 16] as number) > s) {
      const base = row * ROW_WORDS;
      row = ((times[row * 16 + 2] as number) > s ? rows[base + RowWord.JUMP] : rows[base + RowWord.PREV]) as number;
      count++;
    }
    assert.ok(count <= 40, `${count} steps`);
    assert.equal(row, bed.rows.at(2, s));
  }
});
