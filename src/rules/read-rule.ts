// SPDX-License-Identifier: Apache-2.0

import type { RuleEntry } from "./collector.js";
import { optionalBool, optionalString, optionalStrings, optionalUnsigned, scalar, string, text } from "./decode.js";
import { type Item, isNull, offsetOf } from "./document.js";
import {
  completeException,
  type Exception,
  type ExceptionItem,
  isFieldExpression,
  readExceptions,
} from "./exceptions.js";
import { checkAppendFlag, type Overrides, readOverrides } from "./override.js";
import { parsePriority } from "./priority.js";
import type { FieldTest, Reading } from "./reading.js";

const PARTS = ["condition", "output", "desc", "priority"] as const;

/** Reads a rule item: a definition, something added to a rule, or the switch of one. The item's context has its name. */
export function readRule(item: Item, reading: Reading): void {
  const append = optionalBool(item, "append") ?? false;
  const overrides = readOverrides(item, "rule");
  checkAppendFlag(item, append, overrides, reading.warn);
  if (append) appendRule(item, reading);
  else if (overrides !== null) overrideRule(item, overrides, reading);
  else if (item.has("enabled") && PARTS.every((key) => !item.has(key))) switchRule(item, reading);
  else defineRule(item, reading);
}

function defineRule(item: Item, reading: Reading): void {
  const { context } = item;
  for (const key of PARTS) scalar(item, key);
  const source = optionalString(item, "source") ?? "syscall";
  const isField = reading.fields(source);
  const exceptions = readExceptions(item, reading.warn).map((exception) => complete(exception, isField));
  const rule: RuleEntry = {
    name: context.name,
    condition: text(item, "condition"),
    output: text(item, "output", true),
    desc: string(item, "desc"),
    priority: readPriority(item),
    source,
    unknownSource: isField === null,
    enabled: optionalBool(item, "enabled") ?? true,
    tags: new Set(optionalStrings(item, "tags")),
    exceptions,
    warnEventTypes: optionalBool(item, "warn_evttypes") ?? true,
    skipIfUnknown: optionalBool(item, "skip-if-unknown-filter") ?? false,
    capture: optionalBool(item, "capture") ?? false,
    captureDuration: optionalUnsigned(item, "capture_duration") ?? 0,
    context,
  };
  reading.collector.defineRule(rule);
  if (isField === null) {
    reading.warn(context.warning("LOAD_UNKNOWN_SOURCE", `Unknown source ${source}, skipping`));
  }
}

function complete(exception: ExceptionItem, isField: FieldTest | null): Exception {
  return completeException(exception, isField === null ? null : (field) => isFieldExpression(field, isField));
}

function readPriority(item: Item): number {
  const priority = parsePriority(string(item, "priority"));
  if (priority !== undefined) return priority;
  const context = item.context.enter("rule priority", "", offsetOf(item.get("priority")));
  throw context.error("LOAD_ERR_YAML_VALIDATE", "Invalid priority");
}

function switchRule(item: Item, reading: Reading): void {
  const enabled = optionalBool(item, "enabled") ?? true;
  const message =
    "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').";
  reading.warn(item.context.warning("LOAD_DEPRECATED_ITEM", message));
  const rule = reading.collector.rules.get(item.context.name);
  if (rule === undefined) {
    const missing = "Rule has 'enabled' key but no rule by that name already exists";
    throw item.context.error("LOAD_ERR_VALIDATE", missing);
  }
  rule.enabled = enabled;
}

function existing(item: Item, reading: Reading, message: string): RuleEntry {
  const rule = reading.collector.rules.get(item.context.name);
  if (rule === undefined) throw item.context.error("LOAD_ERR_VALIDATE", message);
  // Without a value it says nothing here, while a definition must not leave it empty.
  const source = isNull(item.get("source")) ? undefined : optionalString(item, "source");
  reading.collector.checkSource(rule, source, item.context);
  return rule;
}

