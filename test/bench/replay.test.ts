// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { STAGES } from "../../bench/figures.js";
import { syntheticSeed } from "../../bench/grow/synthetic.js";
import { parseLines } from "../../bench/micro/main.js";
import { parseOptions } from "../../bench/options.js";
import { packageRoot } from "../../bench/paths.js";
import { runProgram, timeToFirstByte } from "../../bench/program.js";
import type { CaseResult } from "../../bench/results.js";
import { runReplay } from "../../bench/runner.js";
import { temporaryFile } from "../support/scap-builder.js";

const RULES = join(packageRoot(), "bench", "rules.yaml");

test("a replay yields figures, and all its events are accounted for", async () => {
  const capture = temporaryFile(syntheticSeed(30_000));
  const { figures, rules, report } = await runReplay({ capture, rules: [RULES], all: true, workers: 2 });
  assert.equal(rules, 5);
  assert.equal(figures.trouble, "");
  assert.ok(report.ledger.seen >= 30_000);
  assert.ok(figures.events > 0 && figures.events <= report.ledger.seen);
  for (const key of ["cpuNs", "eventsPerSecond", "wallMs", "peakBytes", "firstBytes", "lastBytes"] as const) {
    assert.ok(figures[key] > 0, key);
  }
  const sum = STAGES.reduce((total, stage) => total + figures.stageNs[stage], 0);
  assert.ok(sum >= figures.cpuNs * 0.999);
  assert.ok(figures.stageNs.read > 0 && figures.stageNs.state > 0 && figures.stageNs.rules > 0);
  assert.ok(figures.latencyMs.p50 <= figures.latencyMs.p99 && figures.latencyMs.p99 <= figures.latencyMs.max);
});

test("a bad capture is trouble, not silence", async () => {
  const bytes = syntheticSeed(2000);
  const capture = temporaryFile(bytes.subarray(0, bytes.length - 10));
  const { figures } = await runReplay({ capture, rules: [RULES], all: true, workers: 1 });
  assert.match(figures.trouble, /capture is bad/);
});

test("the user's bench repeats a small capture and prints JSON", () => {
  const request = { rules: [RULES], capture: temporaryFile(syntheticSeed(2000)), workers: [1], runs: 2, events: 9000 };
  const script = fileURLToPath(new URL("../../bench/user.js", import.meta.url));
  const run = spawnSync(process.execPath, [script, JSON.stringify({ ...request, json: true })], { encoding: "utf8" });
  assert.equal(run.stderr, "");
  assert.equal(run.status, 0);
  const answer = JSON.parse(run.stdout) as { repetitions: number; cases: CaseResult[] };
  assert.equal(answer.repetitions, 5);
  assert.equal(answer.cases[0]?.runs.length, 2);
  assert.ok((answer.cases[0]?.runs[0]?.cpuNs ?? 0) > 0);
});

test("a program's time is measured, its failure told", async () => {
  const run = await runProgram(process.execPath, [
    "-e",
    "const t = Date.now(); while (Date.now() - t < 60); console.log()",
  ]);
  assert.equal(run.lines, 1);
  assert.ok(run.wallMs >= 60 && run.cpuMs > 0);
  await assert.rejects(runProgram(process.execPath, ["-e", "console.error('why'); process.exit(3)"]), /why/);
  assert.ok((await timeToFirstByte(process.execPath, ["-e", "console.log(1)"])) > 0);
  assert.ok(Number.isNaN(await timeToFirstByte(process.execPath, ["-e", ""])));
});

test("options", () => {
  const options = parseOptions(["--quick", "--only", "gzip,startup", "--workers", "3"]);
  assert.equal(options.events, 2_000_000);
  assert.deepEqual([...options.parts], ["gzip", "startup"]);
  assert.deepEqual(options.workers, [3]);
  assert.equal(options.whole, false);
  assert.equal(parseOptions([]).whole, true);
  assert.equal(parseOptions(["--runs", "5"]).whole, true);
  assert.throws(() => parseOptions(["--only", "everything"]), TypeError);
  assert.throws(() => parseOptions(["--runs", "0"]), TypeError);
});

test("figures are found among what a micro-benchmark prints", () => {
  const { lines, rest } = parseLines(
    "heading\nopenat: 12.5 ns warm\n  two words  1,234 ns\nreader: 1.0 2.0 9.0 ns an event, median 2.0\n",
  );
  assert.deepEqual(lines, [
    { name: "openat", ns: "12.5", note: "warm" },
    { name: "two words", ns: "1,234", note: "" },
    { name: "reader", ns: "2.0", note: "" },
  ]);
  assert.deepEqual(rest, ["heading"]);
});
