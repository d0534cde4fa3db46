// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ALERT_LIMIT } from "../../src/engine/evaluate.js";
import type { Ledger, LedgerSnapshot } from "../../src/telemetry/ledger.js";
import { closeThreads, expectedOutput, fakeReplay } from "./support.js";

after(closeThreads);

const DATA = { events: 20_000, every: [6, 10, 15] };

test("alerts come in event order, then rule order, for any number of workers and any batch size", async () => {
  const expected = expectedOutput(DATA);
  for (const workers of [1, 2, 3]) {
    for (const events of [1, 7, 64, 2048]) {
      const data = events === 1 ? { ...DATA, events: 3000 } : DATA;
      const { output, report } = await fakeReplay(data, { workers, ring: { events, recordBytes: 256 * 1024 } });
      assert.equal(output, events === 1 ? expectedOutput(data) : expected, `${workers} workers, ${events} events`);
      assert.equal(report.events, data.events);
      assert.equal(report.alerts, output.split("\n").length - 1);
      assert.equal(report.ledger.difference, 0);
      assert.equal(report.ledger.inFlight, 0);
      assert.equal(report.ledger.evaluated, data.events * 0.8);
      assert.equal(report.ledger.notWanted, data.events * 0.1);
      assert.equal(report.ledger.stateOnly, data.events * 0.1);
      assert.equal(report.failure, null);
    }
  }
});

test("workers that are late, and ingest far ahead, change nothing", async () => {
  const expected = expectedOutput(DATA);
  for (const seed of [1, 2, 3]) {
    const { output, report } = await fakeReplay(
      DATA,
      { workers: 3, ring: { events: 100 } },
      { delay: { seed, maxMs: 2 }, ahead: 8 },
    );
    assert.equal(output, expected);
    assert.equal(report.ledger.difference, 0);
  }
});

test("batch numbers wrap, within a run and with slots that are no power of two, and nothing changes", async () => {
  const expected = expectedOutput(DATA);
  for (const firstBatch of [2 ** 31 - 40, -40]) {
    for (const slots of [4, 3]) {
      const { output, report } = await fakeReplay(
        DATA,
        { workers: 2, ring: { slots, events: 100 } },
        { firstBatch, delay: { seed: 1, maxMs: 1 }, throwAt: [{ event: 4005, times: 1 }] },
      );
      assert.equal(output, expected, `from ${firstBatch}, ${slots} slots`);
      assert.equal(report.ledger.difference, 0);
      assert.equal(report.ledger.inFlight, 0);
    }
  }
});

test("matches are counted by rule and by priority", async () => {
  const { report } = await fakeReplay({ events: 100, every: [2, 50] }, { workers: 2 });
  assert.deepEqual(report.byRule, [
    { rule: "rule 0", priority: 0, count: 50 },
    { rule: "rule 1", priority: 1, count: 2 },
  ]);
  assert.deepEqual(report.byPriority.slice(0, 3), [50, 2, 0]);
});

test("a worker that throws: its batch goes again and nothing is lost", async () => {
  for (const workers of [1, 2, 3]) {
    const { output, report } = await fakeReplay(DATA, { workers }, { throwAt: [{ event: 5550, times: 1 }] });
    assert.equal(output, expectedOutput(DATA), `${workers} workers`);
    assert.equal(report.ledger.failed, 0);
    assert.equal(report.ledger.difference, 0);
    assert.deepEqual(report.failedEvents, []);
  }
});

test("an event that fails twice is counted and told; the rest of its batch is evaluated", async () => {
  for (const workers of [1, 2]) {
    const told: number[] = [];
    const faults = { throwAt: [5550, 5551, 5560, 12].map((event) => ({ event, times: 100 })) };
    const { output, report } = await fakeReplay(
      DATA,
      { workers, onFailedEvent: ({ event }) => told.push(event) },
      faults,
    );
    assert.equal(output, expectedOutput(DATA, new Set([5550, 5551, 5560, 12])));
    assert.equal(report.ledger.failed, 4);
    assert.equal(report.ledger.evaluated, 16_000 - 4);
    assert.equal(report.ledger.difference, 0);
    assert.deepEqual(
      told.sort((a, b) => a - b),
      [12, 5550, 5551, 5560],
    );
  }
});

