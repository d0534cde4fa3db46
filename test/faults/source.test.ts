// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PluginPolicy } from "../../src/plugins/info.js";
import { beside, closeThreads, HANG_MS, moduleFile, type Outcome, requestFor, toldBroken } from "./beside.js";
import type { FaultConfig } from "./make.js";

after(closeThreads);

/** The source of a module that breaks as told. */
function faulty(config: FaultConfig, policy: Partial<PluginPolicy> = {}, stopped = false): Promise<Outcome> {
  return beside("faulty", requestFor(moduleFile("faulty"), config, policy), stopped);
}

for (const [what, why, config] of [
  ["throws", /the source broke/, { sourceThrowAt: 60 }],
  ["rejects", /the source broke/, { sourceRejectAt: 60 }],
  ["rejects a promise that nobody waits for", /nobody waits/, { sourceFloatAt: 60, events: 1_000_000 }],
  ["hangs", /took more than 2 s/, { sourceHangAt: 60 }],
  ["ends its thread", /ended its thread \(7\)/, { sourceExitAt: 60 }],
  ["takes all of the heap", /more than 64 MiB/, { sourceExhaustAt: 60 }],
  ["takes buffers without end", /more than 64 MiB/, { sourceBuffersAt: 60 }],
] as const) {
  test(`a source that ${what} is started again, then given up; the other goes on`, async () => {
    const outcome = await faulty(config, {
      restarts: 1,
      ...(why.source.includes("2 s") ? { timeoutMs: HANG_MS } : {}),
    });
    const { report, news } = outcome;
    const [, source] = report.sources;
    assert.equal(source.failure?.code, "PLUGIN_FAILED");
    assert.match(source.failure?.message ?? "", /plugin 'faulty'/);
    const lives = news.filter((each) => each.kind === "broke" && each.part === "source").length;
    assert.equal(lives, 2);
    assert.ok(source.events >= 100, "fifty events, at least, from each of two lives");
    assert.equal(source.ledger.evaluated, source.events);
    toldBroken(outcome, "source", why);
  });
}

test("a source that keeps buffers loses its thread with them", async () => {
  const outcome = await faulty({ events: 1_000_000, sourceKeepsFrom: 60 }, { restarts: 0 });
  assert.equal(outcome.report.sources[1].failure?.code, "PLUGIN_FAILED");
  toldBroken(outcome, "source", /held \d+ MiB of buffers|more than 64 MiB/);
});

test("a source that cannot be opened is started again, then given up", async () => {
  const outcome = await faulty({ openThrows: true }, { restarts: 2 });
  assert.equal(outcome.report.sources[1].failure?.code, "PLUGIN_FAILED");
  assert.equal(outcome.news.filter(({ kind }) => kind === "broke").length, 3);
  assert.equal(outcome.report.sources[1].events, 0);
});

test("data that are none and data that are too large are lost, counted, and cost nothing else", async () => {
  const { report } = await faulty({ badDataAt: 32, hugeAt: 42 });
  const { ledger, alerts } = report.sources[1];
  assert.deepEqual(ledger.lost, [
    { stage: "reader", cause: "oversize", events: 1 },
    { stage: "source", cause: "fault", events: 1 },
  ]);
  assert.equal(alerts, 8);
});

test("time that goes backwards is the events' own: they stay in their order", async () => {
  const { report, lines } = await faulty({ backwards: true });
  assert.equal(report.sources[1].alerts, 10);
  const numbers = lines.flatMap((line) => / (\d+) \d+ (\d+)$/.exec(line)?.slice(2, 3) ?? []).map(Number);
  const own = lines.filter((line) => line.startsWith("1970-01-01T00:00:00.9"));
  assert.equal(own.length, 10, numbers.join());
  assert.deepEqual(
    own.map((line) => Number(line.split(" ").at(-1))),
    [2, 12, 22, 32, 42, 52, 62, 72, 82, 92],
  );
});

test("on_failure: disable gives a source up at its first fault", async () => {
  const { report, news } = await faulty({ sourceThrowAt: 60 }, { onFailure: "disable" });
  assert.equal(report.sources[1].failure?.code, "PLUGIN_FAILED");
  assert.deepEqual(
    news.map((each) => (each.kind === "broke" ? each.pause : each.kind)),
    [null],
  );
  assert.equal(report.sources[1].ledger.evaluated, 50);
  assert.equal(report.aborted, null);
});

test("on_failure: exit ends the run with the source", async () => {
  const { report } = await faulty({ sourceThrowAt: 60 }, { onFailure: "exit" }, true);
  assert.equal(report.aborted?.code, "PLUGIN_FAILED");
  assert.match(report.aborted?.message ?? "", /plugin 'faulty'/);
});
