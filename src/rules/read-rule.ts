// SPDX-License-Identifier: Apache-2.0

import type { RuleEntry } from "./collector.js";
import { optionalBool, optionalString, optionalStrings, optionalUnsigned, scalar, string, text } from "./decode.js";
import { attempt, type Report } from "./diagnostic.js";
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
import { Text } from "./text.js";

const PARTS = ["condition", "output", "desc", "priority"] as const;

/**
 * Reads a rule item: a definition, something added to a rule, or the switch of one. The item's context has its name. What is
 * wrong is reported, and the rest of the item is read.
 */
export function readRule(item: Item, reading: Reading): void {
  const known = attempt(reading.fail, () => readKind(item, reading), false);
  if (!known) reading.collector.unreadRules.add(item.context.name);
}

/** @returns false where the item says nothing of its rule */
function readKind(item: Item, reading: Reading): boolean {
  const append = optionalBool(item, "append") ?? false;
  const overrides = readOverrides(item, "rule", reading.fail);
  checkAppendFlag(item, append, overrides, reading.warn);
  if (overrides?.sound === false) return false;
  if (append) appendRule(item, reading);
  else if (overrides !== null) overrideRule(item, overrides, reading);
  else if (PARTS.every((key) => !item.has(key))) switchRule(item, reading);
  else defineRule(item, reading);
  return true;
}

/** Reads keys of an item one by one: one that cannot be read is reported and noted in `unread`. */
class Keys {
  constructor(
    private readonly item: Item,
    private readonly fail: Report,
    readonly unread: Set<string>,
  ) {}

  read<T, U>(key: string, step: (item: Item, key: string) => T, otherwise: U): T | U {
    return attempt(this.noting(key), () => step(this.item, key), otherwise);
  }

  noting(key: string): Report {
    return (diagnostic) => {
      this.unread.add(key);
      this.fail(diagnostic);
    };
  }
}

function defineRule(item: Item, reading: Reading): void {
  const { context } = item;
  const keys = new Keys(item, reading.fail, new Set());
  const nothing = Text.made("", context.file, context.offset);
  for (const key of PARTS) keys.read(key, scalar, undefined);
  const source = keys.read("source", optionalString, null);
  const isField = source === null ? null : reading.fields(source ?? "syscall");
  const exceptions = keys.read("exceptions", () => readExceptions(item, reading), []);
  const rule: RuleEntry = {
    name: context.name,
    exceptions: exceptions.flatMap((exception) => complete(exception, isField, keys)),
    condition: keys.read("condition", text, nothing),
    output: keys.read("output", () => text(item, "output", true), nothing),
    desc: keys.read("desc", string, ""),
    priority: keys.read("priority", readPriority, 0),
    source: source ?? "syscall",
    unknownSource: isField === null,
    enabled: keys.read("enabled", optionalBool, true) ?? true,
    tags: new Set(keys.read("tags", optionalStrings, [])),
    warnEventTypes: keys.read("warn_evttypes", optionalBool, false) ?? true,
    skipIfUnknown: keys.read("skip-if-unknown-filter", optionalBool, false) ?? false,
    capture: keys.read("capture", optionalBool, false) ?? false,
    captureDuration: keys.read("capture_duration", optionalUnsigned, 0) ?? 0,
    context,
    unread: keys.unread,
  };
  reading.collector.defineRule(rule);
  if (isField === null && source !== null) {
    reading.warn(context.warning("LOAD_UNKNOWN_SOURCE", `Unknown source ${rule.source}, skipping`));
  }
}

/** The exception with what it leaves out; none where it is wrong. */
function complete(item: ExceptionItem, isField: FieldTest | null, keys: Keys): Exception[] {
  const test = isField === null ? null : (field: string) => isFieldExpression(field, isField);
  const report = keys.noting(exceptionKey(item.name));
  return attempt(report, () => [completeException(item, test, report)], []);
}

/** What stands for an exception among the keys that could not be read. */
function exceptionKey(name: string): string {
  return `exception ${name}`;
}

function readPriority(item: Item): number {
  const priority = parsePriority(string(item, "priority"));
  if (priority !== undefined) return priority;
  const context = item.context.enter("rule priority", "", offsetOf(item.get("priority")));
  throw context.error("LOAD_ERR_YAML_VALIDATE", "Invalid priority");
}

function switchRule(item: Item, reading: Reading): void {
  if (!item.has("enabled")) {
    const hint = `a rule needs ${PARTS.join(", ")}; one that is there already is switched by 'enabled'`;
    throw item.context.error("LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'enabled'", hint);
  }
  const enabled = optionalBool(item, "enabled") ?? true;
  const message =
    "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').";
  reading.warn(item.context.warning("LOAD_DEPRECATED_ITEM", message));
  const rule = existing(item, reading, "Rule has 'enabled' key but no rule by that name already exists");
  if (rule !== null) rule.enabled = enabled;
}

