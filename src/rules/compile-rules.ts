// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import { type AppendOutput, outputsFor, suggestedOutput } from "./append-output.js";
import type { Node } from "./ast.js";
import { checkCondition } from "./check.js";
import type { Collector, ListEntry, MacroEntry, RuleEntry } from "./collector.js";
import { type Context, type Diagnostic, diagnose, LoadFailure, type Report } from "./diagnostic.js";
import { applyExceptions } from "./exceptions.js";
import { inferEventTypes } from "./infer.js";
import { deprecatedIn, deprecatedMessage } from "./lint.js";
import { type Expanded, Lists } from "./lists.js";
import { Operands } from "./operand.js";
import { type ParsedText, parseText } from "./parse-text.js";
import { type Resolved, ResolveError, resolveMacros } from "./resolve.js";
import type { Rule } from "./ruleset.js";
import { suggest } from "./suggest.js";
import { readTemplate, type TemplateError } from "./template.js";
import { Text, toBinary } from "./text.js";

/** More types than this in a syscall rule are worth a warning. */
const MANY_EVENT_TYPES = 100;

export interface CompileOptions {
  readonly resolver: FieldResolver;
  readonly asyncNames: ReadonlySet<string>;
  readonly fieldNames: Iterable<string>;
  readonly appendOutput: readonly AppendOutput[];
  /** Names of the static fields, for suggested outputs. */
  readonly staticFields?: readonly string[];
  /** Fields that plugins suggest for outputs, by source. */
  readonly suggestedFields?: Readonly<Record<string, readonly string[]>>;
  /** See CheckOptions; by default true. */
  readonly typeSearch?: boolean;
}

/** A rule that can run, whether or not it is enabled. */
export interface CompiledRule extends Omit<Rule, "index"> {
  readonly enabled: boolean;
  readonly entry: RuleEntry;
}

/** A macro with the macros and lists in it expanded. */
export interface CompiledMacro {
  readonly entry: MacroEntry;
  readonly condition: Node;
  /** Whether a rule or another macro names it. */
  readonly used: boolean;
}

/** A list with the lists in it expanded; the items are binary strings as they go into conditions. */
export interface CompiledList {
  readonly entry: ListEntry;
  readonly items: readonly string[];
  readonly used: boolean;
}

/** Mistakes of one condition that are told: nobody reads more. */
const MAX_MISTAKES = 100;

interface Mistake {
  /** Whether skip-if-unknown-filter excuses it. */
  readonly unknown: boolean;
  readonly diagnostic: Diagnostic;
}

/** What stands for a macro that is wrong: no test at all. */
const STAND_IN: Resolved = { node: { kind: "and", children: [], range: { start: 0, end: 0 } }, depth: 1, size: 1 };

type ConditionType = "macro condition" | "rule condition";

/** Compiles all that was collected. What is wrong with it is reported once, and the rest is compiled and checked. */
export class RuleCompiler {
  private readonly lists: Lists;
  private readonly macros = new Map<string, { readonly entry: MacroEntry; readonly parsed: ParsedText | null }>();
  private readonly resolved = new Map<string, Resolved | "running">();
  private readonly usedMacros = new Set<string>();
  private readonly owners = new Map<Node, Expanded>();
  private readonly operands = new Map<string, Operands>();
  /** Whether all is right so far; warnings about the whole of the rules mean nothing otherwise. */
  private sound: boolean;
  private readonly fail: Report;

  /** @param sound whether all items could be read */
  constructor(
    private readonly collector: Collector,
    private readonly options: CompileOptions,
    private readonly report: Report,
    sound = true,
  ) {
    this.sound = sound;
    this.fail = (diagnostic) => {
      this.sound = false;
      report(diagnostic);
    };
    this.lists = new Lists(collector.lists.values(), this.fail);
  }

