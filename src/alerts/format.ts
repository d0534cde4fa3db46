// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver, FieldValue } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import { termOf } from "../rules/term.js";
import { fieldOf, type Part } from "./output-plan.js";

/** What a value that an event does not have is printed as. */
const NA = "<NA>";

/** A piece of a template, ready to print. */
interface Piece {
  /** Blanks pad the text to this many characters, or it is cut; 0 = as it is. */
  readonly width: number;
  /** A binary string; null = the event has no such value. */
  readonly text: (e: EventView, values: readonly FieldValue[]) => string | null;
}

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

function printed(value: unknown): string | null {
  if (value === null) return null;
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

  /** Whether the text that `strictText` gave last is all of it. */
  complete = true;

  /** The text for the view's event, as a binary string; `<NA>` for what it does not have. */
  text(e: EventView, values: readonly FieldValue[]): string {
    let text = "";
    for (const piece of this.pieces) text += fitted(piece.text(e, values) ?? NA, piece.width);
    return text;
  }

  /** As `text`, but only up to the first value that the event does not have: see `complete`. */
  strictText(e: EventView, values: readonly FieldValue[]): string {
    let text = "";
    this.complete = true;
    for (const piece of this.pieces) {
      const part = piece.text(e, values);
      if (part === null) {
        this.complete = false;
        return text;
      }
      text += fitted(part, piece.width);
    }
    return text;
  }

  private piece(part: Part, resolver: FieldResolver, source: string): Piece {
    if (part.kind === "literal") {
      const { text } = part;
      return { width: 0, text: () => text };
    }
    const { width } = part;
    if (part.kind === "field") {
      const place = this.set.add(fieldOf(part.name, resolver, source));
      return { width, text: (_e, values) => values[place].text };
    }
    // Shown by its own text alone; in the typed fields stand the fields inside.
    for (const name of part.fields) this.set.add(fieldOf(name, resolver, source));
    const term = termOf(part.node, resolver, source);
    return { width, text: (e) => printed(term.get(e)) };
  }
}
