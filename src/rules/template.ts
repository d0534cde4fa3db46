// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver } from "../fields/field.js";
import type { TransformNode } from "./ast.js";
import { fieldText, OperandError, Operands } from "./operand.js";
import { parseCondition } from "./parse.js";

/** A piece of an output template. Texts are binary strings. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "field";
      readonly field: Field;
      /** The value is padded with blanks or cut to this many characters; 0 = as it is. */
      readonly width: number;
    }
  | {
      readonly kind: "transform";
      /** As it is written, without the percent sign. */
      readonly text: string;
      readonly node: TransformNode;
      /** The fields inside, in order. */
      readonly fields: readonly Field[];
      readonly width: number;
    };

/** Why a template is not valid; the index is in its text. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";

  constructor(
    message: string,
    readonly index: number,
    /** The field that does not exist; null for other failures. */
    readonly unknown: string | null = null,
  ) {
    super(message);
  }
}

const TRANSFORM = /^(?:tolower|toupper|b64|basename|len|join|concat|getopt)\(/;
const NAME = /^[a-zA-Z0-9_.]*/;

/**
 * Reads an output template: text with `%field`, `%field[argument]`, `%toupper(field)` and `%20field` in it.
 * @param text a binary string, without the leading `*`
 * @throws TemplateError
 */
export function parseTemplate(text: string, resolver: FieldResolver, source: string): Segment[] {
  return readTemplate(text, new Operands(resolver, source));
}

/** As parseTemplate, with fields that are looked up already. */
export function readTemplate(text: string, operands: Operands): Segment[] {
  if (text === "") throw new TemplateError("empty formatting token", 0);
  const segments: Segment[] = [];
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf("%", at);
    const end = percent < 0 ? text.length : percent;
    if (end > at) segments.push({ kind: "literal", text: text.slice(at, end) });
    if (percent < 0) break;
    const digits = /^[0-9]*/.exec(text.slice(percent + 1))?.[0] ?? "";
    const from = percent + 1 + digits.length;
    if (from === text.length) {
      const what = digits === "" ? "a %" : "a number";
      throw new TemplateError(`invalid formatting syntax: formatting cannot end with ${what}`, percent);
    }
    const rest = text.slice(from);
    const width = Number(digits);
    const found = TRANSFORM.test(rest) ? readTransform(rest, from, operands) : readField(rest, from, operands);
    segments.push({ ...found.segment, width });
    at = from + found.length;
  }
  return segments;
}

interface Found {
  readonly segment: Exclude<Segment, { kind: "literal" }>;
  readonly length: number;
}

/** The bracket behind a name, with its text unquoted; null where there is none. */
function bracket(rest: string): { readonly length: number; readonly arg: string } | null {
  if (!rest.startsWith("[")) return null;
  const quoted = /^\[("|')(.*?)\1\]/.exec(rest);
  if (quoted !== null) return { length: quoted[0].length, arg: quoted[2] as string };
  const end = rest.indexOf("]");
  return end < 0 ? null : { length: end + 1, arg: rest.slice(1, end) };
}

/** The longest field that the text begins with. */
function readField(rest: string, index: number, operands: Operands): Found {
  const name = NAME.exec(rest)?.[0] ?? "";
  const brackets = bracket(rest.slice(name.length));
  let problem: string | null = null;
  if (brackets !== null && name !== "") {
    const field = operands.find(`${name}[${brackets.arg}]`);
    if (!("error" in field)) return display(field, name.length + brackets.length, index);
    problem = field.error;
  }
  for (let length = name.length; length > 0; length--) {
    const field = operands.find(name.slice(0, length));
    if (!("error" in field)) return display(field, length, index);
  }
  const shown = brackets === null ? name : `${name}[${brackets.arg}]`;
  // A bad argument of a field that exists is no unknown field.
  const unknown = problem === null || problem.includes("nonexistent");
  if (!unknown) throw new TemplateError(problem as string, index);
  throw new TemplateError(`unknown filter: ${shown === "" ? rest.slice(0, 1) : shown}`, index, shown);
}

function display(field: Field, length: number, index: number): Found {
  if (field.filterOnly) {
    const message = `${field.name} is filter only and cannot be used as a display field`;
    throw new TemplateError(message, index);
  }
  return { segment: { kind: "field", field, width: 0 }, length };
}

/** Where the call that the text begins with ends, its brackets included; -1 = it does not. */
function callEnd(rest: string): number {
  let depth = 0;
  for (let i = 0; i < rest.length; i++) {
    const c = rest.charAt(i);
    if (c === '"' || c === "'") {
      do i = rest.indexOf(c, i + 1);
      while (i > 0 && rest.charAt(i - 1) === "\\");
      if (i < 0) return -1;
    } else if (c === "(") depth++;
    else if (c === ")" && --depth === 0) return i + 1 + (bracket(rest.slice(i + 1))?.length ?? 0);
  }
  return -1;
}

function readTransform(rest: string, index: number, operands: Operands): Found {
  const end = callEnd(rest);
  const text = end < 0 ? rest : rest.slice(0, end);
  try {
    const check = parseCondition(`${text} exists`);
    if (check.kind !== "check" || check.left.kind !== "transform")
      throw new TemplateError("expected a transformer", index);
    operands.of(check.left);
    const fields: Field[] = [];
    collectFields(check.left, operands, fields);
    return { segment: { kind: "transform", text, node: check.left, fields, width: 0 }, length: text.length };
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    if (error instanceof OperandError) throw new TemplateError(error.message, index, error.unknown);
    throw new TemplateError(error instanceof Error ? error.message : String(error), index);
  }
}

function collectFields(node: TransformNode, operands: Operands, fields: Field[]): void {
  for (const arg of node.args) {
    for (const part of arg.kind === "list" ? arg.items : [arg]) {
      if (part.kind === "transform") collectFields(part, operands, fields);
      if (part.kind !== "field") continue;
      const field = operands.find(fieldText(part));
      if (!("error" in field)) fields.push(field);
    }
  }
}
