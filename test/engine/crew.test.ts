// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessagePort } from "node:worker_threads";
import { Control, ControlWord, createControl, FailedAt, SlotControl } from "../../src/batch/control.js";
import { createMemory, DEFAULT_SHAPE, type Memory } from "../../src/batch/memory.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { type Blame, Crew, type CrewSource } from "../../src/engine/crew.js";
import { Delivery } from "../../src/engine/delivery.js";
import type { Threads } from "../../src/engine/threads.js";
import { createLedger, Ledger } from "../../src/telemetry/ledger.js";

const EVENTS = 8;
const RING = { slots: 4, events: 64, recordBytes: 16_384, heapBytes: 4096 };

/** Of the task a crew itself reads the versions of the rules alone. */
const TASK = { rules: [{ version: 0 }] } as unknown as ConstructorParameters<typeof Crew>[2];

/** What a worker does with its task: one step for each of its lives. */
type Step = (control: Control, ledger: Ledger, memory: Memory) => void;

function bench() {
  const memory = createMemory({
    ...DEFAULT_SHAPE,
    strings: 4096,
    stringBytes: 65_536,
    processRows: 64,
    fdRows: 64,
    ring: RING,
  });
  const control = new Control(createControl(RING.slots));
  const ledger = new Ledger(createLedger(1, RING.slots));
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  const layout = new RingLayout(memory.shape.ring);
  const base = layout.slotWord(0);
  let record = base + layout.recordsWord;
  for (let i = 0; i < EVENTS; i++) {
    words[base + layout.wantedWord + i] = record;
    floats[(record + RecordWord.NUMBER) >> 1] = i + 1;
    record += RecordWord.HEADER + (RecordWord.HEADER & 1);
  }
  words[base + SlotWord.WANTED] = EVENTS;
  const none = { notWanted: 0, stateOnly: 0, merged: 0, unknownType: 0, oversize: 0, kernel: 0 };
  ledger.filled({ seen: EVENTS, ...none }, 0, EVENTS, 0);
  control.publish();
  control.end();
  return { memory, control, ledger };
}

function source({ memory, control, ledger }: ReturnType<typeof bench>): CrewSource {
  return { control, ledger, ring: memory.ring, shape: memory.shape.ring };
}

/**
 * Runs one worker whose lives are `lives`: each dies behind its step, but the last.
 * @param blame who is told to have brought it down
 * @returns the failed events, and when each life began, ms
 */
async function live(lives: readonly Step[], parts = bench(), blame: Blame = { plugin: -1, pause: 0 }) {
  const { memory, control, ledger } = parts;
  let life = 0;
  const begins: number[] = [];
  const run = async (task: { port: MessagePort }): Promise<void> => {
    const step = lives[life++];
    begins.push(performance.now());
    task.port.postMessage({ kind: "ready" });
    await new Promise(setImmediate);
    step?.(control, ledger, memory);
    if (life < lives.length) throw new Error("died");
    task.port.close();
  };
  const failed: number[] = [];
  const threads = { workers: 1, pool: { run } } as unknown as Threads;
  const crew = new Crew(threads, [source(parts)], TASK, {
    ready: () => {},
    alerts: () => {},
    progress: () => {},
    failed: ({ event }) => failed.push(event),
    died: () => {},
    plugin: () => {},
    unknownPlugins: () => {},
    blame: () => blame,
  });
  await crew.run();
  return { failed, control, ledger, begins };
}

/** Claims the batch and gets to event `index`; -1: not even to the first. */
function upTo(index: number): Step {
  return (control) => {
    const slot = control.claim(0, true);
    assert.equal(slot, 0);
    if (index >= 0) control.words[control.cursorWord(slot)] = index;
  };
}

/** Gets to event `index`, throws there, and gives the batch back; then dies before it claims another. */
function throwAt(index: number): Step {
  return (control) => {
    upTo(index)(control, undefined as never, undefined as never);
    control.giveBack(0, index, 0);
  };
}

const last: Step = () => {};

test("an attempt that threw and one that died before the first event fail nothing", async () => {
  const { failed, control } = await live([throwAt(5), upTo(-1), last]);
  assert.deepEqual(failed, []);
  assert.equal(control.slot(0, SlotControl.FAILED_AT), FailedAt.START);
  assert.equal(control.slot(0, SlotControl.FAILURES), 0);
});

