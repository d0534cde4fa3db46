// SPDX-License-Identifier: Apache-2.0

import type { Extractor, Field, FieldResolver } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import type { CheckNode } from "./ast.js";
import { type Comparison, constantTest, type Value, valuesTest } from "./predicate.js";
import { NOT_SIMPLE, type SimpleNumber, simpleNumber, simpleText } from "./simple.js";
import { fromText, type Term, termOf } from "./term.js";
import type { TextTest } from "./text-tests.js";

/*
 * An atom is one check of a condition in the form in which generated code evaluates it. Identical checks are one atom.
 *
 *   bit       a pure test of a keyed field's text: a bit of the field's memo
 *   number    a test of a number, compared in place where the operator is simple
 *   bool      which of true and false hold
 *   value     a test of a value that cannot be remembered
 *   computed  a test of the event that reads several fields
 */

export interface BitAtom extends TextTest {
  readonly kind: "bit";
  readonly id: number;
  readonly field: Field;
}

export interface NumberAtom {
  readonly kind: "number";
  readonly id: number;
  readonly field: Field;
  /** null: see test. */
  readonly simple: SimpleNumber | null;
  readonly test: (value: number) => boolean;
}

export interface BoolAtom {
  readonly kind: "bool";
  readonly id: number;
  readonly field: Field;
  readonly ifTrue: boolean;
  readonly ifFalse: boolean;
}

export interface ValueAtom {
  readonly kind: "value";
  readonly id: number;
  readonly field: Field;
  /** Takes what the extractor gives, absent values too. */
  readonly test: (value: never) => boolean;
}

export interface ComputedAtom {
  readonly kind: "computed";
  readonly id: number;
  readonly fields: readonly Field[];
  readonly test: (e: EventView) => boolean;
}

export type Atom = BitAtom | NumberAtom | BoolAtom | ValueAtom | ComputedAtom;

/** The fields an atom reads. */
export function atomFields(atom: Atom): readonly Field[] {
  return atom.kind === "computed" ? atom.fields : [atom.field];
}

function isKeyed(extract: Extractor): boolean {
  return extract.shape === "keyed" || extract.shape === "each";
}

/** Whether an event without a value of the field passes: where the field says that absence equals a text compared with. */
function satisfiedByAbsence({ absentEquals }: Field, { operator, modifier, constants }: Comparison): boolean {
  if (absentEquals === undefined || modifier === "allof") return false;
  return (operator === "=" || operator === "==" || operator === "in") && constants.includes(absentEquals);
}

/** `exists`: whatever is there will do. */
const ALWAYS = (): boolean => true;

function numberAtom(
  id: number,
  field: Field,
  left: Term,
  test: (value: Value) => boolean,
  comparison: Comparison | null,
): NumberAtom {
  const exists = test === ALWAYS ? { operator: "exists", numbers: [] } : null;
  return {
    kind: "number",
    id,
    field,
    simple: comparison === null ? exists : simpleNumber(left, comparison),
    test: (value) => !Number.isNaN(value) && test(left.family === "bool" && left.plain ? value !== 0 : value),
  };
}

/** Atoms of one source's conditions. */
export class Atoms {
  readonly all: Atom[] = [];
  private readonly byKey = new Map<string, Atom>();
  private readonly terms = new Map<string, Term>();
  private readonly resolver: FieldResolver;

  constructor(
    resolver: FieldResolver,
    private readonly source: string,
  ) {
    const fields = new Map<string, ReturnType<FieldResolver>>();
    this.resolver = (text) => {
      let field = fields.get(text);
      if (field === undefined) {
        field = resolver(text, source);
        fields.set(text, field);
      }
      return field;
    };
  }

