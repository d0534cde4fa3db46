// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { type ErrorCode, PeregrineError, why } from "../telemetry/errors.js";
import type { AppendOutput, Config, RuleSelection } from "./config.js";
import { includeFiles } from "./include.js";
import { applyOverride, type Override, parseOverride } from "./override.js";
import { chosenPlugins, readPlugins } from "./plugins.js";
import { type Settings, schema } from "./schema.js";
import { emptyMap, expandVariables, isMap, parseTree, type Tree, type TreeMap } from "./tree.js";
import { removeUnsupported } from "./unsupported.js";
import { MOST_SNAPLEN, toWatching } from "./watching.js";

/** What is told and does not keep a run from starting. */
export interface ConfigWarning {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly ConfigWarning[];
}

/** Drivers of Falco's; whichever of those for the kernel is named, it is watched by eBPF. */
const KINDS = ["modern_ebpf", "kmod", "ebpf", "replay", "nodriver"];
const LEVELS = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
const PRIORITIES = [...LEVELS.slice(0, 6), "informational", "debug"];

/**
 * The configuration of a run: the file, if one is given, and the `-o` options over it.
 * Throws a PeregrineError: CONFIG_OPEN, CONFIG_PARSE, CONFIG_VALUE or OPTION_SYNTAX.
 */
export function loadConfig(
  file: string | null,
  options: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): LoadedConfig {
  const overrides = options.map(parseOverride);
  const root = file === null ? emptyMap() : readTree(file, env);
  const defaults = file === null ? withoutFile() : emptyMap();
  // What names the files to include counts before they are, everything else that was given with -o behind all of them.
  for (const override of overrides.filter(({ steps }) => steps[0] === "config_files")) applyOverride(root, override);
  includeFiles(root, file, (path) => readTree(path, env));
  for (const override of overrides.filter(({ steps }) => steps[0] !== "config_files")) applyOverride(root, override);
  const warnings: ConfigWarning[] = [];
  const settings = validate(root, defaults, overrides, warnings);
  const { snaplen = 0 } = settings.falco_libs;
  if (snaplen > MOST_SNAPLEN) {
    const message = `falco_libs.snaplen is ${snaplen}: of this machine's events, ${MOST_SNAPLEN} bytes of data are kept`;
    warnings.push({ code: "CONFIG_UNSUPPORTED", message });
  }
  return { config: toConfig(settings), warnings };
}

/** What holds without a file where it is not set, or set to what does not fit: alerts are JSON on stdout. */
function withoutFile(): TreeMap {
  const root = emptyMap();
  root["json_output"] = "true";
  root["stdout_output"] = Object.assign(emptyMap(), { enabled: "true" });
  return root;
}

function readTree(file: string, env: Readonly<Record<string, string | undefined>>): TreeMap {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new PeregrineError("CONFIG_OPEN", `Could not read the configuration file (${why(cause)})`, { file });
  }
  const tree = parseTree(text, file, (scalar) => expandVariables(scalar, env));
  if (tree === null) return emptyMap();
  if (!isMap(tree)) throw new PeregrineError("CONFIG_PARSE", "The configuration is not a map of keys", { file });
  return tree;
}

/**
 * Checks the tree. Keys that are nobody's, and values of the file that do not fit, are told and left out, so that their defaults
 * hold, as in Falco. A value that was given with -o is what the user wants now: it is an error if it does not fit.
 */
function validate(
  root: TreeMap,
  defaults: TreeMap,
  overrides: readonly Override[],
  warnings: ConfigWarning[],
): Settings {
  const warn = (code: ErrorCode, message: string): void => {
    warnings.push({ code, message });
  };
  const unsupported = removeUnsupported(root);
  if (unsupported.length > 0) warn("CONFIG_UNSUPPORTED", `not in this version: ${unsupported.join(", ")}`);
  removeEmpty(root);
  // Each round removes at least one key that is no default, so this ends.
  for (;;) {
    fill(root, defaults);
    const result = schema.safeParse(root);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const path = issue.path.map(String);
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) {
          const unknown = [...path, key];
          for (const name of namesOf(unknown, overrides))
            warn("CONFIG_UNKNOWN_KEY", `unknown key "${name}" is ignored`);
          remove(root, unknown);
        }
      } else {
        const given = overrides.find(({ steps }) => covers(steps, path));
        if (given !== undefined) throw new PeregrineError("CONFIG_VALUE", `-o ${given.key}: ${issue.message}`);
        warn("CONFIG_DEFAULT", `"${path.join(".")}" has a wrong value, its default holds: ${issue.message}`);
        remove(root, path);
      }
    }
  }
}

/** Removes, at any depth, keys without a value: they are as good as not written. */
function removeEmpty(tree: Tree): void {
  if (Array.isArray(tree)) for (const entry of tree) removeEmpty(entry);
  if (!isMap(tree)) return;
  for (const key of Object.keys(tree)) {
    const child = tree[key];
    if (child === null) delete tree[key];
    else removeEmpty(child);
  }
}

/** Sets what is missing in `tree` to what `defaults` says. */
function fill(tree: TreeMap, defaults: TreeMap): void {
  for (const [key, value] of Object.entries(defaults)) {
    const old = tree[key];
    if (old === undefined) tree[key] = isMap(value) ? Object.assign(emptyMap(), value) : value;
    else if (isMap(old) && isMap(value)) fill(old, value);
  }
}

/** A key as the user wrote it: `-o foo.bar=1` makes an unknown foo, but foo.bar is what was written. */
function namesOf(path: readonly string[], overrides: readonly Override[]): string[] {
  const written = overrides.filter(({ steps }) => path.every((step, i) => String(steps[i]) === step));
  return written.length === 0 ? [path.join(".")] : [...new Set(written.map(({ key }) => key))];
}

