// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { wantedEvent } from "./fakes.js";
import { closeThreads, expectedOutput, fakeSources, linesOf } from "./support.js";

after(closeThreads);

const EVERY = [6, 10, 15];

test("several sources share the workers: each one's alerts are complete and in its order", async () => {
  const sources = { a: { events: 9000 }, b: { events: 300 }, c: { events: 4000 } };
  for (const workers of [1, 2, 3]) {
    const { output, report } = await fakeSources({ events: 0, every: EVERY, sources }, { workers });
    for (const [place, [name, { events }]] of Object.entries(sources).entries()) {
      assert.equal(linesOf(output, name), expectedOutput({ events, every: EVERY }), `${workers} workers, ${name}`);
      const source = report.sources[place];
      assert.equal(source.name, name);
      assert.equal(source.events, events);
      assert.equal(source.ledger.seen, events);
      assert.equal(source.ledger.difference, 0);
      assert.equal(source.ledger.inFlight, 0);
      assert.equal(source.ledger.evaluated, [...Array(events).keys()].filter((i) => wantedEvent(i + 1)).length);
    }
    assert.equal(report.alerts, output.split("\n").length - 1);
    assert.equal(
      report.alerts,
      report.byRule.reduce((sum, { count }) => sum + count, 0),
    );
  }
});

test("a source that ends, one that fails and one without events leave the others alone", async () => {
  const sources = {
    short: { events: 10 },
    bad: { events: 500, fails: true },
    none: { events: 0 },
    long: { events: 20_000 },
  };
  const { output, report } = await fakeSources({ events: 0, every: [10], sources }, { workers: 2 });
  assert.deepEqual(
    report.sources.map(({ name, failure, events }) => [name, failure?.code ?? null, events]),
    [
      ["short", null, 10],
      ["bad", "CAPTURE_OPEN", 500],
      ["none", null, 0],
      ["long", null, 20_000],
    ],
  );
  assert.equal(linesOf(output, "long"), expectedOutput({ events: 20_000, every: [10] }));
  assert.equal(linesOf(output, "bad"), expectedOutput({ events: 500, every: [10] }));
});

test("a source whose thread breaks: the others are read to their ends before the run fails", async () => {
  const lines: string[] = [];
  const sources = { broken: { events: 5000, breaks: 2000 }, whole: { events: 6000 } };
  const running = fakeSources(
    { events: 0, every: [10], sources },
    { workers: 2, sink: (chunk) => void lines.push(chunk.toString()) },
  );
  await assert.rejects(running, /the stage broke/);
  assert.equal(linesOf(lines.join(""), "whole"), expectedOutput({ events: 6000, every: [10] }));
});

test("workers that throw and die in one source lose nothing of the other", async () => {
  const faults = { throwAt: [{ event: 700, times: 3 }], exitAt: [{ event: 1500, times: 2 }] };
  const sources = { a: { events: 3000 }, b: { events: 1000 } };
  const { output, report } = await fakeSources({ events: 0, every: EVERY, sources }, { workers: 2 }, faults);
  assert.equal(report.deaths, 2);
  assert.equal(linesOf(output, "a"), expectedOutput({ events: 3000, every: EVERY }, new Set([...failed(report, 0)])));
  assert.equal(linesOf(output, "b"), expectedOutput({ events: 1000, every: EVERY }, new Set([...failed(report, 1)])));
  // Event 700 of one source fails twice in whatever order the sources reach it, that of the other at most once.
  assert.ok(report.failedEvents.some(({ source, event }) => source === 0 && event === 1500));
  for (const { ledger } of report.sources) assert.equal(ledger.difference, 0);
});

function failed(report: Awaited<ReturnType<typeof fakeSources>>["report"], place: number): number[] {
  return report.failedEvents.filter(({ source }) => source === place).map(({ event }) => event);
}

test("no source waits for one that always has work", async () => {
  const order: number[] = [];
  // One worker, and both rings are full before it begins.
  const { report } = await fakeSources(
    { events: 0, every: [60], sources: { a: { events: 30_000 }, b: { events: 30_000 } } },
    {
      workers: 1,
      sink: (chunk) => void order.push(chunk.toString().startsWith("a ") ? 0 : 1),
    },
  );
  assert.equal(report.sources[1].alerts, report.sources[0].alerts);
  const runs = order.filter((place, i) => i > 0 && place !== order[i - 1]).length;
  assert.ok(runs > 20, `the sources took turns ${runs} times in ${order.length} chunks`);
});

test("the ledger of each source adds up at every moment", async () => {
  let ledgers: readonly Ledger[] = [];
  const bad: unknown[] = [];
  let looks = 0;
  const timer = setInterval(() => {
    for (const ledger of ledgers) {
      const snapshot = ledger.snapshot();
      looks++;
      if (snapshot.difference !== 0) bad.push(snapshot);
    }
  }, 1);
  await fakeSources(
    { events: 0, every: EVERY, sources: { a: { events: 20_000 }, b: { events: 15_000 } } },
    {
      workers: 2,
      onLedgers: (all) => {
        ledgers = all;
      },
    },
  );
  clearInterval(timer);
  assert.deepEqual(bad, []);
  assert.ok(looks > 0);
});

test("stopping stops all sources; what was read is delivered", async () => {
  const controller = new AbortController();
  const { output, report } = await fakeSources(
    { events: 0, every: [2], sources: { a: { events: 1e8 }, b: { events: 1e8 } } },
    { workers: 2, signal: controller.signal, sink: () => controller.abort() },
  );
  assert.equal(output, "");
  assert.equal(report.stopped, true);
  for (const { ledger } of report.sources) {
    assert.ok(ledger.seen < 1e8);
    assert.equal(ledger.difference, 0);
    assert.equal(ledger.inFlight, 0);
  }
});
