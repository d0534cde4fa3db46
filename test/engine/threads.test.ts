// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { startThreads } from "../../src/engine/threads.js";

/** MiB of heap of each worker. */
function bounds(threads: ReturnType<typeof startThreads>): (number | undefined)[] {
  return threads.pool.threads.map((thread) => thread.resourceLimits?.maxOldGenerationSizeMb);
}

test("workers have V8's bound of the heap until there are plugins, and then one of their own", async () => {
  const threads = startThreads(2);
  try {
    const first = threads.pool;
    threads.boundHeap(null);
    assert.equal(threads.pool, first, "nothing changes, nothing is started");
    threads.boundHeap(100);
    assert.notEqual(threads.pool, first);
    assert.deepEqual(bounds(threads), [612, 612]);
    const second = threads.pool;
    threads.boundHeap(100);
    assert.equal(threads.pool, second);
    threads.boundHeap(null);
    assert.ok(bounds(threads).every((bound) => bound !== 612));
  } finally {
    await threads.close();
  }
});

test("threads that are given up at once end all the same", async () => {
  const threads = startThreads(1);
  for (const mib of [32, 64, null]) threads.boundHeap(mib);
  await threads.close();
  assert.equal(threads.pool.threads.length, 0);
});
