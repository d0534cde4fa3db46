// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DEFAULT_ALERT_OPTIONS } from "./alerts/options.js";
import { shapeFor } from "./engine/pipeline.js";
import type { PluginNews } from "./engine/plugin-report.js";
import { replay } from "./engine/replay.js";
import type { ReplayReport, RunReport } from "./engine/report.js";
import { run } from "./engine/run.js";
import { startThreads, type Threads } from "./engine/threads.js";
import { resolveField } from "./fields/registry.js";
import { DEFAULT_POLICY, type LoadedPlugin, type PluginPolicy } from "./plugins/info.js";
import type { Node } from "./rules/ast.js";
import { formatDiagnostics } from "./rules/diagnostic.js";
import { type LoadOptions, type LoadResult, loadRules as load, type RulesFile } from "./rules/load.js";
import { ParseError, parseCondition as parse } from "./rules/parse.js";
import type { RuleSet } from "./rules/ruleset.js";
import { toBinary } from "./rules/text.js";
import { PeregrineError } from "./telemetry/errors.js";

/** A condition's syntax tree, or why there is none and where. */
export type ParsedCondition =
  | { readonly ok: true; readonly node: Node }
  | {
      readonly ok: false;
      readonly message: string;
      /** From 0. */
      readonly offset: number;
      /** From 1. */
      readonly line: number;
      readonly column: number;
    };

/**
 * Parses a condition. Names of macros stay as they are (`identifier` nodes), as do those of lists; whether fields exist is not
 * looked at: loadRules does that. Offsets and columns count bytes of UTF-8, and texts have one character a byte.
 */