/** Whether an override wrote what is at `path`, or a part of it. */
function covers(steps: Override["steps"], path: readonly string[]): boolean {
  return path.every((step, i) => steps[i] === undefined || steps[i] === "[]" || String(steps[i]) === step);
}

/** Removes what is at `path`; an entry of a list goes with all of it, since half an entry means something else. */
function remove(root: TreeMap, path: readonly string[]): void {
  let parent: Tree = root;
  for (const [i, step] of path.entries()) {
    if (Array.isArray(parent)) {
      parent.splice(Number(step), 1);
      return;
    }
    if (!isMap(parent)) return;
    const child: Tree | undefined = parent[step];
    if (i === path.length - 1 || child === undefined || typeof child !== "object" || child === null) {
      delete parent[step];
      return;
    }
    parent = child;
  }
}

function toConfig(settings: Settings): Config {
  if (settings.rules_file !== undefined && settings.rules_files.length > 0) {
    throw new PeregrineError("CONFIG_VALUE", "Error reading config file: both 'rules_files' and 'rules_file' keys set");
  }
  const matching = settings.rule_matching.toLowerCase();
  if (matching !== "first" && matching !== "all") {
    throw new PeregrineError(
      "CONFIG_VALUE",
      `Unknown rule matching strategy "${settings.rule_matching}"--must be one of first, all`,
    );
  }
  const { file_output: file } = settings;
  if (file.enabled && file.filename === "") {
    throw new PeregrineError(
      "CONFIG_VALUE",
      "Error reading config file: file output enabled but no filename specified",
    );
  }
  if (!LEVELS.includes(settings.log_level)) {
    throw new PeregrineError("CONFIG_VALUE", `Unknown log level ${settings.log_level}`);
  }
  const { kind = "modern_ebpf" } = settings.engine;
  if (!KINDS.includes(kind)) {
    throw new PeregrineError(
      "CONFIG_VALUE",
      `Error reading config file: engine.kind '${kind}' is not supported, please use ${KINDS.join(", ")}`,
    );
  }
  const replayed = kind === "replay" ? settings.engine.replay?.capture_file : undefined;
  if (kind === "replay" && !replayed) {
    throw new PeregrineError(
      "CONFIG_VALUE",
      "Error reading config file: engine.kind is replay but no capture file is set",
    );
  }
  const plugins = readPlugins(settings.plugins as Tree | undefined);
  return {
    rulesFiles: settings.rules_file ?? settings.rules_files,
    selection: settings.rules.map(toSelection),
    matching,
    priority: toPriority(settings.priority),
    appendOutput: settings.append_output.map(toAppend),
    staticFields: toStatic(settings.static_fields),
    json: settings.json_output,
    includeOutput: settings.json_include_output_property,
    includeTags: settings.json_include_tags_property,
    includeMessage: settings.json_include_message_property,
    includeOutputFields: settings.json_include_output_fields_property,
    iso8601: settings.time_format_iso_8601,
    buffered: settings.buffered_outputs,
    stdout: settings.stdout_output.enabled,
    file: file.enabled ? file.filename : null,
    keepFileOpen: file.keep_alive === "true",
    capture: replayed ?? null,
    kernel: kind !== "nodriver",
    lookups: settings.lookups,
    loadPlugins: chosenPlugins(plugins, settings.load_plugins ?? null),
    knownPlugins: plugins,
    logLevel: settings.log_level,
    watching: toWatching(settings),
  };
}

function toPriority(text: string): number {
  const name = text.toLowerCase();
  const priority = PRIORITIES.indexOf(name === "info" ? "informational" : name);
  if (priority === -1) {
    throw new PeregrineError("CONFIG_VALUE", `Unknown priority "${text}"--must be one of ${PRIORITIES.join(", ")}`);
  }
  return priority;
}

function toSelection(entry: Settings["rules"][number]): RuleSelection {
  const enable = "enable" in entry;
  const { rule, tag } = enable ? entry.enable : entry.disable;
  if (rule === undefined && tag === undefined) {
    throw new PeregrineError("CONFIG_VALUE", "Error reading config file: an entry of 'rules' has neither rule nor tag");
  }
  return { enable, ...(rule === undefined ? {} : { rule }), ...(tag === undefined ? {} : { tag }) };
}

/** Fields that every event has, named by conditions and outputs as `static.KEY`. */
function toStatic(fields: Settings["static_fields"]): Readonly<Record<string, string>> {
  for (const key of Object.keys(fields)) {
    if (/^[a-zA-Z]+[a-zA-Z0-9_]*$/.test(key)) continue;
    const message = `Error reading config file: static_fields: no condition can name static.${key}; use letters, digits and _`;
    throw new PeregrineError("CONFIG_VALUE", message);
  }
  return fields;
}

function toAppend(entry: Settings["append_output"][number]): AppendOutput {
  const { source, tags, rule } = entry.match ?? {};
  const names = (entry.extra_fields ?? []).flatMap((field) =>
    typeof field === "string" ? [field] : Object.keys(field),
  );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new PeregrineError(
      "CONFIG_VALUE",
      `Error reading config file: append_output: extra field '${twice}' is given twice`,
    );
  }
  return {
    match: {
      ...(source === undefined ? {} : { source }),
      ...(tags === undefined ? {} : { tags }),
      ...(rule === undefined ? {} : { rule }),
    },
    ...(entry.extra_output === undefined ? {} : { extraOutput: entry.extra_output }),
    ...(entry.suggested_output === true ? { suggested: true } : {}),
    extraFields: (entry.extra_fields ?? []).flatMap((field): { name: string; template: string | null }[] =>
      typeof field === "string"
        ? [{ name: field, template: null }]
        : Object.entries(field).map(([name, template]) => ({ name, template })),
    ),
  };
}
