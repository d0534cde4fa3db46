// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  batchesBetween,
  Control,
  ControlWord,
  createControl,
  FailedAt,
  RESULTS,
  Result,
  SlotControl,
} from "../../src/batch/control.js";
import { createWork } from "../../src/batch/work.js";

const LAST = 2 ** 31 - 1;

/** Publishes, claims and completes a batch. @returns whether main must be told */
function finish(control: Control, alerts = false): boolean {
  assert.ok(control.mayFill());
  control.publish();
  const slot = control.claim(0, true);
  assert.notEqual(slot, -1);
  return control.complete(slot, alerts, 1, 2);
}

test("ingest is never so far ahead that a result is overwritten that main has not seen", () => {
  for (const first of [0, LAST - 100, -100]) {
    const control = new Control(createControl(4, createWork(1), 256, first));
    for (let i = 0; i < RESULTS; i++) finish(control);
    assert.ok(!control.mayFill(), "one more would take the first one's place");
    assert.equal(control.result(first), Result.NO_ALERTS);
    control.release((first + 1) | 0, 0);
    assert.ok(control.mayFill());
    finish(control);
    assert.equal(control.result(first), Result.PENDING);
    assert.equal(control.result((first + RESULTS) | 0), Result.NO_ALERTS);
  }
});

test("main hears of each batch that is a multiple of the heartbeat, and of the one it waits for", () => {
  const told = (heartbeat: number): number[] => {
    const control = new Control(createControl(2, createWork(1), heartbeat));
    control.want(5);
    return Array.from({ length: 9 }, (_, batch) => (finish(control) ? batch : -1)).filter((batch) => batch >= 0);
  };
  assert.deepEqual(told(4), [0, 4, 5, 8]);
  assert.deepEqual(told(1), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test("the oldest batch is claimed first, also where numbers wrap; not by the worker that failed on it", () => {
  const control = new Control(createControl(4, createWork(2), 256, LAST));
  for (let i = 0; i < 3; i++) control.publish();
  const batchOf = (slot: number): number => control.slot(slot, SlotControl.BATCH);
  const first = control.claim(0, false);
  assert.equal(batchOf(first), LAST);
  assert.ok(!control.failedBy(0), "nobody has failed yet");
  control.giveBack(first, 7, 0);
  assert.ok(!control.failedBy(1));
  assert.equal(control.slot(first, SlotControl.FAILED_AT), 7);
  assert.ok(control.failedBy(0));
  assert.equal(batchOf(control.claim(0, false)), -(2 ** 31));
  assert.equal(control.claim(1, false), first);
  assert.equal(control.slot(first, SlotControl.ATTEMPT), 1);
  control.giveBack(first, -1, 1);
  assert.equal(control.slot(first, SlotControl.FAILED_AT), FailedAt.START);
  assert.equal(control.claim(1, true), first, "its own, if it may");
  assert.equal(control.load(ControlWord.PUBLISHED), -(2 ** 31) + 2);
});

test("the owner of the oldest batch never waits to post, and all may while nobody owns it", () => {
  const control = new Control(createControl(4, createWork(2), 256, LAST));
  control.publish();
  control.publish();
  const oldest = control.claim(0, true);
  control.claim(1, true);
  control.addAlertBytes(100);
  assert.ok(control.mayPost(LAST, 100));
  assert.ok(!control.mayPost(-(2 ** 31), 100));
  assert.ok(control.mayPost(-(2 ** 31), 101), "there is room");
  control.giveBack(oldest, 0, 0);
  assert.ok(control.mayPost(-(2 ** 31), 100), "nobody owns the oldest");
  control.release(-(2 ** 31), 40);
  assert.equal(control.load(ControlWord.ALERT_BYTES), 60);
});

test("a worker that died leaves the batch it had not finished", () => {
  const control = new Control(createControl(4, createWork(2), 256, -1));
  control.publish();
  const slot = control.claim(1, true);
  assert.equal(control.abandoned(0), -1);
  assert.equal(control.abandoned(1), slot);
  assert.ok(!control.idle());
});

test("distances of batch numbers", () => {
  assert.equal(batchesBetween(3, 5), 2);
  assert.equal(batchesBetween(5, 3), -2);
  assert.equal(batchesBetween(LAST, -(2 ** 31)), 1);
  assert.equal(batchesBetween(1, -1), -2);
});
