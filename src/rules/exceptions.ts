// SPDX-License-Identifier: Apache-2.0

import { isMap, isScalar, isSeq } from "yaml";

import { optionalString, string } from "./decode.js";
import { attempt, type Context, type LoadFailure, type Report } from "./diagnostic.js";
import { Item, isNull, offsetOf, type Value } from "./document.js";
import { parseCondition } from "./parse.js";
import { Text, toBinary } from "./text.js";

/** A scalar or a list of a YAML exception, kept as its text. */
export type Entry =
  | { readonly text: string; readonly offset: number }
  | { readonly items: readonly Entry[]; readonly offset: number };

/** An exception as an item of a file has it. */
export interface ExceptionItem {
  readonly name: string;
  readonly fields: Entry | undefined;
  readonly comps: Entry | undefined;
  readonly values: readonly Entry[] | undefined;
  readonly context: Context;
}

/** An exception of a rule, complete. */
export interface Exception {
  readonly name: string;
  /** One field where the exception has the scalar form. */
  readonly fields: readonly string[];
  readonly comps: readonly string[];
  readonly scalar: boolean;
  readonly values: readonly Entry[];
  readonly context: Context;
}

const LIST_OPERATORS = new Set(["in", "intersects", "pmatch"]);
const TEXT_OPERATORS = new Set(
  "= == != glob iglob contains icontains bcontains startswith bstartswith endswith regex".split(" "),
);
const NUMBER_OPERATORS = new Set(["<", "<=", ">", ">="]);

function hasModifier(comp: string): boolean {
  const [operator, modifier, ...rest] = comp.split(/[ \t]+/);
  const known = modifier === "oneof" || modifier === "anyof" || modifier === "allof";
  return known && rest.length === 0 && TEXT_OPERATORS.has(operator ?? "");
}

/** Whether the values of a comparison stand in parentheses. */
function takesList(comp: string): boolean {
  return LIST_OPERATORS.has(comp) || hasModifier(comp);
}

function isComp(comp: string): boolean {
  return takesList(comp) || TEXT_OPERATORS.has(comp) || NUMBER_OPERATORS.has(comp);
}

/** @throws LoadFailure for an empty text: a condition cannot have one */
function readEntry(value: Value, key: string, context: Context): Entry {
  const offset = offsetOf(value);
  if (isSeq(value)) return { items: (value.items as Value[]).map((item) => readEntry(item, "", context)), offset };
  if (!isScalar(value)) return { text: "", offset };
  const text = String(value.value);
  if (text !== "" || isNull(value)) return { text, offset };
  throw context.enter("value for", key, offset).error("LOAD_ERR_YAML_VALIDATE", "Value must be non-empty");
}

/** Reads the `exceptions` of a rule item; none where the key is absent or null. Those that cannot be read are left out. */
export function readExceptions(
  item: Item,
  { warn, fail }: { readonly warn: Report; readonly fail: Report },
): ExceptionItem[] {
  const value = item.get("exceptions");
  if (value === undefined || value === null || isNull(value)) return [];
  const context = item.context.enter("exceptions", "", offsetOf(value));
  if (!isSeq(value)) throw context.error("LOAD_ERR_YAML_VALIDATE", "Rule exceptions must be a sequence");
  const read: ExceptionItem[] = [];
  const names = new Set<string>();
  const readOne = (element: Value): void => {
    const unnamed = context.enter("exception", "", offsetOf(element));
    if (!isMap(element)) throw unnamed.error("LOAD_ERR_YAML_VALIDATE", "Rule exception must be a mapping");
    const name = string(new Item(element, unnamed), "name");
    const inner = context.enter("exception", name, offsetOf(element));
    if (names.has(name)) {
      const message = `Multiple definitions of exception '${name}' in the same item`;
      warn(inner.warning("LOAD_EXCEPTION_NAME_NOT_UNIQUE", message));
    }
    names.add(name);
    read.push(readException(new Item(element, inner), name));
  };
  for (const element of value.items as Value[]) attempt(fail, () => readOne(element), undefined);
  return read;
}

function readException(item: Item, name: string): ExceptionItem {
  const entry = (key: string): Entry | undefined => {
    const value = item.get(key);
    return value === undefined || value === null || isNull(value) ? undefined : readEntry(value, key, item.context);
  };
  const written = item.get("values");
  if (item.has("values") && !isSeq(written)) {
    const context = item.context.enter("exception values", "", offsetOf(written, item.keyOffset("values")));
    throw context.error("LOAD_ERR_YAML_VALIDATE", "Rule exception values must be a sequence");
  }
  const values = isSeq(written)
    ? (written.items as Value[]).map((value) => readEntry(value, "", item.context))
    : undefined;
  if (item.has("fields") && entry("fields") === undefined) optionalString(item, "fields");
  return { name, fields: entry("fields"), comps: entry("comps"), values, context: item.context };
}

function texts(entry: Entry): string[] {
  return "items" in entry ? entry.items.map((item) => ("text" in item ? item.text.trim() : "")) : [entry.text.trim()];
}

