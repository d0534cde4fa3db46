// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { reportFailure } from "./failure.js";
import { SeedFile } from "./grow/cache.js";
import { defaultRuleSets, defaultSeed, type RuleFiles, sharedFile } from "./inputs.js";
import { describeMachine } from "./machine.js";
import { type BenchOptions, parseOptions, USAGE } from "./options.js";
import { isMain, largeCaptures, packageRoot } from "./paths.js";
import { comparePeer } from "./peer.js";
import { timeToFirstByte } from "./program.js";
import { note, terminalProgress } from "./progress.js";
import { caseTable, detailTable, peerTable, replaceMarked, resultsMarkdown } from "./report.js";
import { type BenchResults, type CaptureKind, type CaseResult, type StartupResult, writeResults } from "./results.js";
import { runReplay } from "./runner.js";
import { median } from "./stats.js";
import { plot } from "./svg.js";
import { digits, textTable } from "./table.js";

/** Cold starts that are timed. */
const STARTS = 7;
const PEER_SEED = "captures/sysflow/mpm-worker-full_capture.scap";
const STARTUP_CAPTURE = "captures/modern/host-activity.scap";

interface Plan {
  readonly capture: CaptureKind;
  readonly ruleSet: RuleFiles;
  readonly workers: number;
}

/** Every combination of the parts asked for: the shifted capture with all workers, the others beside it with two. */
export function planCases(options: BenchOptions, ruleSets: readonly RuleFiles[]): Plan[] {
  const chosen = options.ruleSets === null ? ruleSets : ruleSets.filter((_, i) => options.ruleSets?.includes(i));
  const beside = options.workers.includes(2) ? 2 : (options.workers[0] ?? 2);
  const plans: Plan[] = [];
  for (const ruleSet of chosen) {
    if (options.parts.has("shifted")) {
      for (const workers of options.workers) plans.push({ capture: "shifted", ruleSet, workers });
    }
  }
  for (const capture of ["unshifted", "gzip"] as const) {
    if (options.parts.has(capture)) {
      for (const ruleSet of chosen) plans.push({ capture, ruleSet, workers: beside });
    }
  }
  return plans;
}

async function runCase(plan: Plan, capture: string, options: BenchOptions): Promise<CaseResult> {
  const { ruleSet, workers } = plan;
  const request = { capture, rules: ruleSet.files, all: ruleSet.all, workers };
  const runs = [];
  let rules = 0;
  for (let i = 0; i < options.runs; i++) {
    const answer = await runReplay(request, options.profile);
    rules = answer.rules;
    runs.push(answer.figures);
    const { cpuNs, eventsPerSecond, trouble } = answer.figures;
    note(
      `${plan.capture}, ${rules} rules, ${workers} workers: ${digits(cpuNs)} ns, ${digits(eventsPerSecond / 1e6)} M/s`,
    );
    if (trouble !== "") process.stderr.write(`${plan.capture}, ${rules} rules, ${workers} workers: ${trouble}\n`);
  }
  return { capture: plan.capture, rules, ruleSet: ruleSet.name, workers, runs };
}

/** Time to the first alert of fresh processes; null without the capture, or where there is no alert. */
async function startup(ruleSet: RuleFiles | undefined): Promise<StartupResult | null> {
  const capture = sharedFile(STARTUP_CAPTURE);
  if (capture === null || ruleSet === undefined) return null;
  const peregrine = join(packageRoot(), "bin", "peregrine.js");
  const rules = ruleSet.files.flatMap((file) => ["-r", file]);
  const firstAlertMs: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    firstAlertMs.push(await timeToFirstByte(process.execPath, [peregrine, ...rules, "-e", capture]));
  }
  if (firstAlertMs.some(Number.isNaN)) {
    process.stderr.write("start-up: a run raised no alert\n");
    return null;
  }
  return { capture: basename(capture), rules: ruleSet.name, firstAlertMs };
}

async function peer(options: BenchOptions): Promise<BenchResults["peer"]> {
  const path = sharedFile(PEER_SEED);
  if (path === null) return null;
  const seed = new SeedFile(path);
  const growth = { events: options.events, shifted: true, gzip: false };
  const grown = await seed.grow(largeCaptures(), growth, terminalProgress("growing"));
  const result = await comparePeer(grown, basename(path), options.runs);
  if (result === null) note("sysdig is not installed: no comparison");
  return result;
}

export async function bench(options: BenchOptions, command: string): Promise<BenchResults> {
  const machine = describeMachine();
  const seed = new SeedFile(options.seed ?? (await defaultSeed()));
  const ruleSets = defaultRuleSets();
  const cases: CaseResult[] = [];
  for (const plan of planCases(options, ruleSets)) {
    const shifted = plan.capture !== "unshifted" && !options.repeatSeed;
    const growth = { events: options.events, shifted, gzip: plan.capture === "gzip" };
    const grown = await seed.grow(largeCaptures(), growth, terminalProgress("growing"));
    cases.push(await runCase(plan, grown.path, options));
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    machine,
    seed: basename(seed.path),
    seedEvents: seed.contents.section.events,
    events: cases[0]?.runs[0]?.events ?? options.events,
    listedThreadEvents: seed.contents.listedThreadEvents,
    cases,
    startup: options.parts.has("startup") ? await startup(ruleSets[0]) : null,
    peer: options.parts.has("sysdig") ? await peer(options) : null,
  };
}

function print(results: BenchResults): void {
  const parts = [];
  if (results.cases.length > 0) parts.push(textTable(caseTable(results.cases)), textTable(detailTable(results.cases)));
  if (results.startup !== null) {
    const { firstAlertMs, rules, capture } = results.startup;
    parts.push(
      `first alert, cold start, ${rules} on ${capture}: ${digits(median(firstAlertMs))} ms ` +
        `(${firstAlertMs.map(digits).join(", ")})`,
    );
  }
  if (results.peer !== null) parts.push(textTable(peerTable(results.peer)));
  process.stdout.write(`${parts.join("\n\n")}\n`);
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const results = await bench(options, ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "));
  print(results);
  const name = options.whole ? "latest" : "partial";
  const json = writeResults(join(packageRoot(), "bench", "results"), name, results, plot(results));
  note(`written: ${json}`);
  if (options.whole) {
    const document = join(packageRoot(), "docs", "performance.md");
    const text = replaceMarked(
      readFileSync(document, "utf8"),
      "bench",
      resultsMarkdown(results, `../bench/results/${name}.svg`),
    );
    writeFileSync(document, text);
    note(`written: ${document}`);
  }
  return results.cases.some((result) => result.runs.some((run) => run.trouble !== "")) ? 1 : 0;
}

if (isMain(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
}
