// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { env } from "node:process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { PluginNews } from "../../../src/engine/plugin-report.js";
import { run } from "../../../src/engine/run.js";
import { DEFAULT_POLICY, type LoadedPlugin, type PluginPolicy } from "../../../src/plugins/info.js";
import { libraryPlace } from "../../../src/plugins/library/load.js";
import { loadPlugins } from "../../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../../src/plugins/resolver.js";
import { sourcesOf } from "../../../src/plugins/sources.js";
import { loadRules } from "../../../src/rules/load.js";
import { compileLibrary } from "./compile.js";
import type { RaceTask } from "./racer.js";

interface Wanted {
  readonly library: string;
  readonly parameters?: string;
  readonly config?: unknown;
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function load(
  wanted: readonly Wanted[],
  process: "child" | "in-process",
  policy: Partial<PluginPolicy> = {},
): Promise<readonly LoadedPlugin[]> {
  const requests = wanted.map(({ library, parameters = "", config = {} }, i) => ({
    name: `plugin${i}`,
    libraryPath: library,
    config,
    parameters,
    sha256: null,
    process,
    policy: { ...DEFAULT_POLICY, ...policy },
    stateFolder: null,
  }));
  return loadPlugins(requests, { log: SILENT });
}

/** Runs rules, one line each of source, condition and output, over all plugins that are sources. */
async function alerts(
  plugins: readonly LoadedPlugin[],
  rules: readonly (readonly [string, string, string])[],
  workers = 2,
) {
  const sources = sourcesOf(plugins);
  const content = rules
    .map(([source, condition, output], i) =>
      [
        `- rule: r${i}`,
        "  desc: d",
        `  source: ${source}`,
        `  condition: ${JSON.stringify(condition)}`,
        `  output: ${JSON.stringify(output)}`,
        "  priority: INFO",
      ].join("\n"),
    )
    .join("\n");
  const resolver = pluginResolver(plugins, sources, NO_VALUES);
  const asyncNames = plugins.flatMap(({ asyncEvents }) => asyncEvents?.names ?? []);
  const loaded = loadRules([{ path: "rules.yaml", content }], { resolver, sources, plugins, asyncNames });
  assert.deepEqual(loaded.diagnostics, []);
  const news: PluginNews[] = [];
  let text = "";
  const report = await run({
    sources: plugins.flatMap(({ source }, plugin) =>
      source === null ? [] : [{ name: source.name, spec: { kind: "plugin" as const, plugin }, hostRoot: null }],
    ),
    rules: loaded.ruleSet,
    encoder: { kind: "text", iso8601: false },
    sink: (chunk) => {
      text += Buffer.from(chunk).toString();
    },
    workers,
    plugins,
    onPlugin: (told) => void news.push(told),
  });
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^\S+ Informational /, "").replace(/^\S+: Informational /, ""));
  for (const { ledger } of report.sources) assert.equal(ledger.difference, 0);
  return { lines, report, news };
}

for (const process of ["child", "in-process"] as const) {
  test(`${process}: rules on the events and fields of libraries of both APIs`, async () => {
    const plugins = await load(
      [
        { library: compileLibrary("counter.c"), parameters: "3000" },
        { library: compileLibrary("old-source.c"), parameters: "40" },
        { library: compileLibrary("old-extractor.c") },
      ],
      process,
    );
    const { lines, report } = await alerts(plugins, [
      [
        "counter",
        "counter.value >= 2990 and counter.even = true",
        "even %counter.value %counter.key[k] %length.bytes %evt.plugininfo",
      ],
      [
        "counter",
        'counter.digits intersects ("7") and counter.value > 2977',
        "seven %counter.digits %counter.digits[3]",
      ],
      ["old", "old.number = 39", "old %old.text %old.arg[x] %evt.pluginname %length.bytes"],
    ]);
    assert.deepEqual(
      lines.map((line) => line.slice(line.search(/even|seven|old /))).sort(),
      [
        ...[2990, 2992, 2994, 2996, 2998].map((n) => `even ${n} k=${n} 4 event ${n + 1} of counter: ${n}`),
        "seven (2,9,7,8) (8)",
        "seven (2,9,7,9) (9)",
        "seven (2,9,8,7) (7)",
        "seven (2,9,9,7) (7)",
        "old 39/- x@40.1600000000000000039 old_source 2",
      ].sort(),
    );
    assert.deepEqual(
      report.sources.map(({ name, events }) => [name, events]),
      [
        ["counter", 3000],
        ["old", 40],
      ],
    );
  });
}

