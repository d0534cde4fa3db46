// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PluginPolicy } from "../../src/plugins/info.js";
import { beside, closeThreads, HANG_MS, moduleFile, type Outcome, requestFor, toldBroken } from "./beside.js";
import type { FaultConfig } from "./make.js";

after(closeThreads);

/** The extractor of a module that breaks as told; its source is good. */
function faulty(config: FaultConfig, policy: Partial<PluginPolicy> = {}, stopped = false): Promise<Outcome> {
  return beside("faulty", requestFor(moduleFile("faulty"), config, policy), stopped);
}

test("without faults both sources are complete", async () => {
  const { report, news } = await faulty({});
  assert.equal(report.sources[1].alerts, 10);
  assert.deepEqual(news, []);
  assert.deepEqual(
    report.plugins.map(({ events, throws, deaths }) => [events, throws, deaths]),
    [
      [300, 0, 0],
      [100, 0, 0],
    ],
  );
});

test("an extractor that throws, gives a wrong type, a promise or a text without end: the value is absent, all is counted", async () => {
  const { report, news } = await faulty({ throwAt: [2], wrongTypeAt: 12, promiseAt: 22, endlessTextAt: 32 });
  assert.equal(report.sources[1].alerts, 6);
  assert.equal(report.plugins[1].throws, 1);
  assert.equal(report.plugins[1].wrongTypes, 3);
  assert.equal(report.sources[1].ledger.evaluated, 100);
  const faults = news.flatMap((each) => (each.kind === "fault" ? [`${each.plugin} ${each.what}`] : []));
  assert.deepEqual(faults.sort(), ["faulty throw", "faulty type", "faulty type", "faulty type"]);
});

test("a rejected promise that nobody waits for costs no event", async () => {
  const { report } = await faulty({ floatAt: 42 });
  assert.equal(report.sources[1].alerts, 10);
  assert.equal(report.sources[1].ledger.evaluated, 100);
});

for (const [what, why, config] of [
  ["hangs", /took more than 2 s/, { hangAt: 42 }],
  ["has a catastrophic regular expression", /took more than 2 s/, { regexAt: 42 }],
  ["ends its thread", /ended a worker/, { exitAt: 42 }],
  ["takes all of the heap", /took all memory|more than 64 MiB/, { exhaustAt: 42 }],
  ["takes buffers without end", /more than 64 MiB/, { buffersAt: 42 }],
] as const) {
  test(`an extractor that ${what} costs its own value and nothing else`, async () => {
    const outcome = await faulty(config, why.source.includes("2 s") ? { timeoutMs: HANG_MS } : {});
    const { report } = outcome;
    assert.equal(report.sources[1].alerts, 9);
    assert.equal(report.sources[1].ledger.evaluated, 100);
    assert.equal(report.plugins[1].deaths, 1, JSON.stringify(outcome.news));
    assert.equal(report.plugins[1].without, 1, "it is not asked about that event again");
    assert.equal(report.plugins[1].failure, null, "and goes on with the others");
    toldBroken(outcome, "extractor", why);
  });
}

for (const [what, why, config] of [
  ["buffers", /held \d+ MiB of buffers/, { keepsFrom: 42 }],
  ["objects", /took all memory of a worker/, { keepsObjectsFrom: 42 }],
] as const) {
  test(`an extractor that keeps ${what} loses its thread with them, and is given up when it does so again`, async () => {
    const outcome = await faulty({ ...config, events: 20_000 }, { restarts: 1 });
    assert.equal(outcome.report.sources[1].ledger.evaluated, 20_000);
    assert.match(outcome.report.plugins[1].failure ?? "", why);
    toldBroken(outcome, "extractor", why);
  });
}

test("an extractor that ends its thread at every event is given up after its restarts", async () => {
  const { report, news, lines } = await faulty({ exitFrom: 60 }, { restarts: 2 });
  assert.ok(report.sources[1].alerts <= 5, lines.join("\n"));
  assert.equal(report.sources[1].ledger.evaluated, 100);
  assert.ok(report.plugins[1].deaths >= 3, String(report.plugins[1].deaths));
  assert.match(report.plugins[1].failure ?? "", /ended a worker/);
  assert.equal(news.filter(({ kind }) => kind === "off").length, 1);
  const pauses = news.flatMap((each) => (each.kind === "broke" ? [each.pause] : []));
  assert.deepEqual(pauses.slice(0, 3), [100, 200, null]);
});

test("an extractor that throws a thousand times in a row is given up", async () => {
  const { report, news } = await faulty({ events: 4000, throwFrom: 1 });
  assert.equal(report.sources[1].ledger.evaluated, 4000);
  assert.equal(report.sources[1].alerts, 0);
  assert.match(report.plugins[1].failure ?? "", /1000 times in a row/);
  assert.ok(
    report.plugins[1].throws >= 1000 && report.plugins[1].throws <= 2000 + 100,
    String(report.plugins[1].throws),
  );
  assert.equal(news.filter(({ kind }) => kind === "off").length, 1);
});

for (const [what, config] of [
  ["throws", { throwAt: [2] }],
  ["ends its thread", { exitAt: 2 }],
] as const) {
  test(`on_failure: disable takes the fields of a plugin that ${what} away at once`, async () => {
    const { report, news } = await faulty(config, { onFailure: "disable" });
    assert.notEqual(report.plugins[1].failure, null);
    assert.equal(report.sources[1].ledger.evaluated, 100);
    assert.equal(news.filter(({ kind }) => kind === "off").length, 1);
    assert.equal(report.aborted, null);
  });

  test(`on_failure: exit ends the run of a plugin that ${what}, and says whose fault it is`, async () => {
    const { report } = await faulty({ ...config, events: 1_000_000 }, { onFailure: "exit" }, true);
    assert.equal(report.aborted?.code, "PLUGIN_FAILED");
    assert.match(report.aborted?.message ?? "", /plugin 'faulty'/);
  });
}
