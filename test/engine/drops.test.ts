// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { DROP_CAUSES, DROP_CLASSES } from "../../src/capture/live.js";
import { DropMonitor, type DropSettings } from "../../src/engine/drops.js";
import { SilenceMonitor } from "../../src/engine/silence.js";

const SETTINGS: DropSettings = { threshold: 0.1, rate: 0.5, maxBurst: 2, simulate: false };
const SECOND = 1_000_000_000n;

function lost(events: number, cause: (typeof DROP_CAUSES)[number] = "full"): Float64Array {
  const drops = new Float64Array(DROP_CLASSES.length * DROP_CAUSES.length);
  drops[DROP_CLASSES.indexOf("execve") * DROP_CAUSES.length + DROP_CAUSES.indexOf(cause)] = events;
  return drops;
}

test("losses beyond the threshold are told once a second, with class and cause", () => {
  const monitor = new DropMonitor(SETTINGS);
  const start = 100n * SECOND;
  assert.equal(monitor.look(start, 0, lost(0)), null);
  assert.equal(monitor.look(start + SECOND, 100, lost(50)), null, "within a second nothing is looked at");
  const news = monitor.look(start + SECOND + 1n, 200, lost(50));
  assert.deepEqual(news, {
    time: start + SECOND + 1n,
    events: 200,
    drops: 50,
    parts: [{ class: "execve", cause: "full", events: 50 }],
    totalDrops: 50,
  });
  assert.equal(monitor.look(start + 3n * SECOND, 300, lost(50)), null, "nothing more was lost");
  assert.equal(monitor.look(start + 5n * SECOND, 400, lost(60)), null, "a tenth is not more than a tenth");
  assert.equal(monitor.look(start + 7n * SECOND, 500, lost(71))?.drops, 11);
});

test("a token bucket: a burst, then as often as the rate says", () => {
  const monitor = new DropMonitor({ ...SETTINGS, threshold: 0 });
  let drops = 0;
  const told: number[] = [];
  for (let second = 0; second < 12; second++) {
    drops++;
    const at = BigInt(second) * (SECOND + 1n);
    if (monitor.look(at, second * 10, lost(drops)) !== null) told.push(second);
  }
  // Two at once; then a token every two seconds.
  assert.deepEqual(
    told,
    [1, 2, 3, 5, 7, 9, 11].filter((second) => told.includes(second)),
  );
  assert.ok(told.length >= 5 && told.length <= 7, `told at ${told.join(", ")}`);
});

test("simulated losses are told whatever the threshold is, also of a source that loses none", () => {
  const monitor = new DropMonitor({ ...SETTINGS, threshold: 1, simulate: true });
  assert.equal(monitor.look(0n, 0, null), null);
  const news = monitor.look(2n * SECOND, 1000, null);
  assert.equal(news?.drops, 1);
  assert.equal(news?.events, 1001);
  assert.deepEqual(news?.parts, []);
});

test("silence is told when more looks than that find nothing, and again after as many more", () => {
  const monitor = new SilenceMonitor(3);
  const told = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2].map((event) => monitor.look(event));
  assert.deepEqual(told, [null, null, null, null, 4, null, null, null, 4, null, null, null]);
});
