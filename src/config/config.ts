// SPDX-License-Identifier: Apache-2.0

import type { PluginConfig } from "./plugins.js";
import { DEFAULT_WATCHING, type Watching } from "./watching.js";

/** Rules switched on or off by name (with `*`) or tag; applied in order. */
export interface RuleSelection {
  readonly enable: boolean;
  readonly rule?: string;
  readonly tag?: string;
}

/** An addition to the outputs of the rules that it matches. */
export interface AppendOutput {
  readonly match: { readonly source?: string; readonly tags?: readonly string[]; readonly rule?: string };
  readonly extraOutput?: string;
  /** Also adds the fields that plugins suggest for outputs, and the static fields. */
  readonly suggested?: boolean;
  /** Fields of the alert in JSON: a field by its own name (template null), or a template under a name. */
  readonly extraFields: readonly { readonly name: string; readonly template: string | null }[];
}

/** What the machine that evaluates is asked for. */
export interface Lookups {
  /** Names of users and groups that the capture does not name. */
  readonly users: boolean;
  /** Names of ports. */
  readonly services: boolean;
  /** The containers that processes are in; without them, everything is the host's. */
  readonly containers: boolean;
}

/** The configuration as the program uses it. */
export interface Config {
  readonly rulesFiles: readonly string[];
  readonly selection: readonly RuleSelection[];
  readonly matching: "first" | "all";
  /** Least severe priority that runs, 0 (Emergency) to 7 (Debug). */
  readonly priority: number;
  readonly appendOutput: readonly AppendOutput[];
  /** Fields that every event has: `static.KEY`. */
  readonly staticFields: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly includeOutput: boolean;
  readonly includeTags: boolean;
  readonly includeMessage: boolean;
  readonly includeOutputFields: boolean;
  readonly iso8601: boolean;
  readonly buffered: boolean;
  readonly stdout: boolean;
  /** Path, null = not enabled. */
  readonly file: string | null;
  readonly keepFileOpen: boolean;
  /** Capture named by engine.replay. */
  readonly capture: string | null;
  /** Whether the kernel of this machine may be watched. */
  readonly kernel: boolean;
  readonly lookups: Lookups;
  /** The plugins to load, in order. */
  readonly loadPlugins: readonly PluginConfig[];
  /** All that are configured, loaded or not. */
  readonly knownPlugins: readonly PluginConfig[];
  readonly logLevel: string;
  readonly watching: Watching;
}

/** What holds without a configuration file: alerts in JSON on stdout, and Falco's defaults. */
export const DEFAULT_CONFIG: Config = {
  rulesFiles: [],
  selection: [],
  matching: "first",
  priority: 7,
  appendOutput: [],
  staticFields: {},
  json: true,
  includeOutput: true,
  includeTags: true,
  includeMessage: false,
  includeOutputFields: true,
  iso8601: false,
  buffered: false,
  stdout: true,
  file: null,
  keepFileOpen: false,
  capture: null,
  kernel: true,
  lookups: { users: true, services: false, containers: true },
  loadPlugins: [],
  knownPlugins: [],
  logLevel: "info",
  watching: DEFAULT_WATCHING,
};
