// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferWatch } from "../../src/plugins/buffer-watch.js";

const MIB = 2 ** 20;

test("who makes the most of the buffers while there are many has to answer for them", () => {
  let held = 0;
  const watch = new BufferWatch([10, 10], () => held, 0);
  const call = (plugin: number, mib: number): void => {
    watch.begin();
    held += mib * MIB;
    watch.end(plugin);
  };
  assert.equal(watch.look(0), null);
  held = 12 * MIB;
  assert.equal(watch.look(100), null);
  assert.ok(watch.measuring, "above half of the limit");
  call(0, 2);
  call(1, 5);
  call(0, 2);
  assert.equal(watch.look(150), null, "not before it is time");
  assert.deepEqual(watch.look(200), { plugin: 1, mib: 21 });
});

test("buffers that nobody makes are nobody's, and are borne for a while", () => {
  const watch = new BufferWatch([10], () => 30 * MIB, 0);
  let looks = 0;
  let verdict = null;
  for (let now = 0; verdict === null; now += 100) {
    verdict = watch.look(now);
    looks++;
  }
  assert.deepEqual(verdict, { plugin: -1, mib: 30 });
  assert.ok(looks > 10);
});

test("what was freed is forgotten, and calls are looked at no more", () => {
  let held = 15 * MIB;
  const watch = new BufferWatch([20], () => held, 0);
  watch.look(0);
  assert.ok(watch.measuring);
  held = MIB;
  assert.equal(watch.look(100), null);
  assert.ok(!watch.measuring);
});