export function parseCondition(text: string): ParsedCondition {
  try {
    return { ok: true, node: parse(toBinary(text)) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { message, index: offset, line, column } = error;
    return { ok: false, message, offset, line, column };
  }
}

/**
 * Loads rules files in order, each on top of those before it. What is wrong with them is in the result's `diagnostics`; its
 * `ruleSet` is what runs, and empty unless `ok`.
 * @param files paths, or texts with names of your choice
 * @throws PeregrineError RULES_OPEN where a path cannot be read
 */
export function loadRules(files: readonly (string | RulesFile)[], options: Partial<LoadOptions> = {}): LoadResult {
  return load(files.map(open), { resolver: resolveField, ...options });
}

/**
 * As loadRules, for rules that ought to be right.
 * @throws PeregrineError RULES_INVALID, whose message shows all errors with their places
 */
export function compileRules(files: readonly (string | RulesFile)[], options: Partial<LoadOptions> = {}): RuleSet {
  const { ok, ruleSet, diagnostics } = loadRules(files, options);
  if (ok) return ruleSet;
  throw new PeregrineError("RULES_INVALID", formatDiagnostics(diagnostics.filter((each) => each.severity === "error")));
}

function open(file: string | RulesFile): RulesFile {
  if (typeof file !== "string") return file;
  try {
    return { path: file, content: readFileSync(file, "utf8") };
  } catch (cause) {
    throw new PeregrineError("RULES_OPEN", `Could not read rules file ${file}`, { file }, { cause });
  }
}

/** An alert as docs/alerts.md has it. Numbers above 2^53, such as times, are rounded. */
export interface Alert {
  readonly hostname: string;
  readonly rule: string;
  readonly priority: string;
  readonly source: string;
  readonly tags: readonly string[];
  readonly time: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

export interface EngineOptions {
  /** Threads that evaluate rules; 1 is enough for tests. */
  readonly workers?: number;
  /** Folder whose etc/passwd and etc/group name users and groups; by default none. */
  readonly hostRoot?: string | null;
  /** Text of an etc/services file whose names of ports are shown; by default their numbers are. */
  readonly services?: string | null;
  /** From loadPlugins; the rules must have been loaded with `ruleOptions` of the same. */
  readonly plugins?: readonly LoadedPlugin[];
  /** Is told what plugins say and do wrong. */
  readonly onPlugin?: (news: PluginNews) => void;
}

function alertsOf(chunks: readonly Buffer[]): readonly Alert[] {
  const lines = Buffer.concat(chunks).toString("utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Alert);
}

/** A plugin as a program asks for it. */
export interface PluginOptions {
  /**
   * Path of a module whose `plugin` definePlugin made, or of a shared library; a package of npm; the name of a bundled plugin.
   * Relative paths begin in the working folder.
   */
  readonly path: string;
  /** init_config, checked against the plugin's schema. */
  readonly config?: unknown;
  /** open_params: what its source reads. */
  readonly parameters?: string;
  /** The hash that its file must have. */
  readonly sha256?: string;
  /** Where a shared library runs: in a process of its own, if this is left out. */
  readonly process?: "child" | "in-process";
  /** What is done about it when it breaks. */
  readonly policy?: Partial<PluginPolicy>;
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Loads plugins for an Engine, in this order. What they are is found out in threads of their own.
 * @throws PeregrineError with a PLUGIN_ or LIBRARY_ code
 */
export async function loadPlugins(plugins: readonly (string | PluginOptions)[]): Promise<readonly LoadedPlugin[]> {
  const { loadPlugins: load } = await import("./plugins/load.js");
  const requests = plugins.map((each) => {
    const options: PluginOptions = typeof each === "string" ? { path: each } : each;
    const { path, config = {}, parameters = "", sha256 = null, process = "child", policy = {} } = options;
    const libraryPath = /\.(so|js|mjs|ts)$/.test(path) ? resolve(path) : path;
    const wanted = { name: path, libraryPath, config, parameters, sha256, process, stateFolder: null };
    return { ...wanted, policy: { ...DEFAULT_POLICY, ...policy } };
  });
  return await load(requests, { log: SILENT });
}

/** Rules on threads that stay for any number of captures, one after the other. `close` ends them. */
export class Engine {
  private readonly threads: Threads;

  constructor(
    private readonly rules: RuleSet,
    private readonly options: EngineOptions = {},
  ) {
    this.threads = startThreads(options.workers ?? 1);
  }

  /**
   * Evaluates the rules on a capture file.
   * @returns the alerts in event order, and the report, whose `failure` tells of a capture that is damaged
   */
  async replay(capture: string): Promise<{ readonly alerts: readonly Alert[]; readonly report: ReplayReport }> {
    const { plugins = [] } = this.options;
    const { chunks, common } = this.parts();
    const report = await replay({ ...common, ...shapeFor(plugins), capture, hostRoot: this.options.hostRoot ?? null });
    return { alerts: alertsOf(chunks), report };
  }

  /**
   * Evaluates the rules on the events of all plugins that are sources, until each has ended or `signal` aborts.
   * @returns the alerts, those of one source in the order of its events, and the report with one entry for each source
   */
  async run(
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly alerts: readonly Alert[]; readonly report: RunReport }> {
    const { plugins = [] } = this.options;
    const { chunks, common } = this.parts();
    const sources = plugins.flatMap(({ source, index: plugin }) =>
      source === null ? [] : [{ name: source.name, spec: { kind: "plugin" as const, plugin }, hostRoot: null }],
    );
    if (sources.length === 0) {
      throw new PeregrineError(
        "SOURCE_UNKNOWN",
        "None of the engine's plugins is a source: there is nothing to run on",
      );
    }
    const report = await run({ ...common, ...options, sources });
    return { alerts: alertsOf(chunks), report };
  }

  private parts() {
    const chunks: Buffer[] = [];
    const { plugins = [], onPlugin, services = null } = this.options;
    return {
      chunks,
      common: {
        rules: this.rules,
        encoder: { kind: "json", ...DEFAULT_ALERT_OPTIONS, hostname: "" } as const,
        threads: this.threads,
        services,
        plugins,
        ...(onPlugin === undefined ? {} : { onPlugin }),
        sink: (chunk: Buffer) => void chunks.push(Buffer.from(chunk)),
      },
    };
  }

  async close(): Promise<void> {
    await this.threads.close();
  }
}
