// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PluginPolicy } from "../../src/plugins/info.js";
import { compileLibrary } from "../plugins/library/compile.js";
import { beside, closeThreads, HANG_MS, type Outcome, requestFor, toldBroken } from "./beside.js";

after(closeThreads);

/** A library that does `what` at its event number `at`. */
function faulty(what: string, at: number, policy: Partial<PluginPolicy> = {}, stopped = false): Promise<Outcome> {
  return beside(
    "native",
    requestFor(compileLibrary("faulty.c"), `${what} ${at}`, {
      ...(what.endsWith("loop") ? { timeoutMs: HANG_MS } : {}),
      ...policy,
    }),
    stopped,
  );
}

/** What was logged of the library. */
function said({ news }: Outcome): string {
  return news.map((each) => `${each.plugin}: ${each.message}`).join("\n");
}

test("without faults both sources are complete", async () => {
  const { report, news } = await faulty("nothing", 0);
  assert.equal(report.sources[1].alerts, 10);
  assert.deepEqual(news, []);
});

for (const [what, why] of [
  ["segv", /native: .*died of SIGSEGV/],
  ["abort", /native: .*died of SIGABRT/],
  ["exit", /native: .*exited with status 7/],
  ["loop", /native: .*did not answer in time/],
  ["memory", /native: .*died of/],
] as const) {
  test(`extraction that comes to ${what} costs its own event's values and nothing else`, async () => {
    const outcome = await faulty(what, 42);
    const { report } = outcome;
    assert.equal(report.sources[1].alerts, 9);
    assert.equal(report.sources[1].ledger.evaluated, 100);
    assert.equal(report.deaths, 0, "no worker dies of it");
    assert.match(said(outcome), why);
  });
}

for (const [what, why] of [
  ["endless", /native: .*text/],
  ["null", /native: .*/],
  ["count", /native: .*/],
  ["fail", /native: .*it broke/],
] as const) {
  test(`extraction whose answer is wrong (${what}) gives no value, and is told`, async () => {
    const outcome = await faulty(what, 42);
    assert.equal(outcome.report.sources[1].alerts, 9);
    assert.equal(outcome.report.sources[1].ledger.evaluated, 100);
    assert.equal(outcome.report.deaths, 0);
    assert.match(said(outcome), why);
  });
}

for (const [what, why] of [
  ["segv", /died of SIGSEGV/],
  ["exit", /exited with status 7/],
  ["loop", /did not answer in time/],
  ["memory", /died of/],
] as const) {
  test(`a source that comes to ${what} is started again, then given up; the other goes on`, async () => {
    const outcome = await faulty(`source-${what}`, 61, { restarts: 1 });
    const [, source] = outcome.report.sources;
    assert.equal(source.failure?.code, "PLUGIN_FAILED");
    assert.match(source.failure?.message ?? "", /plugin 'native'/);
    assert.equal(source.events, 120, "sixty events from each of two lives");
    assert.equal(source.ledger.evaluated, 120);
    assert.equal(source.alerts, 12);
    toldBroken(outcome, "source", why);
  });
}

for (const [what, why] of [
  ["length", /lengths do not fit/],
  ["type", /event of type 7/],
  ["fail", /it broke/],
] as const) {
  test(`a source whose event is wrong (${what}) ends there, with what it gave before`, async () => {
    const { report } = await faulty(`source-${what}`, 61);
    const [, source] = report.sources;
    assert.equal(source.failure?.code, "PLUGIN_SOURCE");
    assert.match(source.failure?.message ?? "", new RegExp(`plugin 'native'.*${why.source}`));
    assert.equal(source.events, 60);
    assert.equal(source.alerts, 6);
  });
}

test("an event that is too large is lost, counted, and costs nothing else", async () => {
  const { report } = await faulty("source-huge", 42);
  const { ledger, alerts, events } = report.sources[1];
  assert.deepEqual(ledger.lost, [{ stage: "source", cause: "fault", events: 1 }]);
  assert.equal(events, 100);
  assert.equal(alerts, 9);
});

test("time that goes backwards is the events' own: they stay in their order", async () => {
  const { report, lines } = await faulty("source-backwards", 0);
  assert.equal(report.sources[1].alerts, 10);
  const own = lines.filter((line) => line.startsWith("1970-01-01T00:00:00.9"));
  assert.deepEqual(
    own.map((line) => Number(line.split(" ").at(-1))),
    [2, 12, 22, 32, 42, 52, 62, 72, 82, 92],
  );
});

test("on_failure: exit ends the run with the library's source", async () => {
  const { report } = await faulty("source-segv", 61, { onFailure: "exit" }, true);
  assert.equal(report.aborted?.code, "PLUGIN_FAILED");
  assert.match(report.aborted?.message ?? "", /plugin 'native'/);
});

test("on_failure: disable gives the library's source up at its first fault", async () => {
  const { report, news } = await faulty("source-segv", 61, { onFailure: "disable" });
  assert.equal(report.sources[1].failure?.code, "PLUGIN_FAILED");
  assert.equal(report.sources[1].ledger.evaluated, 60);
  assert.equal(news.filter((each) => each.kind === "broke").length, 1);
});
