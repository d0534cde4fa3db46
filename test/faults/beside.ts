// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { PluginNews } from "../../src/engine/plugin-report.js";
import type { RunReport } from "../../src/engine/report.js";
import { run } from "../../src/engine/run.js";
import { startThreads, type Threads } from "../../src/engine/threads.js";
import { DEFAULT_POLICY, type PluginPolicy } from "../../src/plugins/info.js";
import { loadPlugins, type PluginRequest } from "../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import { loadRules } from "../../src/rules/load.js";
import type { FaultConfig } from "./make.js";

export interface Outcome {
  readonly report: RunReport;
  readonly news: readonly PluginNews[];
  readonly lines: readonly string[];
}

/** Little, so that it is soon taken; the same for all runs, so that they can share their threads. */
export const MEMORY_MB = 64;
/** On a busy machine everything may take long. */
const PATIENT_MS = 60_000;
/** For those that hang. */
export const HANG_MS = 2000;

let threads: Threads | null = null;

/** Ends the threads that the runs of a test file share. */
export async function closeThreads(): Promise<void> {
  await threads?.close();
  threads = null;
}

/** Events of the plugin that makes no mistakes; every tenth raises an alert. */
const GOOD_EVENTS = 300;

const ruleFor = (name: string): string => `
- rule: ${name}
  desc: every tenth event
  condition: ${name}.n exists and ${name}.text endswith 2
  output: "%evt.num %${name}.n %${name}.text"
  priority: INFO
  source: ${name}_source`;

/** The file of a module beside this one. */
export function moduleFile(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

export function requestFor(
  libraryPath: string,
  config: unknown,
  policy: Partial<PluginPolicy> = {},
  parameters = "",
): PluginRequest {
  return {
    ...{ name: "one", libraryPath, config, parameters, sha256: null, process: "child", stateFolder: null },
    policy: { ...DEFAULT_POLICY, timeoutMs: PATIENT_MS, memoryMb: MEMORY_MB, ...policy },
  };
}

/**
 * Runs a plugin that breaks beside one that makes no mistakes, and checks what must hold whatever breaks: the run ends, the
 * other source is complete, and no event of any source is unaccounted for.
 * @param name of the plugin that breaks: its event source is NAME_source, its fields NAME.n and NAME.text
 * @param stopped the run is ended by the failure, so that the other source may have come to any point
 */
export async function beside(name: string, request: PluginRequest, stopped = false): Promise<Outcome> {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const good = requestFor(moduleFile("good"), { events: GOOD_EVENTS } satisfies FaultConfig);
  const plugins = await loadPlugins([good, request], { log });
  const sources = sourcesOf(plugins);
  const resolver = pluginResolver(plugins, sources, NO_VALUES);
  const content = ["good", name].map(ruleFor).join("\n");
  const rules = loadRules([{ path: "rules.yaml", content }], { resolver, sources });
  assert.ok(rules.ok, JSON.stringify(rules.diagnostics));
  const news: PluginNews[] = [];
  let text = "";
  threads ??= startThreads(2);
  const report = await run({
    sources: plugins.map(({ source, index }) => ({
      name: source?.name ?? "",
      spec: { kind: "plugin", plugin: index },
      hostRoot: null,
    })),
    plugins,
    rules: rules.ruleSet,
    encoder: { kind: "text", iso8601: true },
    threads,
    sink: (chunk) => {
      text += chunk.toString();
    },
    onPlugin: (each) => news.push(each),
  });
  for (const { ledger } of report.sources) {
    assert.equal(ledger.difference, 0);
    assert.equal(ledger.failed, 0, "no event fails");
  }
  if (!stopped) {
    const [{ events, alerts, failure }] = report.sources;
    assert.deepEqual([events, alerts, failure], [GOOD_EVENTS, GOOD_EVENTS / 10, null], "the other source is complete");
  }
  assert.ok(
    news.every(({ plugin }) => plugin === name),
    `nobody else is blamed: ${JSON.stringify(news)}`,
  );
  return { report, news, lines: text.split("\n").slice(0, -1) };
}

/** Asserts that it was told that the plugin has broken, and why. */
export function toldBroken({ news }: Outcome, part: "source" | "extractor", why: RegExp): void {
  const found = news.some((each) => each.kind === "broke" && each.part === part && why.test(each.message));
  assert.ok(found, JSON.stringify(news));
}
