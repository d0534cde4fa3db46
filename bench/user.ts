// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PeregrineError } from "../src/telemetry/errors.js";
import { reportFailure } from "./failure.js";
import { SeedFile } from "./grow/cache.js";
import { describeMachine } from "./machine.js";
import { isMain } from "./paths.js";
import { terminalProgress } from "./progress.js";
import { caseTable, detailTable } from "./report.js";
import type { CaseResult } from "./results.js";
import { runReplay } from "./runner.js";
import { textTable } from "./table.js";

/** What `peregrine bench` was asked for. */
export interface UserBench {
  readonly rules: readonly string[];
  readonly capture: string;
  readonly workers: readonly number[];
  readonly runs: number;
  /** Events that the capture is made to have at least; 0: it is replayed as it is. */
  readonly events: number;
  readonly json: boolean;
}

/** Plain captures above this are not made larger: a seed is held in memory. */
const LARGE_BYTES = 1 << 29;

interface Input {
  readonly path: string;
  /** 1: the capture as it is. */
  readonly repetitions: number;
}

/** The user's capture, or a larger one made from it in `folder`. */
async function input(options: UserBench, folder: string): Promise<Input> {
  if (!existsSync(options.capture)) {
    throw new PeregrineError("CAPTURE_OPEN", "There is no such file.", { file: options.capture });
  }
  const asItIs = { path: options.capture, repetitions: 1 };
  if (options.events === 0 || statSync(options.capture).size > LARGE_BYTES) return asItIs;
  const seed = new SeedFile(options.capture);
  if (seed.contents.section.events >= options.events) return asItIs;
  const growth = { events: options.events, shifted: true, gzip: false };
  const grown = await seed.grow(folder, growth, terminalProgress("growing"));
  return { path: grown.path, repetitions: grown.repetitions };
}

/** What was replayed. Figures are those behind the first batch, so they stand for fewer events than the run had. */
export function heading(capture: string, repetitions: number, events: number, cases: readonly CaseResult[]): string {
  const measured = cases.flatMap((result) => result.runs.map((run) => run.events));
  const times = repetitions === 1 ? "as it is" : `${repetitions} times`;
  return (
    `${basename(capture)} ${times}, ${events.toLocaleString("en")} events, ` +
    `measured over ${Math.min(...measured).toLocaleString("en")} or more`
  );
}

/** Figures for a user's rules and capture, as a table or JSON on stdout. @returns the exit code */
export async function runUserBench(options: UserBench): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-bench-"));
  try {
    const { path, repetitions } = await input(options, folder);
    const cases: CaseResult[] = [];
    let events = 0;
    for (const workers of options.workers) {
      const runs = [];
      let rules = 0;
      for (let i = 0; i < options.runs; i++) {
        const answer = await runReplay({ capture: path, rules: options.rules, all: false, workers });
        runs.push(answer.figures);
        events = answer.report.ledger.seen;
        rules = answer.rules;
      }
      cases.push({ capture: "given", rules, ruleSet: "", workers, runs });
    }
    const machine = describeMachine();
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ machine, capture: options.capture, repetitions, cases }, null, 2)}\n`);
    } else {
      process.stdout.write(
        `${heading(options.capture, repetitions, events, cases)}; ` +
          `${machine.cores} cores, Node ${machine.node}. CPU ns an event by stage:\n\n` +
          `${textTable(caseTable(cases))}\n\n${textTable(detailTable(cases))}\n`,
      );
    }
    for (const result of cases) {
      for (const run of result.runs) {
        if (run.trouble !== "") process.stderr.write(`${result.workers} workers: ${run.trouble}\n`);
      }
    }
    return cases.some((result) => result.runs.some((run) => run.trouble !== "")) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const request = process.argv[2];
if (isMain(import.meta.url) && request !== undefined) {
  process.exitCode = await runUserBench(JSON.parse(request) as UserBench).catch(reportFailure);
}
