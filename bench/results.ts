// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunFigures } from "./figures.js";
import type { Machine } from "./machine.js";
import { medianBy } from "./stats.js";

/** Which large capture was replayed; "given": the user's own. */
export type CaptureKind = "shifted" | "unshifted" | "gzip" | "given";

/** One combination that was measured, with every run of it. */
export interface CaseResult {
  readonly capture: CaptureKind;
  /** Rules that were loaded, and what they are called in tables. */
  readonly rules: number;
  readonly ruleSet: string;
  readonly workers: number;
  readonly runs: readonly RunFigures[];
}

/** Time from starting the program to its first alert, ms. */
export interface StartupResult {
  readonly capture: string;
  readonly rules: string;
  readonly firstAlertMs: readonly number[];
}

/** One run of a program over the whole file, start-up included. */
export interface ProgramRun {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly lines: number;
}

export interface PeerResult {
  readonly peer: string;
  readonly capture: string;
  readonly events: number;
  readonly filter: string;
  readonly peerRuns: readonly ProgramRun[];
  readonly peregrineRuns: readonly ProgramRun[];
}

/** Everything that one `npm run bench` found. */
export interface BenchResults {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly seed: string;
  readonly seedEvents: number;
  readonly events: number;
  readonly listedThreadEvents: number;
  readonly cases: readonly CaseResult[];
  readonly startup: StartupResult | null;
  readonly peer: PeerResult | null;
}

/** What a case is called in tables. */
export function caseName(result: CaseResult): string {
  const rules = `${result.rules} rules`;
  return result.capture === "given" ? rules : `${result.capture}, ${rules}`;
}

/** The run with the median CPU time. */
export function medianRun(result: CaseResult): RunFigures {
  return medianBy(result.runs, (run) => run.cpuNs);
}

/** Writes NAME.json and NAME.svg into `folder`. @returns the path of the JSON file */
export function writeResults(folder: string, name: string, results: BenchResults, svg: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.svg`), svg);
  return path;
}
