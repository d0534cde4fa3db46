// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import { type AppendOutput, outputsFor } from "./append-output.js";
import type { Node } from "./ast.js";
import { CheckError, checkCondition } from "./check.js";
import type { Collector, ListEntry, MacroEntry, RuleEntry } from "./collector.js";
import { type Context, type Diagnostic, diagnose, LoadFailure } from "./diagnostic.js";
import { applyExceptions } from "./exceptions.js";
import { inferEventTypes } from "./infer.js";
import { deprecatedIn, deprecatedMessage } from "./lint.js";
import { type Expanded, Lists } from "./lists.js";
import { Operands } from "./operand.js";
import { type ParsedText, parseText } from "./parse-text.js";
import { type Resolved, ResolveError, resolveMacros } from "./resolve.js";
import type { Rule } from "./ruleset.js";
import { suggest } from "./suggest.js";
import { readTemplate, TemplateError } from "./template.js";
import { Text, toBinary } from "./text.js";

/** More types than this in a syscall rule are worth a warning. */
const MANY_EVENT_TYPES = 100;

export interface CompileOptions {
  readonly resolver: FieldResolver;
  readonly asyncNames: ReadonlySet<string>;
  readonly fieldNames: Iterable<string>;
  readonly appendOutput: readonly AppendOutput[];
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

/** Compiles all that was collected; warnings are handed on, the first error is thrown as a LoadFailure. */
export class RuleCompiler {
  private readonly lists: Lists;
  private readonly macros = new Map<string, { readonly entry: MacroEntry; readonly parsed: ParsedText }>();
  private readonly resolved = new Map<string, Resolved | "running">();
  private readonly usedMacros = new Set<string>();
  private readonly owners = new Map<Node, Expanded>();
  private readonly operands = new Map<string, Operands>();

  constructor(
    private readonly collector: Collector,
    private readonly options: CompileOptions,
    private readonly warn: (diagnostic: Diagnostic) => void,
  ) {
    this.lists = new Lists(collector.lists.values());
  }

  run(): CompiledRule[] {
    for (const entry of this.collector.macros.values()) {
      const parsed = this.parse(entry.condition, entry.context, "macro condition");
      this.macros.set(entry.name, { entry, parsed });
    }
    for (const name of this.macros.keys()) this.macro(name);
    const rules: CompiledRule[] = [];
    for (const entry of this.collector.rules.values()) {
      if (entry.unknownSource) continue;
      const rule = this.rule(entry);
      if (rule !== null) rules.push(rule);
    }
    this.warnUnused();
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
    for (const { context } of this.lists.unused()) {
      this.warn(context.warning("LOAD_UNUSED_LIST", "List not referred to by any other rule/macro"));
    }
    for (const { entry } of this.macros.values()) {
      if (this.usedMacros.has(entry.name)) continue;
      this.warn(entry.context.warning("LOAD_UNUSED_MACRO", "Macro not referred to by any other rule/macro"));
    }
  }

  private parse(text: Text, context: Context, type: "macro condition" | "rule condition"): ParsedText {
    const parsed = parseText(text, this.lists);
    if ("node" in parsed) return parsed;
    const { error, expanded } = parsed;
    throw this.failure(context, type, expanded, error.index, error.message, this.listHint(text.value));
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
    type: "macro condition" | "rule condition",
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
    const { entry, parsed } = this.macros.get(name) as { entry: MacroEntry; parsed: ParsedText };
    if (known === "running") throw entry.context.error("LOAD_ERR_VALIDATE", `reference loop in macro '${name}'`);
    if (known !== undefined) return known;
    this.resolved.set(name, "running");
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
    type: "macro condition" | "rule condition",
    visible: (name: string) => MacroEntry | undefined,
  ): Resolved {
    try {
      return resolveMacros(node, (name) => {
        const entry = visible(name);
        if (entry === undefined) return undefined;
        this.usedMacros.add(name);
        return this.macro(entry.name);
      });
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      const { missing } = error;
      let hint: string | null = null;
      if (missing !== null) {
        if (this.macros.has(missing)) hint = `'${missing}' is defined further down: a macro sees only those before it`;
        else if (this.lists.has(missing)) hint = `'${missing}' is a list, not a macro`;
        else hint = suggest(missing, this.macros.keys());
      }
      const code = missing === null ? "LOAD_ERR_COMPILE_CONDITION" : "LOAD_ERR_VALIDATE";
      throw this.failure(context, type, expanded, error.node.range.start, error.message, hint, code);
    }
  }

  private operandsOf(source: string): Operands {
    let operands = this.operands.get(source);
    if (operands === undefined) {
      operands = new Operands(this.options.resolver, source);
      this.operands.set(source, operands);
    }
    return operands;
  }