test("every event fails: all are counted, none stops the run", async () => {
  const data = { events: 300, every: [2] };
  const throwAt = Array.from({ length: 300 }, (_, i) => ({ event: i + 1, times: 2 ** 30 }));
  const { output, report } = await fakeReplay(data, { workers: 2 }, { throwAt });
  assert.equal(output, "");
  assert.equal(report.ledger.failed, 240);
  assert.equal(report.ledger.difference, 0);
});

test("a worker that dies: its batch goes again and the pool is full again", async () => {
  for (const workers of [1, 2]) {
    const faults = {
      exitAt: [
        { event: 5550, times: 1 },
        { event: 15_000, times: 1 },
      ],
    };
    const { output, report } = await fakeReplay(DATA, { workers }, faults);
    assert.equal(output, expectedOutput(DATA));
    assert.equal(report.deaths, 2);
    assert.equal(report.ledger.failed, 0);
    assert.equal(report.ledger.difference, 0);
  }
});

test("an event that kills two workers is passed over", async () => {
  const { output, report } = await fakeReplay(DATA, { workers: 2 }, { exitAt: [{ event: 5550, times: 9 }] });
  assert.equal(output, expectedOutput(DATA, new Set([5550])));
  assert.equal(report.deaths, 2);
  assert.equal(report.ledger.failed, 1);
  assert.deepEqual(
    report.failedEvents.map((failed) => failed.event),
    [5550],
  );
});

test("the ledger adds up at every moment", async () => {
  const samples: LedgerSnapshot[] = [];
  let ledger: Ledger | undefined;
  let timer: NodeJS.Immediate | undefined;
  const sample = () => {
    if (ledger !== undefined) samples.push(ledger.snapshot());
    timer = setImmediate(sample);
  };
  sample();
  const faults = {
    throwAt: [
      { event: 40_000, times: 1 },
      { event: 90_000, times: 5 },
    ],
  };
  const data = { events: 200_000, every: [1000] };
  const { report } = await fakeReplay(
    data,
    {
      workers: 2,
      onLedger: (given) => {
        ledger = given;
      },
    },
    faults,
  );
  clearImmediate(timer);
  assert.ok(
    samples.some((snapshot) => snapshot.inFlight > 0),
    "no sample saw an event in flight",
  );
  assert.ok(
    samples.some((snapshot) => snapshot.seen > 0 && snapshot.seen < data.events),
    "no sample saw the run",
  );
  for (const snapshot of samples) assert.equal(snapshot.difference, 0);
  assert.equal(report.ledger.failed, 1);
});