  /** The atom of a check. Throws where the condition was not checked before and is bad. */
  of(check: CheckNode): Atom {
    const left = this.term(check.left);
    const right = check.right;
    if (check.operator === "exists" || right === null) return this.pure(left, "exists", ALWAYS, null);
    if (right.kind === "field" || right.kind === "transform")
      return this.twoSided(left, check.operator, this.term(right));
    const constants =
      right.kind === "constant"
        ? [right.text]
        : right.kind === "identifier"
          ? [right.name]
          : right.items.map((item) => {
              if (item.kind !== "constant") throw new Error("a list on the right holds constants only");
              return item.text;
            });
    const comparison: Comparison = { operator: check.operator, modifier: check.modifier, constants };
    return this.pure(left, JSON.stringify(comparison), constantTest(left, comparison), comparison);
  }

  private term(node: CheckNode["left"]): Term {
    const term = termOf(node, this.resolver, this.source);
    const known = this.terms.get(term.key);
    if (known !== undefined) return known;
    this.terms.set(term.key, term);
    return term;
  }

  private add(key: string, make: (id: number) => Atom): Atom {
    let atom = this.byKey.get(key);
    if (atom === undefined) {
      atom = make(this.all.length);
      this.all.push(atom);
      this.byKey.set(key, atom);
    }
    return atom;
  }

  /** A test of one term. */
  private pure(left: Term, key: string, test: (value: Value) => boolean, comparison: Comparison | null): Atom {
    const field = left.field;
    const name = `${left.key} ${key}`;
    if (field === null) {
      return this.add(name, (id) => ({
        kind: "computed",
        id,
        fields: left.fields,
        test: (e) => {
          const value = left.get(e);
          return value !== null && test(value);
        },
      }));
    }
    if (left.plain && comparison !== null && satisfiedByAbsence(field, comparison)) {
      return this.add(name, (id) => ({
        kind: "computed",
        id,
        fields: left.fields,
        test: (e) => {
          const value = left.get(e);
          return value === null || test(value);
        },
      }));
    }
    const mapped = left.plain
      ? test
      : (value: Value): boolean => {
          const result = left.map(value);
          return result !== null && test(result);
        };
    if (isKeyed(field.extract)) return this.add(name, (id) => bitAtom(id, field, mapped, left, comparison));
    switch (field.extract.shape) {
      case "number":
        return this.add(name, (id) => numberAtom(id, field, left, mapped, comparison));
      case "bool":
        return this.add(name, (id) => ({ kind: "bool", id, field, ifTrue: mapped(true), ifFalse: mapped(false) }));
      default:
        return this.add(name, (id) => ({
          kind: "value",
          id,
          field,
          test: (value: Value | null | undefined) => value !== null && value !== undefined && mapped(value),
        }));
    }
  }

  /** A comparison of two terms. */
  private twoSided(left: Term, operator: string, right: Term): Atom {
    const compare = valuesTest(left, operator);
    const key = `${operator} ${right.key}`;
    // Against constants, or the same field twice: still a pure function of one value.
    if (left.field !== null && (right.fields.length === 0 || right.field === left.field)) {
      const whole: Term = { ...left, plain: true };
      return this.pure(
        whole,
        key,
        (value) => {
          const a = left.map(value);
          const b = right.map(value);
          return a !== null && b !== null && compare(a, b);
        },
        null,
      );
    }
    return this.add(`${left.key} ${key}`, (id) => ({
      kind: "computed",
      id,
      fields: [...new Set([...left.fields, ...right.fields])],
      test: (e) => {
        const a = left.get(e);
        if (a === null) return false;
        const b = right.get(e);
        return b !== null && compare(a, b);
      },
    }));
  }
}

function bitAtom(
  id: number,
  field: Field,
  test: (value: Value) => boolean,
  left: Term,
  comparison: Comparison | null,
): BitAtom {
  let simple = NOT_SIMPLE;
  if (test === ALWAYS) simple = { exact: { texts: [], negated: true }, search: null };
  else if (comparison !== null && left.plain && left.family === "string" && !left.list && left.address === null) {
    simple = simpleText(comparison);
  }
  return { kind: "bit", id, field, ...simple, test: (text) => test(fromText(field, text)) };
}
