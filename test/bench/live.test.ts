// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { loopFigures } from "../../bench/live/figures.js";
import { LatencyProbe, timeOf, WallClock } from "../../bench/live/latency.js";
import { otherWatchers } from "../../bench/live/loads.js";
import { parseLiveOptions } from "../../bench/live/options.js";
import { plotLive } from "../../bench/live/plot.js";
import { liveMarkdown, loopTable, share } from "../../bench/live/report.js";
import type { LiveResults, LoopRun } from "../../bench/live/results.js";
import { summaryOf, usageOf } from "../../bench/live/watched.js";

/** What the live bench says of what it measured. */

const run = (cpuNs: number, more: Partial<LoopRun> = {}): LoopRun => ({
  cpuNs,
  wallNs: 2 * cpuNs,
  events: 0,
  lost: 0,
  peregrineNs: 0,
  rssBytes: 0,
  ownBytes: 0,
  ...more,
});

const watched = { events: 1000, lost: 10, peregrineNs: 300_000, rssBytes: 1 << 20, ownBytes: 1 << 19 };

const results: LiveResults = {
  date: "2026-01-02",
  command: "npm run bench:live",
  machine: {
    cpu: "a processor",
    cores: 2,
    memoryBytes: 1,
    kernel: "6.1",
    node: "v20",
    peregrine: "0.1",
    commit: "abc",
    load: 0.5,
  },
  loops: [
    { loop: "open/close", calls: 2, mode: "none", runs: [run(1000), run(2000), run(1000)] },
    {
      loop: "open/close",
      calls: 2,
      mode: "default rules",
      // Runs are compared with those of the same turn: a turn in which the machine was slow is slow on both sides.
      runs: [run(1200, watched), run(2500, watched), run(1300, watched)],
    },
  ],
  paces: [
    {
      asked: 640_000,
      threads: 2,
      runs: [{ reached: 600_000, events: 100, lost: 1, peregrineNs: 30_000 }],
    },
  ],
  latencyRate: 10_000,
  latencies: [{ mode: "--low-latency", runs: [{ alerts: 10, lost: 0, p50: 0.5, p99: 1, p999: 2, max: 3 }] }],
  firstAlertMs: [900, 1000, 2000],
  stopMs: [50],
  disturbed: 1,
};

test("slow-down and added time are medians of pairs", () => {
  const [bare, slow] = loopFigures(results);
  assert.ok(Number.isNaN(bare?.ratio));
  assert.equal(slow?.ratio, 1.25);
  assert.equal(slow?.addedPerCall, 150);
  assert.equal(slow?.perEvent, 300);
  assert.equal(slow?.endToEnd, 450);
  assert.equal(slow?.lostShare, 0.01);
  assert.equal(bare?.callsPerSecond, 1e6);
});

test("the tables stand beside Falco's figures, and say who else watched", () => {
  const text = liveMarkdown(results, "plot.svg");
  assert.match(text, /\| open\/close \| default rules \| 1,300 ns \| 150 ns \| x1\.25 \| x1\.56/);
  assert.match(text, /\| 640 k \| 2 \| 600 k \| 1\.0 % \| 34 % \| 300 ns \|/);
  assert.match(text, /1,000 ms \(900 to 2,000\) \| 2\.7 s/);
  assert.match(text, /Beside 1 runs another program/);
  assert.equal(loopTable(results).rows.length, 2);
  assert.match(plotLive(results), /x1\.25/);
});

test("a loss that is small is not shown as none", () => {
  assert.equal(share(0), "0 %");
  assert.equal(share(0.0001), "0.01 %");
  assert.equal(share(0.345), "34.5 %");
});

test("the time of an alert, and percentiles of what it took to come", () => {
  const line = '{"rule":"x","time":"1970-01-01T00:00:01.000002500Z"}';
  assert.equal(timeOf(line), 1_000_002.5);
  assert.ok(Number.isNaN(timeOf("no alert")));
  const probe = new LatencyProbe();
  const at = (secondsAgo: number): string => {
    const us = new WallClock().nowUs() - secondsAgo * 1e6;
    const whole = Math.floor(us / 1e6);
    const ns = Math.floor((us - whole * 1e6) * 1000);
    return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(ns).padStart(9, "0")}Z`;
  };
  // A line may come in two pieces; its end counts.
  const whole = `{"x":"mine","time":"${at(10)}"}\n{"x":"another's","time":"${at(0)}"}\n`;
  probe.add(whole.slice(0, 20));
  probe.add(whole.slice(20));
  const { alerts, p50 } = probe.summary("mine");
  assert.equal(alerts, 1);
  assert.ok(p50 >= 10_000 && p50 < 60_000, `${p50}`);
});

test("the summary of a log, and what a process has used", () => {
  const line = `{"msg":"x"}\n{"alerts":3,"ledger":{"seen":10,"evaluated":4,"notWanted":1,"stateOnly":2,"lost":[{"stage":"kernel","events":2}],"inFlight":0},"msg":"watching finished"}\n`;
  assert.deepEqual(summaryOf(line), { seen: 10, lost: 2, alerts: 3, difference: 1 });
  assert.throws(() => summaryOf("nothing"), /no summary/);
  const { cpuNs, rssBytes, ownBytes } = usageOf(process.pid);
  assert.ok(cpuNs > 0 && rssBytes > ownBytes && ownBytes > 0);
});

test("processes that hold no BPF programs are not taken for watchers", () => {
  assert.ok(!otherWatchers([]).includes(process.pid));
});

test("options", () => {
  const plain = parseLiveOptions([]);
  assert.deepEqual([plain.runs, plain.whole, plain.rates.length], [5, true, 4]);
  const few = parseLiveOptions(["--quick", "--modes", "none,default rules", "--only", "loops"]);
  assert.deepEqual([few.runs, few.share, few.whole], [1, 0.1, false]);
  assert.deepEqual(few.modes, ["none", "default rules"]);
  assert.ok(parseLiveOptions(["--runs", "3"]).whole);
  assert.throws(() => parseLiveOptions(["--only", "nothing"]), /--only/);
  assert.throws(() => parseLiveOptions(["--seconds", "0"]), /--seconds/);
});
