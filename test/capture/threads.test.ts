// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { ReaderCounter } from "../../src/capture/scap.js";
import { ScapBuilder } from "../support/scap-builder.js";

const THREADS = 4;
const EVENTS = 500;

test("several threads read at the same time, each with an addon of its own", async () => {
  const builder = new ScapBuilder().section();
  for (let i = 0; i < EVENTS; i++) {
    builder.event("SYSCALL_CLOSE_E", { fd: i }, { tid: 1 + (i % 9) });
    builder.event("SYSCALL_OPENAT_2_X", { fd: i, name: `/tmp/${i}` }, { tid: 1 + (i % 9) });
  }
  const path = builder.toFile();
  const url = new URL("../support/reading-thread.js", import.meta.url);
  const workers = Array.from({ length: THREADS }, () => new Worker(url, { workerData: { path } }));
  const results = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as Float64Array));
  for (const counters of results) {
    assert.equal(counters[ReaderCounter.RULE_RECORDS], EVENTS);
    assert.equal(counters[ReaderCounter.MERGED], EVENTS);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
});
