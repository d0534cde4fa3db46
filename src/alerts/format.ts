// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver, FieldValue } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import { termOf } from "../rules/term.js";
import { fieldOf, type Part } from "./output-plan.js";

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
    parts: readonly Part[],
    private readonly set: FieldSet,
    resolver: FieldResolver,
    source: string,
  ) {
    this.pieces = parts.map((part) => this.piece(part, resolver, source));
  }

  /** The text for the view's event, as a binary string. */
  text(e: EventView, values: readonly FieldValue[]): string {
    let text = "";
    for (const piece of this.pieces) text += piece(e, values);
    return text;
  }

  private piece(part: Part, resolver: FieldResolver, source: string): Piece {
    if (part.kind === "literal") {
      const { text } = part;
      return () => text;
    }
    const { width } = part;
    if (part.kind === "field") {
      const place = this.set.add(fieldOf(part.name, resolver, source));
      return (_e, values) => fitted(values[place].text ?? NA, width);
    }
    // Shown by its own text alone; in the typed fields stand the fields inside.
    for (const name of part.fields) this.set.add(fieldOf(name, resolver, source));
    const term = termOf(part.node, resolver, source);
    return (e) => fitted(printed(term.get(e)), width);
  }
}