/**
 * Checks an exception and fills in what it leaves out.
 * @param isField whether a text is a field or a transformed field of the rule's source; null = its source is unknown
 */
export function completeException(
  item: ExceptionItem,
  isField: ((text: string) => boolean) | null,
  report: Report,
): Exception {
  const { name, fields, comps, context } = item;
  const fail = (message: string): LoadFailure => context.error("LOAD_ERR_VALIDATE", message);
  if (fields === undefined) {
    throw context.error("LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'fields'");
  }
  const scalar = "text" in fields;
  const names = texts(fields);
  let operators: string[];
  if (scalar) {
    if (comps !== undefined && !("text" in comps)) throw fail("Fields and comps must both be strings");
    operators = [comps === undefined ? "in" : comps.text.trim()];
    if (!takesList(operators[0] as string)) {
      throw fail(
        "When fields is a single value, comps must be one of (in, pmatch, intersects) or a string operator with oneof, anyof or allof",
      );
    }
  } else {
    const none = comps === undefined || ("items" in comps && comps.items.length === 0);
    operators = none ? names.map(() => "=") : texts(comps);
    if (comps !== undefined && "text" in comps) throw fail("Fields and comps lists must have equal length");
    if (operators.length !== names.length) throw fail("Fields and comps lists must have equal length");
    for (const operator of operators) {
      if (!isComp(operator)) throw fail(`'${operator}' is not a supported comparison operator`);
    }
  }
  const unknown = isField === null ? [] : names.filter((field) => !isField(field));
  for (const [i, field] of unknown.entries()) {
    const failure = fail(`'${field}' is not a supported filter field`);
    if (i === unknown.length - 1) throw failure;
    report(failure.diagnostic);
  }
  return { name, fields: names, comps: operators, scalar, values: item.values ?? [], context };
}

/** Whether a text can stand on the left of a comparison and all fields in it exist. */
export function isFieldExpression(text: string, isField: (field: string) => boolean): boolean {
  try {
    const node = parseCondition(`${toBinary(text)} exists`);
    if (node.kind !== "check") return false;
    const visit = (part: object): boolean => {
      const node = part as { kind: string; name?: string; arg?: string | null; args?: object[]; items?: object[] };
      if (node.kind === "field") return isField(node.arg == null ? `${node.name}` : `${node.name}[${node.arg}]`);
      return (node.args ?? node.items ?? []).every(visit);
    };
    return visit(node.left);
  } catch {
    return false;
  }
}

function valueText(entry: Entry, context: Context): string {
  if ("items" in entry) return `(${entry.items.map((item) => valueText(item, context)).join(", ")})`;
  const { text } = entry;
  return text.includes(" ") && !/^["']/.test(text) ? `"${text}"` : text;
}

function compared(field: string, comp: string, entry: Entry, context: Context): string {
  // A text where a list belongs is a list as it is written, with or without its parentheses.
  if (takesList(comp) && "text" in entry) {
    return `${field} ${comp} ${entry.text.startsWith("(") ? entry.text : `(${entry.text})`}`;
  }
  return `${field} ${comp} ${valueText(entry, context)}`;
}

/** A condition with its exceptions: `(condition) and not (...)` for each one that has values. Values that do not fit are left out. */
export function applyExceptions(condition: Text, exceptions: readonly Exception[], fail: Report): Text {
  const used = exceptions.filter((exception) => exception.values.length > 0);
  if (used.length === 0) return condition;
  const first = used[0] as Exception;
  const made = (exception: Exception, text: string, offset = exception.context.offset): Text =>
    Text.made(text, exception.context.file, offset);
  const parts = [made(first, "("), condition, made(first, ")")];
  for (const exception of used) {
    if (exception.scalar) {
      parts.push(made(exception, ` and not ${scalarForm(exception, fail)}`));
      continue;
    }
    let glue = " and not (";
    for (const tuple of exception.values) {
      const form = attempt(fail, () => tupleForm(exception, tuple), null);
      if (form === null) continue;
      parts.push(made(exception, glue), made(exception, form, tuple.offset));
      glue = " or ";
    }
    if (glue === " or ") parts.push(made(exception, ")"));
  }
  return Text.join(parts);
}

function scalarForm(exception: Exception, fail: Report): string {
  const values = exception.values.flatMap((entry) => {
    if ("text" in entry) return [valueText(entry, exception.context)];
    const context = exception.context.enter("exception value", "", entry.offset);
    fail(context.error("LOAD_ERR_VALIDATE", "Expected values array to contain a list of strings").diagnostic);
    return [];
  });
  return `(${exception.fields[0]} ${exception.comps[0]} (${values.join(", ")}))`;
}

function tupleForm(exception: Exception, tuple: Entry): string {
  const { fields, comps } = exception;
  if (!("items" in tuple) || tuple.items.length !== fields.length) {
    const context = exception.context.enter("exception value", "", tuple.offset);
    throw context.error("LOAD_ERR_VALIDATE", "Fields and values lists must have equal length");
  }
  const tests = tuple.items.map((entry, i) =>
    compared(fields[i] as string, comps[i] as string, entry, exception.context),
  );
  return `(${tests.join(" and ")})`;
}