test("where an attempt failed is not where the next one is", async () => {
  // The second dies before its first event; event 5 was evaluated once.
  const { failed, control } = await live([upTo(5), upTo(-1), last]);
  assert.deepEqual(failed, []);
  assert.equal(control.words[control.cursorWord(0)], -1);
});

test("two deaths on end before the first event fail the batch, and so do two behind the last", async () => {
  const all = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual((await live([upTo(-1), last])).failed, []);
  assert.deepEqual((await live([upTo(-1), upTo(-1), last])).failed, all);
  assert.deepEqual((await live([upTo(EVENTS), last])).failed, []);
  assert.deepEqual((await live([upTo(EVENTS), upTo(EVENTS), last])).failed, all);
  assert.deepEqual((await live([upTo(2), upTo(2), last])).failed, [3]);
});

test("a worker that dies when it has counted its batch: the next one counts it once", async () => {
  const counting: Step = (control, ledger) => {
    upTo(EVENTS)(control, ledger, undefined as never);
    ledger.evaluated(0, 0, 1);
  };
  const finishing: Step = (control, ledger) => {
    counting(control, ledger, undefined as never);
    control.complete(0, false, 0, 0);
  };
  const { ledger } = await live([counting, finishing]);
  const now = ledger.snapshot();
  assert.deepEqual([now.evaluated, now.failed, now.inFlight, now.difference], [EVENTS - 1, 1, 0, 0]);
});

test("a worker that a plugin has brought down rests before the next one, but not where there is nothing left to do", async () => {
  const { begins } = await live([upTo(2), last], bench(), { plugin: 0, pause: 200 });
  const [first = 0, second = 0] = begins;
  assert.ok(second - first >= 200, `${second - first} ms`);
  const done: Step = (control, ledger, memory) => {
    upTo(EVENTS)(control, ledger, memory);
    ledger.evaluated(0, 0, EVENTS);
    control.complete(0, false, 0, 0);
  };
  // It would be an hour.
  await live([done, last], bench(), { plugin: 0, pause: 3_600_000 });
});

test("a worker that cannot start stops the run, which ends when all others have", async () => {
  const parts = bench();
  const { control } = parts;
  let release = (): void => {};
  const others = new Promise<void>((resolve) => {
    release = resolve;
  });
  const run = async (task: { worker: number; port: MessagePort }): Promise<void> => {
    if (task.worker === 0) throw new Error("no start");
    await others;
    task.port.close();
  };
  const threads = { workers: 2, pool: { run } } as unknown as Threads;
  const nothing = (): void => {};
  const events = {
    ...{ ready: nothing, alerts: nothing, progress: nothing, failed: nothing, died: nothing },
    ...{ plugin: nothing, unknownPlugins: nothing, blame: () => ({ plugin: -1, pause: 0 }) },
  };
  const crew = new Crew(threads, [source(parts)], TASK, events);
  let settled = false;
  const running = crew.run().finally(() => {
    settled = true;
  });
  running.catch(nothing);
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  assert.ok(control.aborted);
  assert.equal(settled, false);
  release();
  await assert.rejects(running, /no start/);
});

test("alerts of an attempt that lost weigh nothing, whenever they come", async () => {
  const { control } = bench();
  let text = "";
  const delivery = new Delivery(
    control,
    (chunk) => {
      text += chunk.toString();
    },
    () => {},
    (error) => assert.fail(String(error)),
    () => {},
  );
  const post = (attempt: number, line: string): void => {
    const bytes = new Uint8Array(Buffer.from(line));
    control.addAlertBytes(bytes.length);
    delivery.add({ kind: "alerts", source: 0, batch: 0, attempt, bytes, rules: 0, counts: [0, 1], captures: [] });
  };
  assert.equal(control.claim(0, true), 0);
  post(0, "first\n");
  control.giveBack(0, EVENTS, 0);
  assert.equal(control.claim(0, true), 0);
  control.complete(0, true, 0, 0);
  post(1, "again\n");
  await delivery.settled();
  assert.equal(text, "again\n");
  assert.equal(delivery.alerts, 1);
  assert.equal(control.load(ControlWord.ALERT_BYTES), 0);
  post(0, "late\n");
  assert.equal(control.load(ControlWord.ALERT_BYTES), 0);
});
