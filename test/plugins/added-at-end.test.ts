// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { RunReport, SourceReport } from "../../src/engine/report.js";
import { run } from "../../src/engine/run.js";
import { startThreads } from "../../src/engine/threads.js";
import { DEFAULT_POLICY } from "../../src/plugins/info.js";
import { loadPlugins } from "../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import { loadRules } from "../../src/rules/load.js";
import { temporaryFolder } from "../support/temporary.js";
import { compileLibrary } from "./library/compile.js";

/** Asynchronous events that still wait when a source ends, is stopped or breaks are evaluated, or counted as lost. */

const folder = temporaryFolder();
const threads = startThreads(2);
after(() => threads.close());

/** A plugin whose source does what `body` says, with `context` and `emit`, which counts what was accepted. */
function plugin(name: string, id: number, body: string, sources = "[]"): string {
  const path = join(folder, `${name}.mjs`);
  const text = `import { existsSync, writeFileSync } from "node:fs";
import { definePlugin, SDK_VERSION } from "peregrine/sdk";
export const plugin = definePlugin({
  name: "${name}", version: "0.1.0", description: "adds", contact: "nobody", sdk: SDK_VERSION,
  init: (config, context) => context,
  source: { id: ${id}, source: "${name}", open: (context) => {
    const accepted = context.metric("accepted", "counter");
    const refused = context.metric("refused", "counter");
    const emit = (name = "added", count = 1) => {
      for (let i = 0; i < count; i++) (context.emit({ name, data: "x" }) ? accepted : refused).add(1);
    };
    ${body}
  } },
  asyncEvents: { names: ["added"], sources: ${sources} },
});
`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

interface Ended {
  readonly report: RunReport;
  readonly lines: readonly string[];
}

/** Runs the sources of the plugins until they end, or until there are `stopAt` alerts. */
async function end(paths: readonly string[], stopAt = Number.POSITIVE_INFINITY, restarts = 0): Promise<Ended> {
  const requests = paths.map((libraryPath, i) => ({
    ...{ name: `p${i}`, libraryPath, config: undefined, parameters: "", sha256: null, stateFolder: null },
    ...{ process: "child" as const, policy: { ...DEFAULT_POLICY, timeoutMs: 60_000, restarts } },
  }));
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const plugins = await loadPlugins(requests, { log });
  const sources = sourcesOf(plugins);
  const own = plugins.map(({ source }) => source?.name ?? "");
  const content = own
    .map((name) => {
      const head = `- rule: ${name}\n  desc: d\n  source: ${name}\n  priority: INFO`;
      return `${head}\n  condition: evt.asynctype in (added, tick)\n  output: "${name} %evt.rawtime"\n`;
    })
    .join("");
  const rules = loadRules([{ path: "r.yaml", content }], {
    sources,
    resolver: pluginResolver(plugins, sources, NO_VALUES),
  });
  assert.ok(rules.ok, JSON.stringify(rules.diagnostics));
  const lines: string[] = [];
  const stop = new AbortController();
  const report = await run({
    sources: own.map((name, index) => ({ name, spec: { kind: "plugin", plugin: index }, hostRoot: null })),
    ...{ plugins, rules: rules.ruleSet, encoder: { kind: "text", iso8601: true }, threads, signal: stop.signal },
    sink: (chunk) => {
      lines.push(...chunk.toString().split("\n").slice(0, -1));
      if (lines.length >= stopAt) stop.abort();
    },
  });
  for (const { ledger } of report.sources) assert.deepEqual([ledger.difference, ledger.inFlight], [0, 0]);
  return { report, lines };
}

function unwritten({ ledger }: SourceReport): number {
  return ledger.lost.find(({ stage, cause }) => stage === "plugin" && cause === "unwritten")?.events ?? 0;
}

test("what is added with the last batch is evaluated; what comes later is not accepted", async () => {
  const path = plugin(
    "ends",
    999,
    `return {
      nextBatch: () => { emit("added", 3000); return { events: [{ data: "1" }], position: 1, end: true }; },
      ack: () => emit(),
      close: () => emit(),
    };`,
  );
  const { report } = await end([path]);
  assert.equal(report.alerts, 3000);
  assert.deepEqual(report.plugins[0].metrics, { accepted: 3000, refused: 2 });
  assert.deepEqual(report.sources[0].ledger.lost, []);
});

test("what was added before a source throws is evaluated", async () => {
  const path = plugin(
    "throws",
    999,
    `return { nextBatch: () => { emit("added", 50); throw new Error("broken"); }, close: () => {} };`,
  );
  const { report } = await end([path], undefined, 1);
  assert.equal(report.sources[0].failure?.code, "PLUGIN_FAILED");
  assert.equal(report.alerts, 100, "of two lives");
  assert.equal(report.plugins[0].unwritten, 0);
});

test("what waits in a thread that dies is lost, in the ledger and in the plugin's report", async () => {
  const path = plugin(
    "dies",
    999,
    `return { nextBatch: () => { emit("added", 50); process.exit(7); }, close: () => {} };`,
  );
  const { report } = await end([path], undefined, 1);
  assert.equal(report.alerts, 0);
  assert.deepEqual(report.sources[0].ledger.lost, [{ stage: "plugin", cause: "unwritten", events: 100 }]);
  assert.equal(report.plugins[0].unwritten, 100);
});

test("what comes for a source that has ended is lost in that source's ledger", async () => {
  const gone = join(folder, "gone");
  const short = plugin(
    "short",
    998,
    `return {
    nextBatch: () => ({ events: [], end: true }),
    close: () => writeFileSync(${JSON.stringify(gone)}, ""),
  };`,
  );
  const adds = plugin(
    "adds",
    999,
    `return {
      nextBatch: () => {
        const end = existsSync(${JSON.stringify(gone)});
        if (end) emit("added", 20);
        return { events: [], end };
      },
      close: () => {},
    };`,
    '["short"]',
  );
  const { report, lines } = await end([short, adds]);
  assert.deepEqual(lines.length, 20, "its own source has them all");
  assert.deepEqual(report.sources.map(unwritten), [20, 0]);
  assert.deepEqual(
    report.plugins.map((each) => each.unwritten),
    [0, 20],
  );
});

test("a source that is stopped: what each source has been given is evaluated or counted", async () => {
  const busy = plugin(
    "busy",
    999,
    `let last = 0;
    return {
      nextBatch: async () => {
        emit("added", 100);
        await new Promise((done) => setTimeout(done, 1));
        return { events: [] };
      },
      close: () => {},
    };`,
    '["idle"]',
  );
  const idle = plugin("idle", 998, `return { nextBatch: () => ({ events: [] }), close: () => {} };`);
  const { report, lines } = await end([busy, idle], 5000);
  const accepted = report.plugins[0].metrics["accepted"];
  const [own, other] = report.sources;
  assert.equal(report.stopped, true);
  assert.deepEqual([own.alerts, unwritten(own)], [accepted, 0], "it has its own in hand");
  assert.equal(other.alerts + unwritten(other), accepted);
  assert.equal(report.plugins[0].unwritten, unwritten(other));
  assert.equal(lines.length, own.alerts + other.alerts);
});

/** The library's last event has this time; it is sent when it is told to send no more. */
const LAST = / 7$/;

for (const [how, ticks, stopAt] of [
  ["ends", { TICKS: "50" }, undefined],
  ["is stopped", {}, 1],
] as const) {
  test(`a library: what it has sent when its source ${how} is evaluated, in another source as well`, async () => {
    const library = compileLibrary("async.cc", ticks);
    const batch = `{ events: [], end: ${how === "ends"} }`;
    const other = plugin("other", 998, `return { nextBatch: () => (${batch}), close: () => {} };`);
    const { report, lines } = await end([library, other], stopAt);
    assert.deepEqual(
      report.sources.map(({ failure }) => failure),
      [null, null],
    );
    for (const name of ["quiet", "other"]) {
      const found = lines.filter((line) => line.includes(`${name} `) && LAST.test(line));
      assert.equal(found.length, 1, `${name}: ${lines.length} ${JSON.stringify(report.plugins)}`);
    }
    assert.deepEqual(report.sources.map(unwritten), [0, 0]);
    assert.equal(report.plugins[0].metrics["async_events_refused"] ?? 0, 0);
  });
}
