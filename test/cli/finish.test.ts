// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Exit } from "../../src/cli/context.js";
import { finish } from "../../src/cli/finish.js";
import { summaryFields } from "../../src/cli/summary.js";
import type { ReplayReport } from "../../src/engine/report.js";
import { Log } from "../../src/telemetry/log.js";

/** A log that keeps what it is told. */
class Kept extends Log {
  readonly warnings: [string, object][] = [];

  override warn(message: string, fields: object = {}): void {
    this.warnings.push([message, fields]);
  }

  override async flush(): Promise<void> {}
}

function report(state: Record<string, number>): ReplayReport {
  const counts = {
    seen: 0,
    evaluated: 0,
    notWanted: 0,
    stateOnly: 0,
    merged: 0,
    unknownType: 0,
    failed: 0,
    inFlight: 0,
  };
  const parts = {
    events: 0,
    alerts: 0,
    byRule: [],
    byPriority: [],
    ledger: { ...counts, lost: [] },
    unknownTypes: [],
    unknownPlugins: [],
    aborted: null,
    plugins: [],
    failure: null,
    stopped: false,
    deaths: 0,
    elapsedNs: 0,
    dictionary: { strings: 0, bytes: 0, lost: 0 },
    state,
  };
  return parts as unknown as ReplayReport;
}

test("each counter of what found no place is told at the end, if it is not 0", async () => {
  const state = { threads: 9, refusedThreads: 1, refusedFds: 2, exhaustedRows: 3, lostLookups: 4 };
  const log = new Kept("error");
  assert.equal(await finish(report(state), "x.scap", { log }, false), Exit.OK);
  assert.deepEqual(
    log.warnings.map(([, fields]) => fields),
    [
      { counter: "refusedThreads", count: 1 },
      { counter: "refusedFds", count: 2 },
      { counter: "exhaustedRows", count: 3 },
      { counter: "lostLookups", count: 4 },
    ],
  );
  assert.match(log.warnings[1]?.[0] ?? "", /^2 file descriptors /);

  const quiet = new Kept("error");
  await finish(
    report({ threads: 9, refusedThreads: 0, refusedFds: 0, exhaustedRows: 0, lostLookups: 0 }),
    "x",
    { log: quiet },
    false,
  );
  assert.deepEqual(quiet.warnings, []);
});

test("the summary for programs has the counters of the state tables", () => {
  const state = { threads: 9, refusedFds: 2 };
  assert.deepEqual((summaryFields(report(state)) as { state: unknown }).state, state);
});
