// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver, FieldValue } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import { parseTemplate, type Segment } from "../rules/template.js";
import { termOf } from "../rules/term.js";

/** What a value that an event does not have is printed as. */
const NA = "<NA>";

/** A piece of a template, ready to print: returns a binary string. */
type Piece = (e: EventView, values: readonly FieldValue[]) => string;

/**
 * The fields of one output, each once. Their values are asked for once an event, whether the text, the typed fields or
 * both show them.
 */
export class FieldSet {
  readonly fields: Field[] = [];
  private readonly places = new Map<string, number>();
  private readonly held: FieldValue[] = [];

  /** Adds a field; returns its place in what `values` gives. */
  add(field: Field): number {
    const known = this.places.get(field.name);
    if (known !== undefined) return known;
    const place = this.fields.length;
    this.fields.push(field);
    this.places.set(field.name, place);
    return place;
  }

  /** The values for the view's event; valid until the next call. */
  values(e: EventView): readonly FieldValue[] {
    for (let i = 0; i < this.fields.length; i++) this.held[i] = this.fields[i].value(e);
    return this.held;
  }
}

function fitted(text: string, width: number): string {
  if (width === 0) return text;
  return text.length > width ? text.slice(0, width) : text.padEnd(width);
}

function printed(value: unknown): string {
  if (value === null) return NA;
  return Array.isArray(value) ? `(${value.join(",")})` : String(value);
}

/** A template bound to the field set of its output. */
export class Template {
  private readonly pieces: Piece[];

  constructor(
    segments: readonly Segment[],
    private readonly set: FieldSet,
    resolver: FieldResolver,
    source: string,
  ) {
    this.pieces = segments.map((segment) => this.piece(segment, resolver, source));
  }

  /** The text for the view's event, as a binary string. */
  text(e: EventView, values: readonly FieldValue[]): string {
    let text = "";
    for (const piece of this.pieces) text += piece(e, values);
    return text;
  }

  private piece(segment: Segment, resolver: FieldResolver, source: string): Piece {
    if (segment.kind === "literal") {
      const { text } = segment;
      return () => text;
    }
    const { width } = segment;
    if (segment.kind === "field") {
      const place = this.set.add(segment.field);
      return (_e, values) => fitted(values[place].text ?? NA, width);
    }
    // Shown by its own text alone; in the typed fields stand the fields inside.
    for (const field of segment.fields) this.set.add(field);
    const term = termOf(segment.node, resolver, source);
    return (e) => fitted(printed(term.get(e)), width);
  }
}

/** A field by its name. Rules were checked when they were loaded, so a name that does not resolve is a mistake of ours. */
export function fieldOf(name: string, resolver: FieldResolver, source: string): Field {
  const field = resolver(name, source);
  if ("error" in field) throw new Error(field.error);
  return field;
}

/** Parses a template and binds it to a field set. */
export function templateOf(text: string, set: FieldSet, resolver: FieldResolver, source: string): Template {
  // An output may be empty: it is then all prefix.
  return new Template(text === "" ? [] : parseTemplate(text, resolver, source), set, resolver, source);
}
