// SPDX-License-Identifier: Apache-2.0
// npm run conformance [-- --verbose] [--suite NAME]... [--case PART-OF-ID]...
import { parseArgs } from "node:util";
import { sharedFolder } from "../support/shared.js";
import type { Check, Suite } from "./case.js";
import { readKnownDifferences, readKnownFailures, staleEntries } from "./known.js";
import { stopThreads } from "./peregrine.js";
import { suites } from "./suites.js";
import { table } from "./table.js";

interface Outcome {
  readonly suite: Suite;
  readonly checks: readonly Check[];
  readonly seconds: number;
  /** Cases that ended in an exception: a share of what is left says nothing. */
  readonly broken: readonly string[];
}

const known = readKnownFailures();
const differences = readKnownDifferences();
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runSuite(suite: Suite, wanted: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const checks: Check[] = [];
  const broken: string[] = [];
  for (const one of suite.cases) {
    if (wanted.length > 0 && !wanted.some((part) => one.id.includes(part))) continue;
    if (one.runnable === false) {
      checks.push({ id: one.id, ok: true, detail: "", skipped: `not in the data: ${(one.missing ?? []).join(", ")}` });
      continue;
    }
    try {
      checks.push(...(await suite.run(one)));
    } catch (error) {
      broken.push(one.id);
      checks.push({
        id: one.id,
        ok: false,
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
  return { suite, checks, seconds: (performance.now() - started) / 1000, broken };
}

const isSkipped = (check: Check): boolean => check.skipped !== undefined;
const isPassed = (check: Check): boolean => check.ok && !isSkipped(check);
const reasonOf = (check: Check): string | undefined =>
  known.get(check.id) ?? differences.find((difference) => difference.fits(check))?.reason;
const isKnown = (check: Check): boolean => !check.ok && reasonOf(check) !== undefined;
const isFailed = (check: Check): boolean => !check.ok && !isKnown(check);

function row({ suite, checks, seconds }: Outcome): string[] {
  const count = (test: (check: Check) => boolean): string => String(checks.filter(test).length);
  const gate = { all: "every check", share: "a share", report: "no" }[suite.mode];
  return [suite.name, ...[isPassed, isFailed, isKnown, isSkipped].map(count), gate, seconds.toFixed(1)];
}

function detail(title: string, checks: readonly Check[], verbose: boolean): void {
  const shown = verbose ? checks : checks.slice(0, 10);
  if (shown.length === 0) return;
  print(`\n${title}`);
  for (const check of shown) {
    const text = verbose ? check.detail : check.detail.split("\n").slice(0, 4).join("\n").slice(0, 600);
    print(`  ${check.id}${text === "" ? "" : `\n    ${text.replaceAll("\n", "\n    ")}`}`);
  }
  if (shown.length < checks.length) print(`  ... and ${checks.length - shown.length} more: --verbose shows them`);
}

/** Runs what was asked for and prints it; returns the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      verbose: { type: "boolean", default: false },
      suite: { type: "string", multiple: true, default: [] },
      case: { type: "string", multiple: true, default: [] },
    },
  });
  if (sharedFolder === null) {
    print("conformance: skipped, the reference data (../shared) is not there");
    return 0;
  }
  process.env["TZ"] = "UTC";
  const all = suites();
  const unknown = values.suite.filter((name) => !all.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    print(`conformance: no suite ${unknown.join(", ")}; there are ${all.map((suite) => suite.name).join(", ")}`);
    return 2;
  }
  const outcomes: Outcome[] = [];
  for (const suite of all) {
    if (values.suite.length === 0 || values.suite.includes(suite.name))
      outcomes.push(await runSuite(suite, values.case));
  }
  print(table(["suite", "passed", "failed", "known", "skipped", "must pass", "s"], outcomes.map(row)));

  const failures: string[] = [];
  for (const { suite, checks, broken } of outcomes) {
    const failed = checks.filter(isFailed);
    const summary = suite.summary?.(checks);
    if (summary !== undefined && summary.lines.length > 0) print(`\n${suite.name}\n  ${summary.lines.join("\n  ")}`);
    if (suite.mode !== "report" || values.verbose) detail(`${suite.name}: failed`, failed, values.verbose);
    if (values.verbose) {
      for (const check of checks.filter(isKnown)) print(`  known: ${check.id}: ${reasonOf(check) ?? ""}`);
      for (const check of checks.filter(isSkipped)) print(`  skipped: ${check.id}: ${check.skipped ?? ""}`);
    }
    if (suite.mode === "all" && failed.length > 0) failures.push(`${suite.name}: ${failed.length} checks fail`);
    if (suite.mode === "share" && broken.length > 0) failures.push(`${suite.name}: ${broken.length} cases broke off`);
    if (suite.mode === "share" && values.case.length === 0) failures.push(...(summary?.failures ?? []));
  }
  const whole = values.suite.length === 0 && values.case.length === 0;
  const checks = outcomes.flatMap((outcome) => outcome.checks);
  const here = whole ? known : new Map([...known].filter(([id]) => checks.some((check) => check.id === id)));
  failures.push(...staleEntries(here, checks).map((line) => `known-failures.json: ${line}`));
  for (const difference of whole ? differences : []) {
    if (checks.some((check) => difference.fits(check))) continue;
    failures.push(`known-failures.json: ${difference.id}: no check differs so, take it out`);
  }

  print(failures.length === 0 ? "\nconformance: passed" : `\nconformance: failed\n  ${failures.join("\n  ")}`);
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} finally {
  await stopThreads();
}
