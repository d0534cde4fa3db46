// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import type { EventSpec } from "../support/records.js";
import { TEST_SHAPE } from "../support/records.js";
import { Bed, cloneCaller, EMPTY_HEADER, read, thread } from "./harness.js";

const START = 1_700_000_000_000_000_000n;
const MINUTE = 60_000_000_000n;
const at = (minutes: number, event: EventSpec): EventSpec => ({ ...event, time: START + BigInt(minutes) * MINUTE });

function bedOf(processRows: number = TEST_SHAPE.processRows): Bed {
  return new Bed(
    ({ id }) => ({
      ...EMPTY_HEADER,
      threads: [
        thread(1, { ptid: 0, comm: id("init") }),
        thread(100, { comm: id("sh") }),
        thread(101, { comm: id("quiet") }),
      ],
    }),
    { shape: { ...TEST_SHAPE, processRows } },
  );
}

test("a thread of which only the number is known goes after half an hour without an event, when threads are looked through", () => {
  const bed = bedOf();
  bed.run(at(0, read(555, 0)), at(0, read(556, 0)), at(0, read(100, 0)));
  // 20 minutes later it is looked at, and not old enough.
  bed.run(at(21, read(100, 0)), at(22, read(556, 0)));
  assert.notEqual(bed.now(555), 0);
  bed.run(at(42, read(100, 0)));
  assert.equal(bed.now(555), 0);
  assert.notEqual(bed.now(556), 0);
  assert.equal(bed.stage.counters.idleThreads, 1);
  // Whatever comes of it later makes it anew.
  const seen = bed.one(at(43, read(555, 0)));
  assert.equal(bed.text(seen.row, RowWord.COMM), "<NA>");
});

test("a thread that is known may be quiet for as long as there is room", () => {
  const bed = bedOf();
  bed.run(at(0, read(100, 0)));
  for (let minutes = 25; minutes < 500; minutes += 25) bed.run(at(minutes, read(100, 0)));
  assert.equal(bed.text(bed.now(101), RowWord.COMM), "quiet");
  assert.equal(bed.stage.counters.idleThreads, 0);
});

test("in a table that is nearly full the quiet ones go, but for parents and leaders of threads that are there", () => {
  const bed = bedOf(16_384);
  // More than three quarters of the threads that there can be: families of 100.
  const FIRST = 1000;
  const clones = Array.from({ length: 13_000 }, (_, i) => {
    const tid = FIRST + i;
    return at(0, cloneCaller(i % 100 === 0 ? 100 : FIRST + i - (i % 100), tid));
  });
  const settle = (...events: EventSpec[]): void => {
    bed.run(...events);
    bed.stage.settle(bed.writer.last);
  };
  for (let i = 0; i < clones.length; i += 200) settle(...clones.slice(i, i + 200));
  settle(at(0, cloneCaller(300, 980, { flags: ThreadFlag.THREAD })));
  for (const minutes of [21, 42, 63]) settle(at(minutes, read(980, 0)), at(minutes, read(1050, 0)));
  const { idleThreads, threads } = bed.stage.counters;
  assert.ok(idleThreads > 0);
  // No more than it takes.
  assert.ok(threads > 16_384 / 2);
  for (const tid of [100, 1000, 1050, 300, 980]) assert.notEqual(bed.now(tid), 0, String(tid));
});

test("the same threads go whatever the size of batches", () => {
  const events = [0, 5, 21, 22, 42, 43, 64, 90].flatMap((minutes, i) => [
    at(minutes, read(100, 0)),
    at(minutes, read(600 + i, 0)),
    at(minutes, read(555 + (i % 2), 0)),
  ]);
  const left = (size: number): number[] => {
    const bed = bedOf();
    for (let i = 0; i < events.length; i += size) bed.run(...events.slice(i, i + size));
    return Array.from({ length: 700 }, (_, tid) => tid).filter((tid) => bed.now(tid) !== 0);
  };
  assert.deepEqual(left(1), left(events.length));
  assert.deepEqual(left(7), left(events.length));
});