test("alerts wait for a slow sink within bounds, and none is lost", async () => {
  // 2,000 events of 64 KiB: 128 MiB of alerts.
  const data = { events: 2500, every: [1], pad: 65_536 };
  let written = 0;
  let ledger: Ledger | undefined;
  const { report } = await fakeReplay(data, {
    workers: 3,
    ring: { events: 16 },
    onLedger: (given) => {
      ledger = given;
    },
    sink: async (chunk) => {
      // The first chunk takes until there are as many alerts as may wait, and nothing moves any more.
      for (let evaluated = -1, still = 0; written === 0 && (still < 5 || evaluated < ALERT_LIMIT / data.pad); ) {
        const now = ledger?.snapshot().evaluated ?? 0;
        still = now === evaluated ? still + 1 : 0;
        evaluated = now;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      written += chunk.length;
    },
  });
  assert.equal(report.alerts, 2000);
  assert.equal(written, expectedOutput(data).length);
  // Each worker may go past the limit by a batch.
  assert.ok(report.backlogBytes >= ALERT_LIMIT, "the sink was not slow");
  assert.ok(report.backlogBytes <= ALERT_LIMIT + 4 * 16 * 66_000, `${report.backlogBytes} bytes of alerts at once`);
});

test("a sink that fails stops the run and is the reason given", async () => {
  let calls = 0;
  let ledger: Ledger | undefined;
  const running = fakeReplay(
    { events: 1_000_000, every: [10] },
    {
      workers: 2,
      onLedger: (given) => {
        ledger = given;
      },
      sink: () => {
        if (++calls === 3) throw new Error("full");
      },
    },
  );
  await assert.rejects(running, /full/);
  assert.equal(calls, 3);
  const snapshot = ledger?.snapshot();
  assert.equal(snapshot?.difference, 0);
  assert.equal(snapshot?.inFlight, 0);
});

test("stopping delivers all that was read", async () => {
  const stop = new AbortController();
  const data = { events: 50_000_000, every: [1000] };
  let bytes = "";
  const { report } = await fakeReplay(data, {
    workers: 2,
    signal: stop.signal,
    sink: (chunk) => {
      bytes += chunk.toString();
      if (bytes.length > 1000) stop.abort();
    },
  });
  assert.ok(report.stopped);
  assert.ok(report.events < data.events);
  assert.equal(bytes, expectedOutput({ ...data, events: report.events }));
  assert.equal(report.ledger.inFlight, 0);
  assert.equal(report.ledger.difference, 0);
  assert.deepEqual(report.ledger.lost, []);
});

test("a bad capture: everything before is delivered", async () => {
  const data = { ...DATA, fails: true };
  const { output, report } = await fakeReplay(data, { workers: 2 });
  assert.equal(output, expectedOutput(data));
  assert.deepEqual(report.failure, { code: "CAPTURE_OPEN", message: "made up", offset: 7 });
});

test("a bad header of a later section: all before it is delivered and counted", async () => {
  const data = { events: 20_000, every: [6, 10], sections: [400, 9001], badSection: true };
  const { output, report } = await fakeReplay(data, { workers: 2 });
  assert.equal(output, expectedOutput({ ...data, events: 9001 }));
  assert.deepEqual(report.failure, { code: "CAPTURE_LIST_ENTRY", message: "a bad list", offset: 99 });
  assert.equal(report.events, 9001);
  assert.equal(report.sections, 2);
  assert.equal(report.ledger.difference, 0);
});

test("ingest breaks: what was published is evaluated and written before the run fails", async () => {
  const data = { events: 20_000, every: [6, 10], breaks: 1001 };
  let output = "";
  let ledger: Ledger | undefined;
  const running = fakeReplay(
    data,
    {
      workers: 2,
      onLedger: (given) => {
        ledger = given;
      },
      sink: (chunk) => {
        output += chunk.toString();
      },
    },
    // Workers are far behind when it happens.
    { ahead: 12, delay: { seed: 5, maxMs: 200 } },
  );
  await assert.rejects(running, /the stage broke/);
  const now = ledger?.snapshot();
  assert.ok(now !== undefined && now.seen > 900 && now.seen < 1001);
  assert.equal(now.inFlight, 0);
  assert.equal(now.difference, 0);
  assert.deepEqual(now.lost, []);
  assert.equal(output, expectedOutput({ ...data, events: now.seen }));
});

test("sections, sweeps and tight tables wait until no batch is in flight, and change nothing", async () => {
  const data = { events: 30_000, every: [7], sections: [1, 5000, 5001, 29_990], strings: 1, rows: 700 };
  const { output, report } = await fakeReplay(data, {
    workers: 3,
    sweep: { strings: 1500, bytes: 1 << 20 },
  });
  assert.equal(output, expectedOutput(data));
  assert.equal(report.sections, 5);
  assert.equal(report.state["sections"], 5);
  assert.ok((report.state["sweeps"] ?? 0) > 10);
  assert.ok((report.state["tight"] ?? 0) > 0);
});

test("a capture without a wanted event ends", async () => {
  const { output, report } = await fakeReplay({ events: 0, every: [1] }, { workers: 2 });
  assert.equal(output, "");
  assert.equal(report.events, 0);
});
