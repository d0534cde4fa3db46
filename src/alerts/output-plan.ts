// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver } from "../fields/field.js";
import type { TransformNode } from "../rules/ast.js";
import type { RuleSet } from "../rules/ruleset.js";
import { parseTemplate, type Segment } from "../rules/template.js";
import type { EncoderOptions } from "./options.js";

/** A piece of a template as plain data; texts are binary strings. */
export type Part =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "field"; readonly name: string; readonly width: number }
  | {
      readonly kind: "transform";
      readonly node: TransformNode;
      /** The fields inside. */
      readonly fields: readonly string[];
      readonly width: number;
    };

/** A member of output_fields besides the fields of the output: a field by its name (parts null), or a text. */
export interface ExtraPart {
  readonly name: string;
  readonly parts: readonly Part[] | null;
}

/** Templates parsed, as plain data: made once, in main, and sent to the workers, which then need no parser. */
export interface OutputPlan {
  /** By rule; for templates of `read` one for all. */
  readonly templates: readonly (readonly Part[])[];
  /** By rule. */
  readonly extras: readonly (readonly ExtraPart[])[];
}

function partOf(segment: Segment): Part {
  switch (segment.kind) {
    case "literal":
      return segment;
    case "field":
      return { kind: "field", name: segment.field.name, width: segment.width };
    case "transform":
      return {
        kind: "transform",
        node: segment.node,
        fields: segment.fields.map((field) => field.name),
        width: segment.width,
      };
  }
}

function parse(template: string, resolver: FieldResolver, source: string): readonly Part[] {
  // An output may be empty: it is then all prefix.
  return template === "" ? [] : parseTemplate(template, resolver, source).map(partOf);
}

export function planOutputs(options: EncoderOptions, ruleSet: RuleSet, resolver: FieldResolver): OutputPlan {
  switch (options.kind) {
    case "json":
    case "text":
      return {
        templates: ruleSet.rules.map((rule) => parse(rule.output, resolver, rule.source)),
        extras: ruleSet.rules.map((rule) =>
          (rule.extraFields ?? []).map(({ name, template }) => ({
            name,
            parts: template === null ? null : parse(template, resolver, rule.source),
          })),
        ),
      };
    case "read": {
      const binary = Buffer.from(options.template.replace(/^\*/, "")).toString("latin1");
      return { templates: [parse(binary, resolver, "syscall")], extras: [] };
    }
    default:
      return { templates: [], extras: [] };
  }
}

/** A field by its name. All names were checked when they were loaded: one that does not resolve is a mistake of ours. */
export function fieldOf(name: string, resolver: FieldResolver, source: string): Field {
  const field = resolver(name, source);
  if ("error" in field) throw new Error(field.error);
  return field;
}

function namesOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.kind === "literal" ? [] : part.kind === "field" ? [part.name] : part.fields));
}

/** The fields that the encoder reads for each rule: what the reader must decode for outputs. */
export function outputFields(
  plan: OutputPlan,
  options: EncoderOptions,
  ruleSet: RuleSet,
  resolver: FieldResolver,
): (readonly Field[])[] {
  return ruleSet.rules.map((rule) => {
    const names = new Set<string>();
    if (options.kind === "read-fields" || options.kind === "read-json") {
      for (const name of options.fields) names.add(name);
    } else {
      for (const name of namesOf(plan.templates[options.kind === "read" ? 0 : rule.index])) names.add(name);
      for (const extra of plan.extras[rule.index] ?? []) {
        for (const name of extra.parts === null ? [extra.name] : namesOf(extra.parts)) names.add(name);
      }
    }
    return [...names].map((name) => fieldOf(name, resolver, rule.source));
  });
}