const NO_RULE_TO_APPEND = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";
const NO_RULE_TO_REPLACE =
  "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";

function appendRule(item: Item, reading: Reading): void {
  const rule = existing(item, reading, NO_RULE_TO_APPEND);
  if (!item.has("condition") && !item.has("exceptions")) {
    throw item.context.error("LOAD_ERR_VALIDATE", "Appended rule must have exceptions or condition property");
  }
  if (item.has("condition")) rule.condition = rule.condition.append(text(item, "condition"));
  rule.exceptions = appendExceptions(rule, readExceptions(item, reading.warn), reading);
}

function overrideRule(item: Item, { append, replace }: Overrides, reading: Reading): void {
  const rule = existing(item, reading, append.size > 0 ? NO_RULE_TO_APPEND : NO_RULE_TO_REPLACE);
  if (append.has("condition")) rule.condition = rule.condition.append(text(item, "condition"));
  if (append.has("output")) rule.output = rule.output.append(text(item, "output"));
  if (append.has("desc")) rule.desc = `${rule.desc} ${string(item, "desc")}`;
  if (append.has("tags")) rule.tags = new Set([...rule.tags, ...(optionalStrings(item, "tags") ?? [])]);
  if (append.has("exceptions")) {
    rule.exceptions = appendExceptions(rule, readExceptions(item, reading.warn), reading);
  }
  if (replace.has("condition")) rule.condition = text(item, "condition");
  if (replace.has("output")) rule.output = text(item, "output");
  if (replace.has("desc")) rule.desc = string(item, "desc");
  if (replace.has("tags")) rule.tags = new Set(optionalStrings(item, "tags"));
  if (replace.has("exceptions")) {
    const isField = reading.fields(rule.source);
    rule.exceptions = readExceptions(item, reading.warn).map((exception) => {
      if (exception.values === undefined) warnNoValues(exception, reading);
      return complete(exception, isField);
    });
  }
  if (replace.has("priority")) rule.priority = readPriority(item);
  if (replace.has("enabled")) rule.enabled = optionalBool(item, "enabled") ?? rule.enabled;
  if (replace.has("warn_evttypes")) rule.warnEventTypes = optionalBool(item, "warn_evttypes") ?? rule.warnEventTypes;
  if (replace.has("skip-if-unknown-filter")) {
    rule.skipIfUnknown = optionalBool(item, "skip-if-unknown-filter") ?? rule.skipIfUnknown;
  }
  if (replace.has("capture")) rule.capture = optionalBool(item, "capture") ?? rule.capture;
  if (replace.has("capture_duration")) {
    rule.captureDuration = optionalUnsigned(item, "capture_duration") ?? rule.captureDuration;
  }
}

function warnNoValues(exception: ExceptionItem, reading: Reading): void {
  reading.warn(exception.context.warning("LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values"));
}

function appendExceptions(rule: RuleEntry, items: readonly ExceptionItem[], reading: Reading): Exception[] {
  const exceptions = [...rule.exceptions];
  for (const item of items) {
    const fail = (message: string): Error => item.context.error("LOAD_ERR_VALIDATE", message);
    if (item.values === undefined) warnNoValues(item, reading);
    const at = exceptions.findIndex((exception) => exception.name === item.name);
    const earlier = exceptions[at];
    if (earlier !== undefined) {
      if (item.fields !== undefined || item.comps !== undefined) {
        throw fail("Can not append exception fields/comps to existing exception, only values");
      }
      exceptions[at] = { ...earlier, values: [...earlier.values, ...(item.values ?? [])] };
      continue;
    }
    if (item.fields === undefined) throw fail("Rule exception must have fields property with a list of fields");
    if (item.values === undefined) throw fail("Rule exception must have values property with a list of values");
    exceptions.push(complete(item, reading.fields(rule.source)));
  }
  return exceptions;
}
