// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { type RunFigures, type RunMeasures, toFigures } from "../../bench/figures.js";
import { caseTable, replaceMarked, resultsMarkdown } from "../../bench/report.js";
import type { BenchResults, CaseResult } from "../../bench/results.js";
import { median, medianBy } from "../../bench/stats.js";
import { plot } from "../../bench/svg.js";
import { digits, markdownTable, rate, textTable } from "../../bench/table.js";
import { heading } from "../../bench/user.js";

const MEASURES: RunMeasures = {
  events: 2_000_000,
  evaluated: 500_000,
  alerts: 12,
  batches: 900,
  wallNs: 200e6,
  cpuNs: 360e6,
  fillNs: 100e6,
  inflateNs: 40e6,
  stateNs: 60e6,
  ingestCpuNs: 160e6,
  evaluateNs: 120e6,
  workerCpuNs: 130e6,
  workers: 1,
  memory: [
    { done: 0.1, bytes: 90 },
    { done: 0.4, bytes: 110 },
    { done: 0.7, bytes: 150 },
    { done: 1, bytes: 130 },
  ],
  latencyMs: { p50: 1, p90: 2, p99: 3, p999: 4, max: 5 },
  machineCpuNs: 400e6,
  trouble: "",
};

function figures(cpuNs: number): RunFigures {
  return { ...toFigures(MEASURES), cpuNs };
}

function results(cases: readonly CaseResult[]): BenchResults {
  return {
    date: "2026-01-02",
    command: "npm run bench",
    machine: {
      cpu: "A & B <CPU>",
      cores: 2,
      memoryBytes: 8 << 28,
      kernel: "6.1",
      node: "v20",
      peregrine: "0.1.0",
      commit: "abc",
      load: 0.1,
    },
    seed: "mixed.scap",
    seedEvents: 400_073,
    events: 20_003_650,
    listedThreadEvents: 19,
    cases,
    startup: { capture: "x.scap", rules: "r.yaml", firstAlertMs: [700, 650, 900] },
    peer: {
      peer: "sysdig 1",
      capture: "y.scap",
      events: 1_000_000,
      filter: "evt.type=open",
      peerRuns: [{ wallMs: 500, cpuMs: 480, lines: 3 }],
      peregrineRuns: [{ wallMs: 100, cpuMs: 120, lines: 3 }],
    },
  };
}

const CASE: CaseResult = {
  capture: "shifted",
  rules: 93,
  ruleSet: "official",
  workers: 2,
  runs: [figures(190), figures(170), figures(180)],
};

test("stages and what no stage accounts for add up to the process's CPU time", () => {
  const run = toFigures(MEASURES);
  assert.equal(run.eventsPerSecond, 10_000_000);
  assert.equal(run.cpuNs, 180);
  assert.deepEqual(run.stageNs, { inflate: 20, read: 30, state: 30, rules: 60, other: 40 });
  assert.equal(run.otherCores, 0.2);
  assert.equal(run.overlap, (160 + 120 - 200) / 120);
});

test("a stage that had to wait for a core counts the time on it alone", () => {
  const run = toFigures({ ...MEASURES, ingestCpuNs: 80e6, workerCpuNs: 60e6 });
  assert.deepEqual(run.stageNs, { inflate: 10, read: 15, state: 15, rules: 30, other: 110 });
});

test("memory: the peak, and the levels of the first and the last million", () => {
  const run = toFigures(MEASURES);
  assert.equal(run.peakBytes, 150);
  assert.equal(run.firstBytes, 100);
  assert.equal(run.lastBytes, 140);
});

test("medians", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2);
  assert.equal(medianBy([{ a: 5 }, { a: 1 }, { a: 3 }], (x) => x.a).a, 3);
  assert.throws(() => medianBy([], () => 0), RangeError);
});

test("figures are written with three digits that count", () => {
  assert.equal(rate(12_345_678), "12.3 M");
  assert.equal(rate(1_234), "1.23 k");
  assert.equal(digits(1234.4), "1,234");
  assert.equal(digits(Number.NaN), "-");
});

test("tables", () => {
  const table = {
    head: ["name", "ns"],
    rows: [
      ["a|b", "1.5"],
      ["long name", "100"],
    ],
  };
  assert.equal(markdownTable(table), "| name | ns |\n|---|---:|\n| a\\|b | 1.5 |\n| long name | 100 |");
  assert.equal(textTable(table), "name        ns\n---------  ---\na|b        1.5\nlong name  100");
  assert.deepEqual(caseTable([CASE]).rows[0]?.slice(0, 4), ["shifted, 93 rules", "2", "10.0 M", "180"]);
  assert.ok(!caseTable([CASE]).head.includes("inflate"));
  assert.ok(caseTable([{ ...CASE, capture: "gzip" }]).head.includes("inflate"));
});

test("the document's part between the markers is replaced, nothing else", () => {
  const text = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n";
  const once = replaceMarked(text, "bench", "new");
  assert.equal(once, "before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nafter\n");
  assert.equal(replaceMarked(once, "bench", "new"), once);
  assert.throws(() => replaceMarked(text, "other", "new"), RangeError);
});

test("the document names machine, date, command, and every figure's origin", () => {
  const text = resultsMarkdown(results([CASE]), "plot.svg");
  for (const part of ["2026-01-02", "`npm run bench`", "A & B <CPU>", "mixed.scap", "20,003,650", "700 ms", "4.00 x"]) {
    assert.ok(text.includes(part), part);
  }
});

test("the plot is well-formed, has a bar of each stage, and marks the reference", () => {
  const svg = plot(results([CASE, { ...CASE, rules: 25, workers: 1 }]));
  assert.match(svg, /^<svg [^>]*viewBox/);
  const open = svg.match(/<(text|title|svg)\b/g) ?? [];
  const closed = svg.match(/<\/(text|title|svg)>/g) ?? [];
  assert.equal(open.length, closed.length);
  assert.ok(svg.includes("Falco 0.44.1") && svg.includes("↑ 1800–2100") && svg.includes(">1.40 M<"));
  assert.ok(!/NaN|undefined|Infinity/.test(svg));
  assert.equal((svg.match(/fill="#f28e2b"/g) ?? []).length, 3);
  assert.match(plot(results([])), /<\/svg>/);
});

test("the heading tells the events of the run, and over how many of them it was measured", () => {
  const cases = [
    { capture: "given", rules: 1, ruleSet: "", workers: 1, runs: [{ ...figures(1), events: 396_246 }] },
  ] as const;
  const text = heading("/tmp/mixed.scap", 1, 400_073, cases);
  assert.equal(text, "mixed.scap as it is, 400,073 events, measured over 396,246 or more");
  assert.match(heading("m.scap", 5, 9, cases), /^m\.scap 5 times, 9 events/);
});
