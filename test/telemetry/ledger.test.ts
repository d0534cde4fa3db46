// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLedger, Ledger, type SourceCounts } from "../../src/telemetry/ledger.js";

function counts(changes: Partial<SourceCounts>): SourceCounts {
  return { seen: 0, notWanted: 0, stateOnly: 0, merged: 0, unknownType: 0, oversize: 0, ...changes };
}

test("every event is in one account, from the fill to the end", () => {
  const buffer = createLedger(2, 4);
  const ledger = new Ledger(buffer);
  const worker = new Ledger(buffer);
  ledger.filled(counts({ seen: 100, notWanted: 50, stateOnly: 20, merged: 5, unknownType: 1, oversize: 1 }), 0, 22, 1);
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
  ledger.filled(counts({ seen: 110, notWanted: 50, stateOnly: 20, merged: 5, unknownType: 1, oversize: 1 }), 1, 10, 0);
  ledger.abandon();
  now = ledger.snapshot();
  assert.equal(now.difference, 0);
  assert.equal(now.inFlight, 0);
  assert.deepEqual(now.lost.at(-1), { stage: "engine", cause: "stopped", events: 10 });
});

test("an event that is in no account shows as a difference", () => {
  const ledger = new Ledger(createLedger(1, 1));
  ledger.filled(counts({ seen: 10, notWanted: 3 }), 0, 6, 0);
  assert.equal(ledger.snapshot().difference, 1);
});
