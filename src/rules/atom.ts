// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import type { Extractor, Field, FieldResolver } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import type { CheckNode } from "./ast.js";
import { asciiLower } from "./operators.js";
import { type Comparison, constantTest, constantValue, type Value, valuesTest } from "./predicate.js";
import { fromText, type Term, termOf } from "./term.js";
import type { Search, TextTest } from "./text-tests.js";

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
  /** "exists", or an operator with the numbers to compare with, any of which will do; null: see test. */
  readonly simple: { readonly operator: string; readonly numbers: readonly number[] } | null;
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

/** The text that a field has on every event of a type, undefined where it depends on the event; null = absent. */
function knownText(field: Field, type: number): string | null | undefined {
  const info = EVENTS[type];
  if (info === undefined) return undefined;
  switch (field.base) {
    case "evt.type":
    case "syscall.type":
      // These carry their names in a parameter.
      if (type === EventType.GENERIC_E || type === EventType.GENERIC_X || type === EventType.ASYNCEVENT_E)
        return undefined;
      if (field.base === "syscall.type" && !info.categories.includes("EC_SYSCALL")) return undefined;
      return info.name;
    default:
      return undefined;
  }
}

/** Numbers of events start at 1, which settles the tests that rules use as "always" and "never". */
function foldEventNumber({ simple }: NumberAtom): boolean | null {
  if (simple === null) return null;
  const { operator, numbers } = simple;
  const below = (limit: number): boolean => numbers.every((number) => number < limit);
  switch (operator) {
    case "exists":
      return true;
    case "=":
      return below(1) ? false : null;
    case "!=":
    case ">":
      return below(1) ? true : null;
    case ">=":
      return below(2) ? true : null;
    case "<":
      return below(2) ? false : null;
    default:
      return below(1) ? false : null;
  }
}

/** What an atom is on every event of `type`, null where that depends on the event. */
export function foldAtom(atom: Atom, type: number): boolean | null {
  if (atom.kind === "number" && atom.field.base === "evt.num") return foldEventNumber(atom);
  if (atom.kind !== "bit" || type < 0) return null;
  const text = knownText(atom.field, type);
  return text === undefined ? null : text !== null && atom.test(text);
}

/** `exists`: whatever is there will do. */
const ALWAYS = (): boolean => true;

const SIMPLE = new Set(["=", "==", "!=", "<", "<=", ">", ">="]);
/** Larger sets are looked up, not compared one by one. */
const INLINE_SET = 4;

function simpleNumber(left: Term, { operator, modifier, constants }: Comparison): NumberAtom["simple"] {
  if (!left.plain || modifier !== null) return null;
  const numbers: number[] = [];
  for (const constant of constants) {
    const number = constantValue(constant, left, operator);
    if (typeof number !== "number") return null;
    numbers.push(number);
  }
  if (operator === "in" || operator === "intersects") {
    return numbers.length <= INLINE_SET ? { operator: "=", numbers } : null;
  }
  return SIMPLE.has(operator) ? { operator: operator === "==" ? "=" : operator, numbers } : null;
}

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

type Simple = Pick<TextTest, "exact" | "search">;

const NOT_SIMPLE: Simple = { exact: null, search: null };

/** The search that a glob is where it is one: stars at its ends alone. */
function globSearch(glob: string, fold: boolean): Search | null {
  const text = glob.replace(/^\*+|\*+$/g, "");
  if (/[*?[\\]/.test(text)) return null;
  return { text, atStart: !glob.startsWith("*"), atEnd: !glob.endsWith("*"), fold };
}

/** What a comparison of texts comes down to, where it is a comparison of the whole text or a search. */
function simpleText({ operator, modifier, constants }: Comparison): Simple {
  const any = modifier === "anyof";
  if (modifier !== null && !any) return NOT_SIMPLE;
  switch (operator) {
    case "!=":
      return any ? NOT_SIMPLE : { exact: { texts: constants, negated: true }, search: null };
    case "=":
    case "==":
    case "in":
    case "intersects":
      return { exact: { texts: constants, negated: false }, search: null };
    case "startswith":
    case "endswith":
    case "contains":
    case "icontains": {
      const fold = operator === "icontains";
      const atStart = operator === "startswith";
      const atEnd = operator === "endswith";
      return {
        exact: null,
        search: constants.map((text) => ({ text: fold ? asciiLower(text) : text, atStart, atEnd, fold })),
      };
    }
    case "glob":
    case "iglob": {
      const fold = operator === "iglob";
      const search: Search[] = [];
      for (const constant of constants) {
        const one = globSearch(fold ? asciiLower(constant) : constant, fold);
        if (one === null) return NOT_SIMPLE;
        search.push(one);
      }
      return { exact: null, search };
    }
    default:
      return NOT_SIMPLE;
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
