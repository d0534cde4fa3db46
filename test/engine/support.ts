// SPDX-License-Identifier: Apache-2.0

import type { RingShape } from "../../src/batch/ring.js";
import type { Faults } from "../../src/engine/faults.js";
import { type ReplayOptions, replay } from "../../src/engine/replay.js";
import type { ReplayReport, RunReport } from "../../src/engine/report.js";
import { type RunOptions, run } from "../../src/engine/run.js";
import { startThreads, type Threads } from "../../src/engine/threads.js";
import type { Rule, RuleSet } from "../../src/rules/ruleset.js";
import { type FakeData, wantedEvent } from "./fakes.js";

const MODULE = new URL("./fakes.js", import.meta.url).href;

/** Rules without conditions, for the fake matcher. */
export function fakeRules(count: number): RuleSet {
  const rules = Array.from({ length: count }, (_, index): Rule => {
    return {
      index,
      name: `rule ${index}`,
      desc: "",
      priority: index % 8,
      source: "syscall",
      tags: [],
      condition: { kind: "and", children: [], range: { start: 0, end: 0 } },
      eventTypes: null,
      output: "",
    };
  });
  return { rules, matching: "all" };
}

export interface FakeRun {
  readonly report: ReplayReport;
  readonly output: string;
}

const pools = new Map<number, Threads>();

function threadsFor(workers: number): Threads {
  const known = pools.get(workers);
  if (known !== undefined) return known;
  const threads = startThreads(workers);
  pools.set(workers, threads);
  return threads;
}

/** Ends the threads that the runs of a test file shared. */
export async function closeThreads(): Promise<void> {
  await Promise.all([...pools.values()].map((threads) => threads.close()));
  pools.clear();
}

/** Runs the engine with the fake source, state stage and matcher. */
export async function fakeReplay(
  data: FakeData,
  options: Partial<ReplayOptions> & { workers: number },
  faults: Omit<Faults, "modules" | "data"> = {},
): Promise<FakeRun> {
  const chunks: string[] = [];
  const report = await replay({
    capture: "fake",
    rules: fakeRules(data.every.length),
    encoder: { kind: "text", iso8601: false },
    hostRoot: null,
    sink: (chunk) => {
      chunks.push(chunk.toString());
    },
    threads: threadsFor(options.workers),
    memory: { strings: 4096, stringBytes: 65536, processRows: 1024, fdRows: 1024 },
    ...options,
    ring: { slots: 16, events: 64, recordBytes: 64 * 1024, heapBytes: 4096, ...options.ring },
    faults: { ...faults, modules: { ingest: MODULE, evaluator: MODULE }, data },
  });
  return { report, output: chunks.join("") };
}

export interface FakeSourcesRun {
  readonly report: RunReport;
  readonly output: string;
}

/** The lines of one source, as they would be if it were the only one. */
export function linesOf(output: string, name: string): string {
  const lines = output.split("\n").filter((line) => line.startsWith(`${name} `));
  return lines.map((line) => `${line.slice(name.length + 1)}\n`).join("");
}

/** Runs the engine with several fake sources, one for each entry of `data.sources`. */
export async function fakeSources(
  data: FakeData,
  options: Partial<RunOptions> & { workers: number; ring?: Partial<RingShape> },
  faults: Omit<Faults, "modules" | "data"> = {},
): Promise<FakeSourcesRun> {
  const chunks: string[] = [];
  const { ring, ...rest } = options;
  const report = await run({
    rules: fakeRules(data.every.length),
    encoder: { kind: "text", iso8601: false },
    sink: (chunk) => {
      chunks.push(chunk.toString());
    },
    threads: threadsFor(options.workers),
    ...rest,
    sources: Object.keys(data.sources ?? {}).map((name) => ({
      name,
      spec: { kind: "capture", path: name },
      hostRoot: null,
      memory: { strings: 4096, stringBytes: 65536, processRows: 1024, fdRows: 1024 },
      ring: { slots: 4, events: 64, recordBytes: 64 * 1024, heapBytes: 4096, ...ring },
    })),
    faults: { ...faults, modules: { ingest: MODULE, evaluator: MODULE }, data },
  });
  return { report, output: chunks.join("") };
}

/** What the fakes must print. */
export function expectedOutput(data: FakeData, without: ReadonlySet<number> = new Set()): string {
  const pad = ".".repeat(data.pad ?? 0);
  let text = "";
  for (let number = 1; number <= data.events; number++) {
    if (!wantedEvent(number) || without.has(number)) continue;
    data.every.forEach((every, rule) => {
      if (number % every === 0) text += `${number} rule ${rule}${pad}\n`;
    });
  }
  return text;
}
