// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLedger, Ledger, type LedgerBuffer, type SourceCounts } from "../../src/telemetry/ledger.js";

function counts(changes: Partial<SourceCounts>): SourceCounts {
  return { seen: 0, notWanted: 0, stateOnly: 0, merged: 0, unknownType: 0, oversize: 0, kernel: 0, ...changes };
}

test("every event is in one account, from the fill to the end", () => {
  const buffer = createLedger(2, 4);
  const ledger = new Ledger(buffer);
  const worker = new Ledger(buffer);
  ledger.filled(
    counts({ seen: 100, notWanted: 50, stateOnly: 20, merged: 5, unknownType: 1, oversize: 1, kernel: 0 }),
    0,
    22,
    1,
  );
  let now = ledger.snapshot();
  assert.equal(now.inFlight, 22);
  assert.equal(now.difference, 0);
  assert.deepEqual(now.lost, [
    { stage: "reader", cause: "oversize", events: 1 },
    { stage: "state", cause: "dropped", events: 1 },
  ]);
  worker.evaluated(1, 0, 2);
  now = ledger.snapshot();
  assert.deepEqual([now.evaluated, now.failed, now.inFlight, now.difference], [20, 2, 0, 0]);
  ledger.filled(
    counts({ seen: 110, notWanted: 50, stateOnly: 20, merged: 5, unknownType: 1, oversize: 1, kernel: 0 }),
    1,
    10,
    0,
  );
  ledger.abandon();
  now = ledger.snapshot();
  assert.equal(now.difference, 0);
  assert.equal(now.inFlight, 0);
  assert.deepEqual(now.lost.at(-1), { stage: "engine", cause: "stopped", events: 10 });
});

test("what was accepted and never written is seen and lost at once", () => {
  const ledger = new Ledger(createLedger(1, 1));
  ledger.filled(counts({ seen: 10, notWanted: 3 }), 0, 7, 0);
  ledger.unwritten(2);
  ledger.unwritten(3);
  const { seen, lost, inFlight, difference } = ledger.snapshot();
  assert.deepEqual([seen, inFlight, difference], [15, 7, 0]);
  assert.deepEqual(lost, [{ stage: "plugin", cause: "unwritten", events: 5 }]);
});

test("an event that is in no account shows as a difference", () => {
  const ledger = new Ledger(createLedger(1, 1));
  ledger.filled(counts({ seen: 10, notWanted: 3 }), 0, 6, 0);
  assert.equal(ledger.snapshot().difference, 1);
});

/** Makes a transfer whose thread dies at one of its stores, counted from 0. */
function dieWithin(buffer: LedgerBuffer, transfer: (ledger: Ledger) => void, store: number): void {
  const ledger = new Ledger(buffer);
  let stores = 0;
  const values = new Float64Array(buffer.words);
  const dying = new Proxy(values, {
    get: (target, key) => Reflect.get(target, key),
    set: (target, key, value) => {
      // The notes are made while the version is even; only the stores of the transfer itself count.
      const odd = [0, 1, 2, 3].some((b) => (new Int32Array(buffer.words)[b * 64] & 1) === 1);
      if (odd && stores++ === store) throw new Error("died");
      return Reflect.set(target, key, value);
    },
  });
  Object.assign(ledger, { values: dying });
  assert.throws(() => transfer(ledger), /died/);
}

test("a worker that dies within a transfer: a reading is the moment before it, and the batch can be counted again", () => {
  for (const store of [0, 1, 2]) {
    const buffer = createLedger(2, 4);
    const ledger = new Ledger(buffer);
    ledger.filled(counts({ seen: 22 }), 0, 22, 0);
    ledger.filled(counts({ seen: 32 }), 1, 10, 0);
    ledger.evaluated(1, 0, 0);
    dieWithin(buffer, (dying) => dying.evaluated(1, 1, 3), store);
    const dead = ledger.snapshot();
    assert.deepEqual([dead.evaluated, dead.failed, dead.inFlight, dead.difference], [22, 0, 10, 0]);
    ledger.reopen(1, 1, 10);
    ledger.evaluated(1, 1, 3);
    const again = ledger.snapshot();
    assert.deepEqual([again.evaluated, again.failed, again.inFlight, again.difference], [29, 3, 0, 0]);
  }
});

test("a batch that was counted and is evaluated again counts once", () => {
  const ledger = new Ledger(createLedger(2, 4));
  ledger.filled(counts({ seen: 22 }), 3, 22, 0);
  ledger.reopen(0, 3, 22);
  assert.equal(ledger.snapshot().inFlight, 22);
  ledger.evaluated(0, 3, 2);
  ledger.reopen(0, 3, 22);
  const open = ledger.snapshot();
  assert.deepEqual([open.evaluated, open.failed, open.inFlight, open.difference], [0, 0, 22, 0]);
  ledger.evaluated(1, 3, 2);
  const now = ledger.snapshot();
  assert.deepEqual([now.evaluated, now.failed, now.inFlight, now.difference], [20, 2, 0, 0]);
});

test("ingest dies within a transfer: the fill never was", () => {
  for (const store of [0, 4, 7]) {
    const buffer = createLedger(1, 2);
    const ledger = new Ledger(buffer);
    ledger.filled(counts({ seen: 5, notWanted: 1 }), 0, 4, 0);
    dieWithin(buffer, (dying) => dying.filled(counts({ seen: 9, notWanted: 2 }), 1, 3, 0), store);
    const dead = ledger.snapshot();
    assert.deepEqual([dead.seen, dead.inFlight, dead.difference], [5, 4, 0]);
    ledger.abandon();
    const end = ledger.snapshot();
    assert.deepEqual([end.seen, end.inFlight, end.difference], [5, 0, 0]);
    assert.deepEqual(end.lost, [{ stage: "engine", cause: "stopped", events: 4 }]);
  }
});
