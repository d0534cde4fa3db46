// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Script, steps, twins } from "./script.js";
import type { Batch, Done } from "./stress-reader.js";

const READERS = 2;
const BATCHES = 160;
const EVENTS = 48;
/** Batches that may be in flight. */
const ROOM = 24;

test("readers in other threads see each event's versions while the tables go on", async () => {
  const { bed, model } = twins();
  const maker = new Script();
  const script = steps(BATCHES * EVENTS, 99);
  const flight = new Map<number, number>();
  let wrong = 0;
  let done = 0;
  let wake: () => void = () => {};
  const workers = Array.from({ length: READERS }, () => {
    const worker = new Worker(new URL("./stress-reader.js", import.meta.url), { workerData: bed.memory });
    worker.on("message", (message: Done) => {
      flight.delete(message.number);
      wrong += message.wrong;
      done++;
      wake();
    });
    return worker;
  });
  for (let number = 0; number < BATCHES; number++) {
    while (flight.size >= ROOM) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    // Everything before the first event of the oldest batch in flight is done with.
    bed.stage.settle(Math.min(bed.writer.last, ...[...flight.values()].map((first) => first - 1)));
    const first = bed.writer.last + 1;
    const events = script.slice(number * EVENTS, (number + 1) * EVENTS).map((step) => {
      const event = maker.event(step);
      const expected = model.apply(event);
      return { expected, seen: bed.one(event) };
    });
    flight.set(number, first);
    workers[number % READERS]?.postMessage({ number, events } satisfies Batch);
  }
  const ends = workers.map((worker) => once(worker, "exit"));
  for (const worker of workers) worker.postMessage(null);
  await Promise.all(ends);
  assert.equal(done, BATCHES);
  assert.equal(wrong, 0);
  assert.equal(bed.stage.counters.exhaustedRows + bed.stage.counters.refusedThreads, 0, "there was room all the time");
});
