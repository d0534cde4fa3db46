// SPDX-License-Identifier: Apache-2.0

import type { ListItemText } from "./collector.js";
import { optionalBool, scalar, scalars, string, text } from "./decode.js";
import { attempt, type Context } from "./diagnostic.js";
import { type Item, offsetOf } from "./document.js";
import { checkAppendFlag, readOverrides } from "./override.js";
import { readPluginRequirements } from "./plugin-requirement.js";
import { readRule } from "./read-rule.js";
import type { Reading } from "./reading.js";
import { compareVersions, parseVersion, satisfies, type Version } from "./version.js";

const KEYS = {
  required_engine_version: ["required_engine_version"],
  required_plugin_versions: ["required_plugin_versions"],
  list: ["list", "items", "append", "override"],
  macro: ["macro", "condition", "append", "override"],
  rule: (
    "rule condition output desc priority source enabled tags exceptions warn_evttypes skip-if-unknown-filter " +
    "capture capture_duration append override"
  ).split(" "),
} as const;

/**
 * Reads one item of a file into the collector. The first of the keys above that it has decides what it is. Whatever is wrong
 * in it is reported; what can be read goes into the collector all the same, so that items behind it are checked for what they are.
 */
export function readItem(item: Item, reading: Reading): void {
  for (const kind of Object.keys(KEYS) as (keyof typeof KEYS)[]) {
    if (!item.has(kind)) continue;
    attempt(reading.fail, () => READERS[kind](item, reading), undefined);
    warnUnknownKeys(item, KEYS[kind], reading);
    return;
  }
  reading.warn(item.context.warning("LOAD_UNKNOWN_ITEM", "Unknown top level item"));
}

const READERS = {
  required_engine_version: readEngineVersion,
  required_plugin_versions: (item: Item, reading: Reading) => {
    reading.requirements.push(...readPluginRequirements(item, reading.fail));
  },
  list: readList,
  macro: readMacro,
  rule: (item: Item, reading: Reading) => readRule(named(item, "rule"), reading),
} as const;

/** The item with its name in its context. */
function named(item: Item, kind: "list" | "macro" | "rule"): Item {
  const { context } = item;
  const parent = context.parent ?? context;
  const name = string(item.within(parent.enter(kind, "", context.offset)), kind);
  return item.within(parent.enter(kind, name, context.offset));
}

function warnUnknownKeys(item: Item, known: readonly string[], reading: Reading): void {
  for (const key of item.keys()) {
    if (known.includes(key)) continue;
    const context: Context = item.context.enter("value for", key, item.keyOffset(key));
    reading.warn(context.warning("LOAD_UNKNOWN_KEY", `Unknown key '${key}'. The key will be ignored.`));
  }
}

function readEngineVersion(item: Item, reading: Reading): void {
  const parent = item.context.parent ?? item.context;
  const value = item.get("required_engine_version");
  const context = parent.enter("required_engine_version", "", offsetOf(value, item.context.offset));
  const written = String(scalar(item.within(context), "required_engine_version").value);
  const required = parseVersion(/^[0-9]+$/.test(written) ? `0.${written}.0` : written);
  if (required === undefined) {
    const message = `Unable to parse engine version '${written}' as a semver string. Expected "x.y.z" semver format.`;
    throw context.error("LOAD_ERR_YAML_VALIDATE", message);
  }
  if (!satisfies(reading.engine, required)) {
    const show = (version: Version): string => `${version.major}.${version.minor}.${version.patch}`;
    const message = `Rules require engine version ${show(required)}, but engine version is ${show(reading.engine)}`;
    throw context.error("LOAD_ERR_VALIDATE", message);
  }
  if (reading.requiredEngine === null || compareVersions(required, reading.requiredEngine) > 0) {
    reading.requiredEngine = required;
  }
}

function readList(unnamed: Item, reading: Reading): void {
  const item = named(unnamed, "list");
  const { context } = item;
  const name = context.name;
  if (!/^[^()"'\s=,]+$/.test(name)) {
    const message = `List has an invalid name. List names should match a regular expression: [^()"'[:space:]=,]+`;
    reading.warn(context.warning("LOAD_INVALID_LIST_NAME", message));
  }
  const read = (): ListItemText[] =>
    scalars(item, "items").map((node) => ({ text: String(node.value), offset: offsetOf(node) }));
  const items = attempt(reading.fail, read, null);
  const append = attempt(reading.fail, () => optionalBool(item, "append"), false) ?? false;
  const overrides = readOverrides(item, "list", reading.fail);
  checkAppendFlag(item, append, overrides, reading.warn);
  if (append || overrides?.append.has("items")) reading.collector.appendList(name, items, context);
  else reading.collector.defineList(name, items, context);
}

function readMacro(unnamed: Item, reading: Reading): void {
  const item = named(unnamed, "macro");
  const { context } = item;
  const name = context.name;
  if (!/^[a-zA-Z]+[a-zA-Z0-9_]*$/.test(name)) {
    const message = "Macro has an invalid name. Macro names should match a regular expression: [a-zA-Z]+[a-zA-Z0-9_]*";
    reading.warn(context.warning("LOAD_INVALID_MACRO_NAME", message));
  }
  const condition = attempt(reading.fail, () => text(item, "condition"), null);
  const append = attempt(reading.fail, () => optionalBool(item, "append"), false) ?? false;
  const overrides = readOverrides(item, "macro", reading.fail);
  checkAppendFlag(item, append, overrides, reading.warn);
  if (append || overrides?.append.has("condition")) reading.collector.appendMacro(name, condition, context);
  else reading.collector.defineMacro(name, condition, context);
}