  run(): CompiledRule[] {
    for (const entry of this.collector.macros.values()) {
      const parsed = entry.unread ? null : this.parse(entry.condition, entry.context, "macro condition");
      this.macros.set(entry.name, { entry, parsed });
    }
    for (const name of this.macros.keys()) this.macro(name);
    const rules: CompiledRule[] = [];
    for (const entry of this.collector.rules.values()) {
      if (entry.unknownSource) continue;
      const rule = this.rule(entry);
      if (rule !== null) rules.push(rule);
    }
    if (this.sound) this.warnUnused();
    return rules;
  }

  /** All macros, once `run` is over. */
  compiledMacros(): CompiledMacro[] {
    return [...this.macros.values()].map(({ entry }) => ({
      entry,
      condition: this.macro(entry.name).node,
      used: this.usedMacros.has(entry.name),
    }));
  }

  /** All lists, once `run` is over. */
  compiledLists(): CompiledList[] {
    const unused = new Set(this.lists.unused());
    return [...this.collector.lists.values()].map((entry) => ({
      entry,
      items: this.lists.itemsOf(toBinary(entry.name)),
      used: !unused.has(entry),
    }));
  }

  private warnUnused(): void {
    for (const { context, unread } of this.lists.unused()) {
      if (unread) continue;
      this.report(context.warning("LOAD_UNUSED_LIST", "List not referred to by any other rule/macro"));
    }
    for (const { entry } of this.macros.values()) {
      if (entry.unread || this.usedMacros.has(entry.name)) continue;
      this.report(entry.context.warning("LOAD_UNUSED_MACRO", "Macro not referred to by any other rule/macro"));
    }
  }

  /** A condition that is read; null where it is wrong, or a list in it is. */
  private parse(text: Text, context: Context, type: ConditionType): ParsedText | null {
    const parsed = parseText(text, this.lists);
    if (!parsed.expanded.sound) return null;
    if ("node" in parsed) return parsed;
    const { error, expanded } = parsed;
    const hint = this.listHint(text.value);
    this.fail(this.failure(context, type, expanded, error.index, error.message, hint).diagnostic);
    return null;
  }