/** The rule that an item changes; null where it is one that could not be read. */
function existing(item: Item, { collector }: Reading, message: string): RuleEntry | null {
  const { name } = item.context;
  const rule = collector.rules.get(name);
  if (rule !== undefined) return rule;
  if (collector.unreadRules.has(name)) return null;
  throw item.context.error("LOAD_ERR_VALIDATE", message);
}

function checkSource(item: Item, rule: RuleEntry, reading: Reading): void {
  // Without a value it says nothing here, while a definition must not leave it empty.
  const source = isNull(item.get("source")) ? undefined : optionalString(item, "source");
  reading.collector.checkSource(rule, source, item.context);
}

const NO_RULE_TO_APPEND = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";
const NO_RULE_TO_REPLACE =
  "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";

function appendRule(item: Item, reading: Reading): void {
  const rule = existing(item, reading, NO_RULE_TO_APPEND);
  if (rule === null) return;
  checkSource(item, rule, reading);
  if (!item.has("condition") && !item.has("exceptions")) {
    throw item.context.error("LOAD_ERR_VALIDATE", "Appended rule must have exceptions or condition property");
  }
  const keys = new Keys(item, reading.fail, rule.unread);
  if (item.has("condition")) appendCondition(rule, keys);
  appendExceptions(item, rule, keys, reading);
}

function appendCondition(rule: RuleEntry, keys: Keys): void {
  const more = keys.read("condition", text, null);
  if (more !== null) rule.condition = rule.condition.append(more);
}

function overrideRule(item: Item, { append, replace }: Overrides, reading: Reading): void {
  const rule = existing(item, reading, append.size > 0 ? NO_RULE_TO_APPEND : NO_RULE_TO_REPLACE);
  if (rule === null) return;
  checkSource(item, rule, reading);
  const keys = new Keys(item, reading.fail, rule.unread);
  if (append.has("condition")) appendCondition(rule, keys);
  if (append.has("output")) {
    const more = keys.read("output", text, null);
    if (more !== null) rule.output = rule.output.append(more);
  }
  if (append.has("desc")) rule.desc = `${rule.desc} ${keys.read("desc", string, "")}`;
  if (append.has("tags")) rule.tags = new Set([...rule.tags, ...(keys.read("tags", optionalStrings, []) ?? [])]);
  if (append.has("exceptions")) appendExceptions(item, rule, keys, reading);

  for (const key of replace) rule.unread.delete(key);
  if (replace.has("condition")) rule.condition = keys.read("condition", text, rule.condition);
  if (replace.has("output")) rule.output = keys.read("output", text, rule.output);
  if (replace.has("desc")) rule.desc = keys.read("desc", string, "");
  if (replace.has("tags")) rule.tags = new Set(keys.read("tags", optionalStrings, []));
  if (replace.has("exceptions")) {
    const isField = reading.fields(rule.source);
    const items = keys.read("exceptions", () => readExceptions(item, reading), []);
    for (const exception of items) if (exception.values === undefined) warnNoValues(exception, reading);
    rule.exceptions = items.flatMap((exception) => complete(exception, isField, keys));
  }
  if (replace.has("priority")) rule.priority = keys.read("priority", readPriority, rule.priority);
  const flag = (key: string, now: boolean): boolean =>
    replace.has(key) ? (keys.read(key, optionalBool, now) ?? now) : now;
  rule.enabled = flag("enabled", rule.enabled);
  rule.warnEventTypes = flag("warn_evttypes", rule.warnEventTypes);
  rule.skipIfUnknown = flag("skip-if-unknown-filter", rule.skipIfUnknown);
  rule.capture = flag("capture", rule.capture);
  if (replace.has("capture_duration")) {
    const now = rule.captureDuration;
    rule.captureDuration = keys.read("capture_duration", optionalUnsigned, now) ?? now;
  }
}

function warnNoValues(exception: ExceptionItem, reading: Reading): void {
  reading.warn(exception.context.warning("LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values"));
}

function appendExceptions(item: Item, rule: RuleEntry, keys: Keys, reading: Reading): void {
  const exceptions = [...rule.exceptions];
  const isField = reading.fields(rule.source);
  const append = (added: ExceptionItem): void => {
    const fail = (message: string): Error => added.context.error("LOAD_ERR_VALIDATE", message);
    if (added.values === undefined) warnNoValues(added, reading);
    const at = exceptions.findIndex((exception) => exception.name === added.name);
    const earlier = exceptions[at];
    if (earlier !== undefined) {
      if (added.fields !== undefined || added.comps !== undefined) {
        throw fail("Can not append exception fields/comps to existing exception, only values");
      }
      exceptions[at] = { ...earlier, values: [...earlier.values, ...(added.values ?? [])] };
      return;
    }
    if (keys.unread.has(exceptionKey(added.name))) return;
    if (added.fields === undefined) throw fail("Rule exception must have fields property with a list of fields");
    if (added.values === undefined) throw fail("Rule exception must have values property with a list of values");
    exceptions.push(...complete(added, isField, keys));
  };
  for (const added of keys.read("exceptions", () => readExceptions(item, reading), [])) {
    attempt(reading.fail, () => append(added), undefined);
  }
  rule.exceptions = exceptions;
}
