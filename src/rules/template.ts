// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver } from "../fields/field.js";
import type { TransformNode } from "./ast.js";
import { fieldText, OperandError, Operands } from "./operand.js";
import { readTransform, startsTransform, TransformTextError } from "./transform-text.js";

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

const NAME = /^[a-zA-Z0-9_.]*/;

/**
 * Reads an output template: text with `%field`, `%field[argument]`, `%toupper(field)` and `%20field` in it.
 * @param text a binary string, without the leading `*`
 * @throws TemplateError
 */
export function parseTemplate(text: string, resolver: FieldResolver, source: string): Segment[] {
  return readTemplate(text, new Operands(resolver, source));
}

/**
 * As parseTemplate, with fields that are looked up already.
 * @param fail takes what is wrong, and the reading goes on behind it; by default it throws
 */
export function readTemplate(text: string, operands: Operands, fail = raise): Segment[] {
  const segments: Segment[] = [];
  if (text === "") fail(new TemplateError("empty formatting token", 0));
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
      fail(new TemplateError(`invalid formatting syntax: formatting cannot end with ${what}`, percent));
      break;
    }
    const rest = text.slice(from);
    const width = Number(digits);
    try {
      const found = startsTransform(text, from) ? readCall(text, from, operands) : readField(rest, from, operands);
      segments.push({ ...found.segment, width });
      at = from + found.length;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      fail(error);
      at = from;
    }
  }
  return segments;
}

function raise(error: TemplateError): void {
  throw error;
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
  const refused = (error: string): void => {
    if (!error.includes("nonexistent")) problem ??= error;
  };
  if (brackets !== null && name !== "") {
    const field = operands.find(`${name}[${brackets.arg}]`);
    if (!("error" in field)) return display(field, name.length + brackets.length, index);
    refused(field.error);
  }
  for (let length = name.length; length > 0; length--) {
    const field = operands.find(name.slice(0, length));
    if (!("error" in field)) return display(field, length, index);
    refused(field.error);
  }
  // A bad argument of a field that exists is no unknown field.
  if (problem !== null) throw new TemplateError(problem, index);
  const shown = brackets === null ? name : `${name}[${brackets.arg}]`;
  throw new TemplateError(`unknown filter: ${shown === "" ? rest.slice(0, 1) : shown}`, index, shown);
}

function display(field: Field, length: number, index: number): Found {
  if (field.filterOnly) {
    const message = `${field.name} is filter only and cannot be used as a display field`;
    throw new TemplateError(message, index);
  }
  return { segment: { kind: "field", field, width: 0 }, length };
}

function readCall(text: string, index: number, operands: Operands): Found {
  try {
    const node = readTransform(text, index);
    operands.of(node);
    const fields: Field[] = [];
    collectFields(node, operands, fields);
    const { end } = node.range;
    return {
      segment: { kind: "transform", text: text.slice(index, end), node, fields, width: 0 },
      length: end - index,
    };
  } catch (error) {
    if (error instanceof TransformTextError) throw new TemplateError(error.message, error.index);
    if (error instanceof OperandError) throw new TemplateError(error.message, index, error.unknown);
    throw error;
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
