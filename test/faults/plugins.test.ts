// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { PluginNews } from "../../src/engine/plugin-report.js";
import type { RunReport } from "../../src/engine/report.js";
import { run } from "../../src/engine/run.js";
import { DEFAULT_POLICY, type PluginPolicy } from "../../src/plugins/info.js";
import { loadPlugins } from "../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import { loadRules } from "../../src/rules/load.js";
import type { FaultConfig } from "./make.js";

const RULES = ["good", "faulty"]
  .map(
    (name) => `
- rule: ${name}
  desc: every second event
  condition: ${name}.n exists and ${name}.text endswith 2
  output: "%evt.num %${name}.n %${name}.text"
  priority: INFO
  source: ${name}_source`,
  )
  .join("\n");

interface Outcome {
  readonly report: RunReport;
  readonly news: PluginNews[];
  readonly lines: readonly string[];
}

/** Runs both plugins side by side; the one makes no mistakes, the other those that `config` says. */
async function faulty(config: FaultConfig, policy: Partial<PluginPolicy> = {}): Promise<Outcome> {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const request = (name: string, settings: FaultConfig) => ({
    ...{ name, libraryPath: fileURLToPath(new URL(`./${name}.js`, import.meta.url)), config: settings },
    ...{ parameters: "", sha256: null, process: "child" as const, stateFolder: null },
    policy: { ...DEFAULT_POLICY, timeoutMs: 1000, ...policy },
  });
  const plugins = await loadPlugins([request("good", { events: 300 }), request("faulty", config)], { log });
  const resolver = pluginResolver(plugins, sourcesOf(plugins), NO_VALUES);
  const rules = loadRules([{ path: "rules.yaml", content: RULES }], { resolver, sources: sourcesOf(plugins) });
  assert.ok(rules.ok, JSON.stringify(rules.diagnostics));
  const news: PluginNews[] = [];
  let text = "";
  const report = await run({
    sources: plugins.map(({ source, index }) => ({
      name: source?.name ?? "",
      spec: { kind: "plugin", plugin: index },
      hostRoot: null,
    })),
    plugins,
    rules: rules.ruleSet,
    encoder: { kind: "text", iso8601: true },
    workers: 2,
    sink: (chunk) => {
      text += chunk.toString();
    },
    onPlugin: (each) => news.push(each),
  });
  const [good] = report.sources;
  assert.equal(good.events, 300);
  assert.equal(good.alerts, 30, "the other source's alerts are complete");
  for (const { ledger } of report.sources) assert.equal(ledger.difference, 0);
  return { report, news, lines: text.split("\n").slice(0, -1) };
}

test("without faults both sources are complete", async () => {
  const { report, news } = await faulty({});
  assert.equal(report.sources[1].alerts, 10);
  assert.deepEqual(news, []);
  assert.deepEqual(
    report.plugins.map(({ events, throws, deaths }) => [events, throws, deaths]),
    [
      [300, 0, 0],
      [100, 0, 0],
    ],
  );
});

test("an extractor that throws, gives the wrong type, or a promise: the value is absent, all is counted", async () => {
  const { report, news } = await faulty({ throwAt: [2], wrongTypeAt: 12, promiseAt: 22 });
  assert.equal(report.sources[1].alerts, 7);
  assert.equal(report.plugins[1].throws, 1);
  assert.equal(report.plugins[1].wrongTypes, 2);
  assert.equal(report.sources[1].ledger.evaluated, 100);
  assert.ok(news.some((each) => each.kind === "fault" && each.plugin === "faulty" && /broke/.test(each.message)));
});

for (const [what, config] of [
  ["hangs", { hangAt: 42 }],
  ["ends its thread", { exitAt: 42 }],
] as const) {
  test(`an extractor that ${what} costs its own value and nothing else`, async () => {
    const { report, news } = await faulty(config);
    assert.equal(report.sources[1].alerts, 9);
    assert.equal(report.sources[1].ledger.failed, 0);
    assert.equal(report.plugins[1].deaths, 1);
    assert.ok(report.plugins[1].without >= 1);
    assert.ok(news.some((each) => each.kind === "broke" && each.plugin === "faulty" && each.part === "extractor"));
  });
}

for (const [what, config] of [
  ["throws", { sourceThrowAt: 60 }],
  ["rejects", { sourceRejectAt: 60 }],
  ["hangs", { sourceHangAt: 60 }],
  ["ends its thread", { sourceExitAt: 60 }],
] as const) {
  test(`a source that ${what} is started again, then given up; the other goes on`, async () => {
    const { report, news } = await faulty(config, { restarts: 1 });
    const [, source] = report.sources;
    assert.equal(source.failure?.code, "PLUGIN_FAILED");
    assert.equal(source.events, 100, "fifty events from each of two lives");
    assert.equal(source.ledger.evaluated, 100);
    assert.equal(news.filter((each) => each.kind === "broke" && each.part === "source").length, 2);
  });
}

test("data that are none and data that are too large are lost, counted, and cost nothing else", async () => {
  const { report } = await faulty({ badDataAt: 32, hugeAt: 42 });
  const { ledger, alerts } = report.sources[1];
  assert.deepEqual(ledger.lost, [
    { stage: "reader", cause: "oversize", events: 1 },
    { stage: "source", cause: "fault", events: 1 },
  ]);
  assert.equal(alerts, 8);
});

test("on_failure: disable takes the plugin's fields away at the first fault", async () => {
  const disabled = await faulty({ throwAt: [2] }, { onFailure: "disable" });
  assert.notEqual(disabled.report.plugins[1].failure, null);
  const news = disabled.news.filter(({ kind }) => kind === "off");
  assert.equal(news.length, 1);
});