/** A thread that loads the library `turns` times and asks it about an event each time. */
function racer(task: RaceTask): Promise<readonly string[]> {
  const thread = new Worker(new URL("./racer.js", import.meta.url), { workerData: task });
  return new Promise((done, failed) => {
    thread.on("message", done);
    thread.on("error", failed);
  });
}

test("threads that load a library and ask it do not fail where another's event kills the process they share", async () => {
  const place = libraryPlace(compileLibrary("counter.c", { POISON: "5" }));
  const [deadly, ...harmless] = await Promise.all(
    ["5", "6", "7"].map((data) => racer({ place, turns: 20, data, field: "counter.value" })),
  );
  const death = "plugin counter: its process died of SIGSEGV while its fields were extracted";
  assert.deepEqual(new Set(deadly), new Set([death]));
  assert.deepEqual(
    harmless,
    ["6", "7"].map((data) => Array.from({ length: 20 }, () => data)),
  );
});

for (const process of ["child", "in-process"] as const) {
  test(`${process}: a library's states begin and end one after the other, however many threads have one`, async () => {
    const place = libraryPlace(compileLibrary("serial.c"), { process });
    const field = "serial.processors";
    const all = await Promise.all(Array.from({ length: 4 }, () => racer({ place, turns: 5, data: "", field })));
    const { GOMAXPROCS = process === "child" ? "1" : "none" } = env;
    for (const found of all)
      assert.deepEqual(
        found,
        Array.from({ length: 5 }, () => GOMAXPROCS),
      );
  });
}

test("Go's runtime has one processor where fields are extracted, and all of them in the process of a source", async () => {
  const plugins = await load([{ library: compileLibrary("serial.c") }], "child");
  const { lines } = await alerts(plugins, [["serial", "evt.num > 0", "%evt.plugininfo, %serial.processors"]]);
  const { GOMAXPROCS } = env;
  const said =
    GOMAXPROCS === undefined
      ? "datalen=4 data=none, 1"
      : `datalen=${GOMAXPROCS.length} data=${GOMAXPROCS}, ${GOMAXPROCS}`;
  assert.deepEqual(
    lines.map((line) => line.slice(line.indexOf("datalen"))),
    [said],
  );
});

test("a library that dies at an event costs that event alone, and the other source nothing", async () => {
  const plugins = await load(
    [
      { library: compileLibrary("counter.c", { POISON: "5" }), parameters: "1000" },
      { library: compileLibrary("old-source.c"), parameters: "2000" },
    ],
    "child",
  );
  const { lines, report, news } = await alerts(plugins, [
    ["counter", "counter.value >= 0", "counter %counter.value"],
    ["old", "old.number >= 0", "old %old.number"],
  ]);
  const seen = (word: string) =>
    lines.flatMap((line) => new RegExp(`\\b${word} (\\d+)$`).exec(line)?.[1] ?? []).map(Number);
  assert.deepEqual(
    seen("old"),
    Array.from({ length: 2000 }, (_, i) => i),
  );
  assert.deepEqual(
    seen("counter"),
    Array.from({ length: 1000 }, (_, i) => i).filter((i) => i !== 5),
  );
  assert.equal(report.deaths, 0);
  assert(
    news.some((told) => JSON.stringify(told).includes("SIGSEGV")),
    JSON.stringify(news),
  );
});

test("a source whose process dies is started again, up to its limit", async () => {
  const plugins = await load(
    [
      { library: compileLibrary("counter.c"), parameters: "64 segv" },
      { library: compileLibrary("old-source.c"), parameters: "500" },
    ],
    "child",
    { restarts: 2 },
  );
  const { lines, report, news } = await alerts(plugins, [
    ["counter", "counter.value = 3", "counter %counter.value"],
    ["old", "old.number >= 0", "old %old.number"],
  ]);
  assert.equal(lines.filter((line) => /old \d+$/.test(line)).length, 500);
  assert.equal(lines.filter((line) => /counter 3$/.test(line)).length, 3, "once in each life");
  assert.equal(report.sources[0]?.failure?.code, "PLUGIN_FAILED");
  assert.match(report.sources[0]?.failure?.message ?? "", /its process died of SIGSEGV while its source was read/);
  assert.equal(report.sources[1]?.failure, null);
  assert(news.length >= 3);
});

test("events that a library sends out of turn are events of its source", async () => {
  const plugins = await load([{ library: compileLibrary("async.cc", { TICKS: "50" }) }], "child");
  const { lines } = await alerts(plugins, [["quiet", "evt.asynctype = tick", "tick %evt.asynctype %evt.plugininfo"]]);
  assert(lines.length >= 50, lines.join());
});
