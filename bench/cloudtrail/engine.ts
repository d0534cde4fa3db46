// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { DEFAULT_ALERT_OPTIONS } from "../../src/alerts/options.js";
import type { RunReport } from "../../src/engine/report.js";
import { type RunOptions, run } from "../../src/engine/run.js";
import { DEFAULT_POLICY } from "../../src/plugins/info.js";
import { type LoadSettings, loadPlugins } from "../../src/plugins/load.js";
import { NO_VALUES, pluginResolver } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { type LoadOptions, loadRules } from "../../src/rules/load.js";
import { PeregrineError } from "../../src/telemetry/errors.js";

export interface PluginSetup {
  readonly name: string;
  readonly config?: unknown;
  /** open_params of a plugin that is a source of the run; absent: it only has fields. */
  readonly open?: string;
}

export interface RunSetup {
  readonly plugins: readonly PluginSetup[];
  /** Rule files. */
  readonly rules: readonly string[];
  readonly selection?: LoadOptions["selection"];
  readonly matching?: LoadOptions["matching"];
  readonly workers?: number;
  readonly stateFolder?: string;
  readonly log?: LoadSettings["log"];
  readonly sink: RunOptions["sink"];
  readonly more?: Partial<RunOptions>;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Runs bundled plugins through the engine, as the command does. @throws PeregrineError RULES_INVALID */
export async function runPlugins(setup: RunSetup): Promise<RunReport> {
  const requests = setup.plugins.map(({ name, config = {}, open = "" }) => ({
    ...{ name, libraryPath: name, config, parameters: open, sha256: null, process: "child" as const },
    ...{ policy: DEFAULT_POLICY, stateFolder: setup.stateFolder ?? null },
  }));
  const plugins = await loadPlugins(requests, { log: setup.log ?? quiet });
  const sources = sourcesOf(plugins);
  const loaded = loadRules(
    setup.rules.map((path) => ({ path, content: readFileSync(path, "utf8") })),
    {
      resolver: pluginResolver(plugins, sources, NO_VALUES),
      sources,
      plugins: plugins.map(({ name, version }) => ({ name, version })),
      selection: setup.selection ?? [],
      matching: setup.matching ?? "first",
    },
  );
  if (!loaded.ok) throw new PeregrineError("RULES_INVALID", formatDiagnostics(loaded.diagnostics));
  return await run({
    sources: plugins.flatMap(({ source }, plugin) =>
      source === null || setup.plugins[plugin]?.open === undefined
        ? []
        : [{ name: source.name, spec: { kind: "plugin" as const, plugin }, hostRoot: null }],
    ),
    rules: loaded.ruleSet,
    encoder: { kind: "json", hostname: "test", ...DEFAULT_ALERT_OPTIONS },
    sink: setup.sink,
    workers: setup.workers ?? 2,
    plugins,
    ...setup.more,
  });
}
