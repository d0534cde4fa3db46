// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from "node:url";
import { DEFAULT_ALERT_OPTIONS } from "../../src/alerts/options.js";
import { run } from "../../src/engine/run.js";
import { DEFAULT_POLICY } from "../../src/plugins/info.js";
import { loadPlugins, type PluginRequest } from "../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { compileLibrary } from "../../test/plugins/library/compile.js";

/** One thing that is measured. */
export interface PluginCase {
  /** What makes the events, and where. */
  readonly plugin: string;
  readonly fields: string;
  readonly workers: number;
  readonly events: number;
  readonly request: PluginRequest;
  /** Name of its event source. */
  readonly source: string;
  readonly condition: string;
}

export interface CaseRun {
  readonly eventsPerSecond: number;
  /** All threads, and processes of libraries where the system tells. */
  readonly cpuNs: number;
}

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function request(libraryPath: string, config: unknown, events: number, process: "child" | "in-process"): PluginRequest {
  const common = { sha256: null, policy: DEFAULT_POLICY, stateFolder: null };
  return { name: "measured", libraryPath, config, parameters: String(events), process, ...common };
}

/** No condition holds: what is measured is not the writing of alerts. */
const NONE = "evt.num < 1";

/** @param share of the events of the whole bench */
export function pluginCases(share: number): readonly PluginCase[] {
  const module = fileURLToPath(new URL("./numbers.js", import.meta.url));
  const library = compileLibrary("counter.c");
  const count = (events: number): number => Math.max(20_000, Math.round(events * share));
  const numbers = { source: "numbers", plugin: "TypeScript" };
  const counter = { source: "counter", workers: 1 };
  const two = (name: string): string => `${name}.value = 4294967295 or ${name}.text = none`;
  const small = count(3_000_000);
  const large = count(1_000_000);
  return [
    {
      ...{ ...numbers, fields: "none", workers: 1, events: small, condition: NONE },
      request: request(module, { json: false }, small, "child"),
    },
    {
      ...{ ...numbers, fields: "2, of a number", workers: 1, events: small, condition: two("numbers") },
      request: request(module, { json: false }, small, "child"),
    },
    ...[1, 2, 4].map((workers) => ({
      ...{ ...numbers, fields: "2, of 300 bytes of JSON", workers, events: large, condition: two("numbers") },
      request: request(module, { json: true }, large, "child"),
    })),
    ...(["child", "in-process"] as const).flatMap((process) => [
      {
        ...{ ...counter, plugin: `C, ${process}`, fields: "none", events: small, condition: NONE },
        request: request(library, {}, small, process),
      },
      {
        ...{ ...counter, plugin: `C, ${process}`, fields: "2, of a number", events: small, condition: two("counter") },
        request: request(library, {}, small, process),
      },
    ]),
  ];
}

/** One run. Figures are those behind the first batch. */
export async function measureCase(one: PluginCase): Promise<CaseRun> {
  const plugins = await loadPlugins([one.request], { log });
  const sources = sourcesOf(plugins);
  const lines = [`- rule: r`, `  desc: d`, `  condition: ${one.condition}`, `  output: o`, `  priority: INFO`];
  const loaded = loadRules([{ path: "bench.yaml", content: [...lines, `  source: ${one.source}`].join("\n") }], {
    resolver: pluginResolver(plugins, sources, NO_VALUES),
    sources,
    plugins,
  });
  if (!loaded.ok) throw new Error(formatDiagnostics(loaded.diagnostics));
  let first: { at: number; cpu: NodeJS.CpuUsage; seen: number } | null = null;
  let ledger: Ledger | undefined;
  const timer = setInterval(() => {
    const seen = ledger?.snapshot().evaluated ?? 0;
    if (seen === 0) return;
    first = { at: performance.now(), cpu: process.cpuUsage(), seen };
    clearInterval(timer);
  }, 1);
  const report = await run({
    sources: [{ name: one.source, spec: { kind: "plugin", plugin: 0 }, hostRoot: null }],
    plugins,
    rules: loaded.ruleSet,
    encoder: { kind: "json", hostname: "bench", ...DEFAULT_ALERT_OPTIONS },
    sink: () => {},
    workers: one.workers,
    onLedgers: ([given]) => {
      ledger = given;
    },
  });
  clearInterval(timer);
  const [{ ledger: end, failure }] = report.sources;
  if (failure !== null || end.difference !== 0 || end.evaluated !== one.events) {
    throw new Error(`the run went wrong: ${JSON.stringify(end)} ${failure?.message ?? ""}`);
  }
  const start = first as { at: number; cpu: NodeJS.CpuUsage; seen: number } | null;
  if (start === null) throw new Error("no event came");
  const { user, system } = process.cpuUsage(start.cpu);
  const events = end.evaluated - start.seen;
  return {
    eventsPerSecond: (events * 1000) / (performance.now() - start.at),
    cpuNs: ((user + system) * 1000) / events,
  };
}
