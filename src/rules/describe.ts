// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType, SYSCALL_NAMES } from "../batch/event-table.generated.js";
import { CATALOG } from "../fields/catalog.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { FieldNode, Node } from "./ast.js";
import type { CompiledList, CompiledMacro, CompiledRule } from "./compile-rules.js";
import { inferEventTypes } from "./infer.js";
import type { LoadResult } from "./load.js";
import { fieldText } from "./operand.js";
import { parseCondition } from "./parse.js";
import { printCondition } from "./print.js";
import { PRIORITIES } from "./ruleset.js";
import { parseTemplate } from "./template.js";
import { fromBinary } from "./text.js";

export interface DescribeOptions {
  /** The one that the rules were loaded with. */
  readonly resolver: FieldResolver;
  /** Plugins by their names, the event sources that they have, and the fields that they know. */
  readonly plugins?: readonly {
    readonly name: string;
    readonly source: string | null;
    readonly fields?: readonly string[];
  }[];
}

/** Everything that was loaded, for programs: the form of Falco's `-L` with json_output. */
export function describeAll(result: LoadResult, options: DescribeOptions): object {
  return {
    required_engine_version: result.requiredEngineVersion ?? "",
    required_plugin_versions: result.requirements.map(({ versions: [first, ...alternatives] }) => ({
      name: first?.name,
      version: first?.version,
      alternatives: alternatives.map(({ name, version }) => ({ name, version })),
    })),
    rules: result.rules.map((rule) => describeRule(rule, result, options)),
    macros: result.macros.map((macro) => describeMacro(macro, result)),
    lists: result.lists.map((list) => describeList(list, result)),
  };
}

/** One rule, disabled ones too: what it says, and what it comes to. Names in `details` are sorted. */
export function describeRule(rule: CompiledRule, result: LoadResult, options: DescribeOptions): object {
  const { entry } = rule;
  const condition = fromBinary(entry.condition.value);
  const parts = partsOf(rule.condition);
  const { exceptions } = entry;
  const shown = sorted(outputFields(rule, options.resolver));
  const used = [...parts.fields, ...shown];
  const extra = (rule.extraFields ?? []).flatMap(({ name, template }) =>
    template === null ? [] : [[name, fromBinary(template)]],
  );
  return {
    info: {
      name: rule.name,
      condition,
      priority: PRIORITIES[rule.priority],
      output: fromBinary(entry.output.value),
      description: rule.desc,
      enabled: rule.enabled,
      source: rule.source,
      capture: entry.capture,
      capture_duration: entry.captureDuration,
      tags: rule.tags,
    },
    details: {
      ...named(entry.condition.value, result),
      condition_operators: parts.operators,
      condition_fields: parts.fields,
      output_fields: shown,
      ...(extra.length === 0 ? {} : { extra_output_formatted_fields: Object.fromEntries(extra) }),
      exception_fields: sorted(exceptions.flatMap(({ fields }) => fields)),
      exception_names: sorted(exceptions.map(({ name }) => name)),
      exception_operators: sorted(exceptions.flatMap(({ comps }) => comps)),
      events: eventsOf(rule.condition, rule.source === "syscall" ? rule.eventTypes : null),
      condition_compiled: fromBinary(printCondition(rule.condition)),
      output_compiled: fromBinary(rule.output),
      plugins: sorted(
        [...(options.plugins ?? []), CONTAINER]
          .filter(({ source, fields = [] }) => source === rule.source || fields.some((field) => isAmong(field, used)))
          .map(({ name }) => name),
      ),
    },
  };
}

function describeMacro({ entry, condition, used }: CompiledMacro, result: LoadResult): object {
  const parts = partsOf(condition);
  return {
    info: { name: entry.name, condition: fromBinary(entry.condition.value) },
    details: {
      used,
      ...named(entry.condition.value, result),
      condition_operators: parts.operators,
      condition_fields: parts.fields,
      events: eventsOf(condition, inferEventTypes(condition)),
      condition_compiled: fromBinary(printCondition(condition)),
      plugins: [],
    },
  };
}