  /** A rule, or null where skip-if-unknown-filter drops it. */
  private rule(entry: RuleEntry): CompiledRule | null {
    const { context, source } = entry;
    const parsed = this.parse(applyExceptions(entry.condition, entry.exceptions), context, "rule condition");
    const { node } = this.resolve(parsed, context, "rule condition", (name) => this.macros.get(name)?.entry);
    const tags = [...entry.tags].sort();
    if (!this.check(entry, node, parsed.expanded)) return null;
    const output = this.output(entry, tags);
    if (output === null) return null;
    let eventTypes: number[] | null = null;
    if (source === "syscall") {
      eventTypes = inferEventTypes(node, this.options.asyncNames);
      if (entry.warnEventTypes && eventTypes.length > MANY_EVENT_TYPES) {
        const message = "Rule matches too many evt.type values. This has a significant performance penalty.";
        this.warn(context.warning("LOAD_NO_EVTTYPE", message));
      }
    }
    const { name, desc, priority, enabled } = entry;
    return { name, desc, priority, source, tags, condition: node, eventTypes, ...output, enabled, entry };
  }

  private check(entry: RuleEntry, node: Node, expanded: Expanded): boolean {
    const { context } = entry;
    try {
      checkCondition(node, expanded, {
        operands: this.operandsOf(entry.source),
        source: entry.source,
        asyncNames: this.options.asyncNames,
        fieldNames: this.options.fieldNames,
        owners: this.owners,
        warn: ({ code, message, range }, owner) => {
          const place = owner.place(range.start);
          const inner = context.enter("rule condition", "", place.offset);
          this.warn(diagnose(inner, "warning", code, message, place, owner.file(range.start), null));
        },
      });
      return true;
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      const owner = error.owner ?? expanded;
      const failure = this.failure(context, "rule condition", owner, error.range.start, error.message, error.hint);
      if (!error.unknown || !entry.skipIfUnknown) throw failure;
      this.warn({ ...failure.diagnostic, severity: "warning", code: "LOAD_UNKNOWN_FILTER" });
      return false;
    }
  }

  /** The rule's template with what is appended to it; null where skip-if-unknown-filter drops the rule. */
  private output(entry: RuleEntry, tags: readonly string[]): Pick<Rule, "output" | "extraFields"> | null {
    const { context, source } = entry;
    const operands = this.operandsOf(source);
    let text = entry.output;
    for (const { extraOutput } of outputsFor({ name: entry.name, source, tags }, this.options.appendOutput)) {
      if (extraOutput === undefined || extraOutput === "") continue;
      text = text.append(Text.made(extraOutput, context.file, context.offset));
    }
    const place = text.place(0);
    const inner = context.enter("rule output", "", place.offset);
    const deprecated = deprecatedIn(text.value);
    if (deprecated !== null) this.warn(inner.warning("LOAD_DEPRECATED_ITEM", deprecatedMessage(deprecated)));
    let template = text.value.startsWith("*") ? text.value.slice(1) : text.value;
    if (template.includes("%container.info")) {
      const message =
        "'%container.info' is deprecated and no more useful, and will be dropped. The container plugin will automatically add required fields to the output message.";
      this.warn(inner.warning("LOAD_DEPRECATED_ITEM", message));
      template = template.replaceAll("%container.info", "");
    }
    try {
      readTemplate(template, operands);
      const extraFields = this.extraFields(entry, tags, operands);
      return extraFields.length === 0 ? { output: template } : { output: template, extraFields };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      // The index holds for a template that was not cut; where it was, the place is near enough.
      const shift = text.value.length === template.length + 1 ? 1 : 0;
      const exact = text.place(error.index + shift);
      const where = context.enter("rule output", "", exact.offset);
      const hint = error.unknown === null ? null : suggest(error.unknown.replace(/\[.*/, ""), this.options.fieldNames);
      const file = text.file(error.index);
      if (error.unknown !== null && entry.skipIfUnknown) {
        this.warn(diagnose(where, "warning", "LOAD_UNKNOWN_FILTER", error.message, exact, file, hint));
        return null;
      }
      throw new LoadFailure(diagnose(where, "error", "LOAD_ERR_COMPILE_OUTPUT", error.message, exact, file, hint));
    }
  }

  private extraFields(entry: RuleEntry, tags: readonly string[], operands: Operands): NonNullable<Rule["extraFields"]> {
    const { name, source } = entry;
    const fields = outputsFor({ name, source, tags }, this.options.appendOutput).flatMap(
      (each) => each.extraFields ?? [],
    );
    return fields.map((field) => {
      const template = field.template === null ? null : toBinary(field.template);
      readTemplate(template ?? `%${toBinary(field.name)}`, operands);
      return { name: field.name, template };
    });
  }
}
