// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuard, Guard } from "../../src/batch/guard.js";
import { Watch } from "../../src/engine/hang-watch.js";

const TIMEOUT = 1000;
/** Longer than a thread that waits may stand still. */
const LONG = 6 * TIMEOUT + 1;

function watched(alive: boolean): { guard: Guard; watch: Watch } {
  const guard = new Guard(createGuard(1, 1), 0);
  // A thread of which the system says nothing: it is not seen to compute.
  guard.begin(0);
  return { guard, watch: new Watch(guard, alive) };
}

test("a worker hangs inside of a plugin alone, and not while calls come and go", () => {
  const { guard, watch } = watched(false);
  assert.equal(watch.hangs(0, TIMEOUT, 0, 0), false);
  assert.equal(watch.hangs(0, TIMEOUT, LONG, 0), false, "in no plugin");
  guard.enter(0);
  assert.equal(watch.hangs(0, TIMEOUT, LONG, 0), false, "seen for the first time");
  assert.equal(watch.hangs(0, TIMEOUT, LONG + TIMEOUT, 0), false, "it waits, as far as is known");
  guard.leave();
  guard.enter(0);
  assert.equal(watch.hangs(0, TIMEOUT, 2 * LONG, 0), false, "another call");
  assert.equal(watch.hangs(0, TIMEOUT, 3 * LONG, 0), true);
});

test("a source hangs anywhere, unless it shows signs of life; another life begins anew", () => {
  const { guard, watch } = watched(true);
  guard.beat();
  assert.equal(watch.hangs(1, TIMEOUT, 0, 0), false);
  guard.beat();
  assert.equal(watch.hangs(1, TIMEOUT, LONG, 0), false);
  assert.equal(watch.hangs(1, TIMEOUT, 2 * LONG, 0), true);
  assert.equal(watch.hangs(2, TIMEOUT, 2 * LONG, 0), false);
});

test("memory is put down to a thread inside one call, by what it has touched itself", () => {
  const guard = new Guard(createGuard(1, 1), 0);
  // This process's main thread.
  guard.begin(process.pid);
  const watch = new Watch(guard, false);
  guard.enter(0);
  watch.hangs(0, TIMEOUT, 0, 0);
  assert.equal(watch.taken(2 ** 30), 0, "seen only once");
  const held = Buffer.alloc(64 * 2 ** 20, 1);
  watch.hangs(0, TIMEOUT, 1, 2 ** 30);
  assert.ok(watch.taken(2 ** 30) > 0, String(held.length));
  assert.equal(watch.taken(2 ** 20), 2 ** 20, "no more than the process has grown by");
  assert.equal(watch.taken(0), 0);
  guard.leave();
  watch.hangs(0, TIMEOUT, 2, 2 ** 30);
  assert.equal(watch.taken(2 ** 31), 0, "the call is over");
});