function describeList({ entry, items, used }: CompiledList, result: LoadResult): object {
  const own = entry.items.map(({ text }) => text);
  const isList = (text: string): boolean => text !== entry.name && result.collected.lists.has(text);
  return {
    // What is itself a list is told apart.
    info: { name: entry.name, items: own.filter((text) => !isList(text)) },
    details: {
      used,
      lists: sorted(own.filter(isList)),
      items_compiled: items.map((item) => fromBinary(item).replace(/^(["'])(.*)\1$/s, "$2")),
      plugins: [],
    },
  };
}

function outputFields({ output, source }: CompiledRule, resolver: FieldResolver): string[] {
  if (output === "") return [];
  return parseTemplate(output, resolver, source).flatMap((segment) => {
    if (segment.kind === "literal") return [];
    return segment.kind === "field" ? [segment.field.name] : segment.fields.map(({ name }) => name);
  });
}

/** The engine answers for this plugin. */
const CONTAINER = {
  name: "container",
  source: null,
  fields: CATALOG.map(({ name }) => name).filter((name) => /^(?:container|k8s)\./.test(name)),
};

/** Whether a field is among some, with an argument or without. */
function isAmong(field: string, fields: readonly string[]): boolean {
  return fields.some((each) => each === field || each.startsWith(`${field}[`));
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/** Calls `visit` for every object of a syntax tree: it has nothing but nodes, and lists of them. */
function walk(node: object, visit: (node: { readonly kind: string }) => void): void {
  if ("kind" in node) visit(node as { kind: string });
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) for (const each of child) walk(each as object, visit);
    else if (typeof child === "object" && child !== null && "kind" in child) walk(child as object, visit);
  }
}

function partsOf(node: Node): { readonly operators: string[]; readonly fields: string[] } {
  const operators = new Set<string>();
  const fields = new Set<string>();
  walk(node, (each) => {
    if (each.kind === "check") {
      const { operator, modifier } = each as Node & { kind: "check" };
      operators.add(modifier === null ? operator : `${operator} ${modifier}`);
    } else if (each.kind === "field") fields.add(fromBinary(fieldText(each as FieldNode)));
  });
  return { operators: sorted(operators), fields: sorted(fields) };
}

/** The macros and lists that a condition names itself. */
function named(condition: string, { collected }: LoadResult): { readonly macros: string[]; readonly lists: string[] } {
  const macros = new Set<string>();
  const lists = new Set<string>();
  const note = (binary: string): void => {
    const name = fromBinary(binary);
    if (collected.lists.has(name)) lists.add(name);
    else if (collected.macros.has(name)) macros.add(name);
  };
  // Lists are replaced in the text, before parsing, wherever their names stand between these.
  for (const word of condition.split(/[ \t\r\n(),=]+/)) if (collected.lists.has(fromBinary(word))) note(word);
  try {
    walk(parseCondition(condition), (node) => {
      if (node.kind === "identifier") note((node as Node & { kind: "identifier" }).name);
    });
  } catch {
    // A list may stand for more than one constant; then the condition reads only with its lists expanded.
    for (const word of condition.split(/[ \t\r\n()]+/)) note(word);
  }
  return { macros: sorted(macros), lists: sorted(lists) };
}

const GENERIC_NAMES: readonly string[] = (EVENTS[EventType.GENERIC_X]?.sc ?? []).map(
  (code) => SYSCALL_NAMES[code] ?? "",
);
/** Above this, a set of event types stands for "nearly all". */
const MANY = 100;

/** Names of the event types on which a condition is tried. Events that plugins add are tried by every rule. */
function eventsOf(condition: Node, types: readonly number[] | null): string[] {
  if (types === null) return ["asyncevent", "pluginevent"];
  const names = new Set<string>(["asyncevent"]);
  for (const type of types) {
    if (type !== EventType.GENERIC_X) {
      names.add(EVENTS[type]?.name ?? "");
      continue;
    }
    // Calls without an event of their own share one type; a condition on few types names those it wants.
    const wanted = types.length > MANY ? new Set<string>() : constantsOf(condition);
    const some = GENERIC_NAMES.filter((name) => wanted.has(name));
    for (const name of some.length === 0 ? GENERIC_NAMES : some) names.add(name);
  }
  names.delete("");
  return sorted(names);
}

function constantsOf(condition: Node): Set<string> {
  const texts = new Set<string>();
  walk(condition, (node) => {
    if (node.kind === "constant") texts.add((node as { kind: string; text: string }).text);
  });
  return texts;
}