  /** A list's name where a list in parentheses is needed is the usual slip. */
  private listHint(value: string): string | null {
    for (const match of value.matchAll(/\b(oneof|anyof|allof|in|intersects|pmatch)[ \t\r\n]+([^()"'\s=,]+)/g)) {
      const [, word, name] = match;
      if (name !== undefined && this.lists.has(name)) return `'${name}' is a list: write '${word} (${name})'`;
    }
    return null;
  }

  private failure(
    context: Context,
    type: ConditionType,
    expanded: Expanded,
    index: number,
    message: string,
    hint: string | null,
    code: "LOAD_ERR_COMPILE_CONDITION" | "LOAD_ERR_VALIDATE" = "LOAD_ERR_COMPILE_CONDITION",
  ): LoadFailure {
    const place = expanded.place(index);
    const inner = context.enter(type, "", place.offset);
    return new LoadFailure(diagnose(inner, "error", code, message, place, expanded.file(index), hint));
  }

  /** A macro, resolved; its entry must exist. */
  private macro(name: string): Resolved {
    const known = this.resolved.get(name);
    const { entry, parsed } = this.macros.get(name) as { entry: MacroEntry; parsed: ParsedText | null };
    if (known === "running") {
      this.fail(entry.context.error("LOAD_ERR_VALIDATE", `reference loop in macro '${name}'`).diagnostic);
      return STAND_IN;
    }
    if (known !== undefined) return known;
    this.resolved.set(name, parsed === null ? STAND_IN : "running");
    if (parsed === null) return STAND_IN;
    const resolved = this.resolve(parsed, entry.context, "macro condition", (other) => {
      const target = this.macros.get(other);
      if (target === undefined || target.entry.order >= entry.visibility) return undefined;
      return target.entry;
    });
    this.resolved.set(name, resolved);
    if (!this.owners.has(resolved.node)) this.owners.set(resolved.node, parsed.expanded);
    return resolved;
  }

  private resolve(
    { node, expanded }: ParsedText,
    context: Context,
    type: ConditionType,
    visible: (name: string) => MacroEntry | undefined,
  ): Resolved {
    try {
      return resolveMacros(node, (name, reference) => {
        const entry = visible(name);
        if (entry !== undefined) {
          this.usedMacros.add(name);
          return this.macro(entry.name);
        }
        const message = `Undefined macro '${name}' used in filter.`;
        const place = reference.range.start;
        const hint = this.macroHint(name);
        this.fail(this.failure(context, type, expanded, place, message, hint, "LOAD_ERR_VALIDATE").diagnostic);
        return STAND_IN;
      });
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      this.fail(this.failure(context, type, expanded, error.node.range.start, error.message, null).diagnostic);
      return STAND_IN;
    }
  }

  private macroHint(missing: string): string | null {
    if (this.macros.has(missing)) return `'${missing}' is defined further down: a macro sees only those before it`;
    if (this.lists.has(missing)) return `'${missing}' is a list, not a macro`;
    return suggest(missing, this.macros.keys());
  }

  private operandsOf(source: string): Operands {
    let operands = this.operands.get(source);
    if (operands === undefined) {
      operands = new Operands(this.options.resolver, source);
      this.operands.set(source, operands);
    }
    return operands;
  }

  /** A rule, or null where it is wrong or skip-if-unknown-filter drops it. */
  private rule(entry: RuleEntry): CompiledRule | null {
    const { context, source } = entry;
    const node = this.condition(entry);
    if (node === "dropped") return null;
    const tags = [...entry.tags].sort();
    const output = entry.unread.has("output") ? null : this.output(entry, tags);
    if (node === null || output === null) return null;
    let eventTypes: number[] | null = null;
    if (source === "syscall") {
      eventTypes = inferEventTypes(node, this.options.asyncNames);
      if (this.sound && entry.warnEventTypes && eventTypes.length > MANY_EVENT_TYPES) {
        const message = "Rule matches too many evt.type values. This has a significant performance penalty.";
        this.report(context.warning("LOAD_NO_EVTTYPE", message));
      }
    }
    const { name, desc, priority, enabled, captureDuration } = entry;
    const capture = entry.capture ? { capture: true, captureDuration } : {};
    return { name, desc, priority, source, tags, condition: node, eventTypes, ...output, ...capture, enabled, entry };
  }

  /** The rule's condition, resolved and checked; null where it is wrong, "dropped" where skip-if-unknown-filter drops it. */
  private condition(entry: RuleEntry): Node | "dropped" | null {
    const { context } = entry;
    if (entry.unread.has("condition")) return null;
    const whole = applyExceptions(entry.condition, entry.exceptions, this.fail);
    const parsed = this.parse(whole, context, "rule condition");
    if (parsed === null) return null;
    const { node } = this.resolve(parsed, context, "rule condition", (name) => this.macros.get(name)?.entry);
    const errors = this.check(entry, node, parsed.expanded);
    const [first] = errors;
    if (first === undefined) return node;
    if (first.unknown && entry.skipIfUnknown) {
      this.report({ ...first.diagnostic, severity: "warning", code: "LOAD_UNKNOWN_FILTER" });
      return "dropped";
    }
    for (const { diagnostic } of errors) this.fail(diagnostic);
    return null;
  }

  /** What is wrong with a condition, in the order of its text. */
  private check(entry: RuleEntry, node: Node, expanded: Expanded): Mistake[] {
    const { context } = entry;
    const mistakes: Mistake[] = [];
    checkCondition(node, expanded, {
      operands: this.operandsOf(entry.source),
      source: entry.source,
      typeSearch: this.options.typeSearch !== false,
      asyncNames: this.options.asyncNames,
      fieldNames: this.options.fieldNames,
      owners: this.owners,
      warn: ({ code, message, range }, owner) => {
        const place = owner.place(range.start);
        const inner = context.enter("rule condition", "", place.offset);
        this.report(diagnose(inner, "warning", code, message, place, owner.file(range.start), null));
      },
      fail: ({ message, range, unknown, hint }, owner) => {
        if (mistakes.length === MAX_MISTAKES) return;
        const { diagnostic } = this.failure(context, "rule condition", owner, range.start, message, hint);
        mistakes.push({ unknown, diagnostic });
      },
    });
    return mistakes;
  }

  /** The rule's template with what is appended to it; null where skip-if-unknown-filter drops the rule. */
  private output(entry: RuleEntry, tags: readonly string[]): Pick<Rule, "output" | "extraFields"> | null {
    const { context, source } = entry;
    const operands = this.operandsOf(source);
    let text = entry.output;
    for (const { extraOutput, suggested } of outputsFor(
      { name: entry.name, source, tags },
      this.options.appendOutput,
    )) {
      const suggestion =
        suggested === true ? suggestedOutput(source, this.suggestions(source), (field) => operands.has(field)) : "";
      for (const more of [extraOutput, suggestion]) {
        if (more !== undefined && more !== "") text = text.append(Text.made(more, context.file, context.offset));
      }
    }
    const place = text.place(0);
    const inner = context.enter("rule output", "", place.offset);
    const deprecated = deprecatedIn(text.value);
    if (deprecated !== null) this.report(inner.warning("LOAD_DEPRECATED_ITEM", deprecatedMessage(deprecated)));
    let template = text.value.startsWith("*") ? text.value.slice(1) : text.value;
    if (template.includes("%container.info")) {
      const message =
        "'%container.info' is deprecated and no more useful, and will be dropped. The container plugin will automatically add required fields to the output message.";
      this.report(inner.warning("LOAD_DEPRECATED_ITEM", message));
      template = template.replaceAll("%container.info", "");
    }
    // The index holds for a template that was not cut; where it was, the place is near enough.
    const shift = text.value.length === template.length + 1 ? 1 : 0;
    const mistakes: Mistake[] = [];
    const fail = (error: TemplateError): void => {
      const exact = text.place(error.index + shift);
      const where = context.enter("rule output", "", exact.offset);
      const { unknown, message } = error;
      const hint = unknown === null ? null : suggest(unknown.replace(/\[.*/, ""), this.options.fieldNames);
      const file = text.file(error.index);
      const diagnostic = diagnose(where, "error", "LOAD_ERR_COMPILE_OUTPUT", message, exact, file, hint);
      if (mistakes.length < MAX_MISTAKES) mistakes.push({ unknown: unknown !== null, diagnostic });
    };
    readTemplate(template, operands, fail);
    const extraFields = this.extraFields(entry, tags, operands, fail);
    const [first] = mistakes;
    if (first === undefined) return extraFields.length === 0 ? { output: template } : { output: template, extraFields };
    if (first.unknown && entry.skipIfUnknown) {
      this.report({ ...first.diagnostic, severity: "warning", code: "LOAD_UNKNOWN_FILTER" });
      return null;
    }
    for (const { diagnostic } of mistakes) this.fail(diagnostic);
    return null;
  }

  /** What is suggested for outputs of rules of `source`, besides what the engine itself suggests. */
  private suggestions(source: string): readonly string[] {
    return [...(this.options.suggestedFields?.[source] ?? []), ...(this.options.staticFields ?? [])];
  }

  private extraFields(
    entry: RuleEntry,
    tags: readonly string[],
    operands: Operands,
    fail: (error: TemplateError) => void,
  ): NonNullable<Rule["extraFields"]> {
    const { name, source } = entry;
    const fields = outputsFor({ name, source, tags }, this.options.appendOutput).flatMap(
      (each) => each.extraFields ?? [],
    );
    return fields.map((field) => {
      const template = field.template === null ? null : toBinary(field.template);
      readTemplate(template ?? `%${toBinary(field.name)}`, operands, fail);
      return { name: field.name, template };
    });
  }
}
