// SPDX-License-Identifier: Apache-2.0

import type { Faults } from "../../src/engine/faults.js";
import { type ReplayOptions, replay } from "../../src/engine/replay.js";
import type { ReplayReport } from "../../src/engine/report.js";
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
