// SPDX-License-Identifier: Apache-2.0

import { z } from "zod";
import { PeregrineError } from "../telemetry/errors.js";
import type { Tree } from "./tree.js";

/** A plugin as the configuration has it. */
export interface PluginConfig {
  readonly name: string;
  readonly libraryPath: string;
  /** init_config: a map or JSON as what it says, any other text as it is; {} where there is none. */
  readonly initConfig: unknown;
  readonly openParams: string;
  /** SHA-256 that the file must have; null: any. */
  readonly sha256: string | null;
  /** Where a shared library runs. */
  readonly process: "child" | "in-process";
  readonly onFailure: "restart" | "disable" | "exit";
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly restarts: number;
  readonly stateFolder: string | null;
}

const number = (least: number, most: number) =>
  z
    .string()
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, {
      message: `must be a whole number from ${least} to ${most}`,
    });

const entry = z.looseObject({
  name: z.string().min(1, "it must not be empty"),
  library_path: z.string().min(1, "it must not be empty"),
  init_config: z.unknown().optional(),
  open_params: z.string().default(""),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "must be 64 hexadecimal digits")
    .nullable()
    .default(null),
  process: z.enum(["child", "in-process"]).default("child"),
  on_failure: z.enum(["restart", "disable", "exit"]).default("restart"),
  memory_mb: number(16, 65_536).prefault("512"),
  timeout_ms: number(100, 3_600_000).prefault("10000"),
  max_restarts: number(0, 1000).prefault("5"),
  state_folder: z.string().nullable().default(null),
});

/**
 * Reads `plugins`.
 * @throws PeregrineError CONFIG_VALUE
 */
export function readPlugins(tree: Tree | undefined): readonly PluginConfig[] {
  if (tree === undefined || tree === null) return [];
  const read = z.array(entry).safeParse(tree);
  if (!read.success) {
    const [issue] = read.error.issues;
    const place = issue.path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
    throw new PeregrineError("CONFIG_VALUE", `could not load plugins config: plugins${place}: ${issue.message}`);
  }
  return read.data.map((each) => ({
    name: each.name,
    libraryPath: each.library_path,
    initConfig: initConfig(each.init_config as Tree | undefined),
    openParams: each.open_params.trim(),
    sha256: each.sha256,
    process: each.process,
    onFailure: each.on_failure,
    memoryMb: each.memory_mb,
    timeoutMs: each.timeout_ms,
    restarts: each.max_restarts,
    stateFolder: each.state_folder,
  }));
}

/** Falco's plugin for containers: the engine knows containers by itself. */
function isBuiltIn({ name, libraryPath }: PluginConfig): boolean {
  return name === "container" && /(^|\/)libcontainer\.so$/.test(libraryPath);
}

/**
 * The plugins to load: all, or with load_plugins those that it names, in its order; but for what the engine does itself.
 * @throws PeregrineError PLUGIN_UNKNOWN
 */
export function chosenPlugins(
  plugins: readonly PluginConfig[],
  load: readonly string[] | null,
): readonly PluginConfig[] {
  const chosen = load === null ? plugins : named(plugins, load);
  return chosen.filter((plugin) => !isBuiltIn(plugin));
}

function named(plugins: readonly PluginConfig[], load: readonly string[]): readonly PluginConfig[] {
  return load.map((name) => {
    const plugin = plugins.find((each) => each.name === name);
    if (plugin !== undefined) return plugin;
    throw new PeregrineError("PLUGIN_UNKNOWN", `Cannot load plugin '${name}': plugin config not found for given name`);
  });
}

function initConfig(tree: Tree | undefined): unknown {
  if (tree === undefined || tree === null) return {};
  if (typeof tree !== "string") return typed(tree);
  try {
    const value: unknown = JSON.parse(tree);
    return typeof value === "object" && value !== null ? value : tree;
  } catch {
    return tree.trim() === "" ? {} : tree;
  }
}

/** Scalars of a map as what they look like: whole numbers, numbers, booleans, else texts. Keys are sorted. */
function typed(tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map(typed);
  if (typeof tree === "object" && tree !== null) {
    const keys = Object.keys(tree).sort();
    return Object.fromEntries(keys.map((key) => [key, typed(tree[key])]));
  }
  if (tree === null) return null;
  if (/^[-+]?[0-9]+$/.test(tree) && Number.isSafeInteger(Number(tree))) return Number(tree);
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(tree)) return Number(tree);
  if (/^(true|True|TRUE|yes|Yes|on|On|y|Y)$/.test(tree)) return true;
  if (/^(false|False|FALSE|no|No|off|Off|n|N)$/.test(tree)) return false;
  return tree;
}
