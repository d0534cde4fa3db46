// SPDX-License-Identifier: Apache-2.0

import type { Atom, BoolAtom, NumberAtom } from "./atom.js";
import type { PlanNode } from "./plan.js";
import type { Slots } from "./slots.js";

/*
 * Condition -> text of a JavaScript expression. The text is made of these names, of operators and of numbers; nothing of
 * a rule gets into it.
 *
 *   e          the event view
 *   xN         extractor of field N          bN      its buffer of keys, where it has several values
 *   fN_W       word W of field N's memo: fN_W(e, key)
 *   pN cN      test of a value, of the event (N: atom)
 *   sN         a part of a condition that was moved to a function of its own
 *   kN wN_W    the field's key, a word of its memo      (local, fetched when first needed)
 *   vN hN      the field's value, whether it was fetched
 *   qN         whether a shared beginning of conditions holds (prefix.ts)
 *   aN         result of pN or cN that is wanted more than once: 0 unknown, 1 true, 2 false
 */

/** Tests of bits of one word: holds where (word & mask) === value, or where it does not. */
interface BitsNode {
  readonly kind: "bits";
  readonly field: number;
  readonly word: number;
  readonly mask: number;
  readonly value: number;
  readonly negated: boolean;
}

/** A condition ready to be written. */
export type CodeNode =
  | BitsNode
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "atom"; readonly atom: Exclude<Atom, { kind: "bit" }> }
  | { readonly kind: "not"; readonly child: CodeNode }
  | { readonly kind: "and" | "or"; readonly children: readonly CodeNode[] }
  /** Function sN, made by the splitter. */
  | { readonly kind: "call"; readonly index: number };

function bits(slots: Slots, node: PlanNode): BitsNode | null {
  if (node.kind === "not") {
    const child = bits(slots, node.child);
    return child === null ? null : { ...child, negated: !child.negated };
  }
  if (node.kind !== "atom" || node.atom.kind !== "bit") return null;
  const { field, word, bit } = slots.of(node.atom);
  return { kind: "bits", field, word, mask: 1 << bit, value: 1 << bit, negated: false };
}

/** Tests of one word within one conjunction or disjunction become one, at the place of the first. */
function mergeBits(kind: "and" | "or", all: readonly BitsNode[]): CodeNode {
  const first = all[0] as BitsNode;
  if (all.length === 1) return first;
  let positive = 0;
  let negative = 0;
  for (const { mask, negated } of all) {
    if (negated) negative |= mask;
    else positive |= mask;
  }
  if ((positive & negative) !== 0) return { kind: "constant", value: kind === "or" };
  // All hold: positive ones are set, negative ones clear. None holds: the other way round.
  return kind === "and"
    ? { ...first, mask: positive | negative, value: positive, negated: false }
    : { ...first, mask: positive | negative, value: negative, negated: true };
}

/** Turns a planned condition into one that can be written. */
export function codeNode(slots: Slots, node: PlanNode): CodeNode {
  const single = bits(slots, node);
  if (single !== null) return single;
  switch (node.kind) {
    case "constant":
      return node;
    case "atom":
      return { kind: "atom", atom: node.atom as Exclude<Atom, { kind: "bit" }> };
    case "not":
      return { kind: "not", child: codeNode(slots, node.child) };
    default: {
      const children: CodeNode[] = [];
      const groups = new Map<string, { at: number; all: BitsNode[] }>();
      for (const each of node.children) {
        const test = bits(slots, each);
        if (test === null) {
          children.push(codeNode(slots, each));
          continue;
        }
        const key = `${test.field}.${test.word}`;
        const group = groups.get(key);
        if (group !== undefined) group.all.push(test);
        else groups.set(key, { at: children.push(test) - 1, all: [test] });
      }
      for (const { at, all } of groups.values()) children[at] = mergeBits(node.kind, all);
      return children.length === 1 ? (children[0] as CodeNode) : { kind: node.kind, children };
    }
  }
}

/** Upper bound of the characters that a node takes, declarations of its variables included. */
export function codeSize(node: CodeNode): number {
  switch (node.kind) {
    case "bits": {
      const word = 1 + digits(node.field) + 1 + digits(node.word);
      const name = 1 + digits(node.field);
      // ((w||(w=f(e,k<-1?k=x.keys(e,b):k)))&mask)===value), w=0,k=-2,
      return 4 * word + 7 * name + 45 + digits(node.mask) + digits(node.value);
    }
    case "atom": {
      const { atom } = node;
      const constants = atom.kind === "number" && atom.simple !== null ? atom.simple.numbers : [];
      return 110 + constants.reduce((size, number) => size + 12 + String(number).length, 0);
    }
    case "not":
      return 1 + codeSize(node.child);
    case "and":
    case "or": {
      let size = 2;
      for (const child of node.children) size += 2 + codeSize(child);
      return size;
    }
    default:
      return 12;
  }
}

function digits(number: number): number {
  return number < 10 ? 1 : number < 100 ? 2 : number < 1000 ? 3 : 10;
}

/** One function being written: its expressions, and the variables they use. */
export class Emitter {
  private readonly locals = new Map<string, string>();
  private readonly uses = new Map<string, number>();

  constructor(private readonly slots: Slots) {}

  /** Declares what `nodes` will use; before any of them is written. */
  count(node: CodeNode): void {
    const use = (name: string): void => {
      this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
    };
    if (node.kind === "bits") {
      use(`w${node.field}_${node.word}`);
      if (this.uses.get(`w${node.field}_${node.word}`) === 1) use(`k${node.field}`);
    } else if (node.kind === "atom") {
      use(`a${node.atom.id}`);
    } else if (node.kind === "not") {
      this.count(node.child);
    } else if (node.kind === "and" || node.kind === "or") {
      for (const child of node.children) this.count(child);
    }
  }

  /** The statement that declares the variables of all that was written. */
  declarations(): string {
    if (this.locals.size === 0) return "";
    return `let ${[...this.locals].map(([name, initial]) => `${name}=${initial}`).join(",")};`;
  }

  /** Declares a variable. */
  local(name: string, initial: string): string {
    this.locals.set(name, initial);
    return name;
  }

  private shared(name: string): boolean {
    return (this.uses.get(name) ?? 0) > 1;
  }

  /** A JavaScript expression, truthy where the node holds. */
  write(node: CodeNode): string {
    switch (node.kind) {
      case "constant":
        return node.value ? "true" : "false";
      case "call":
        return `s${node.index}(e)`;
      case "not":
        return `!${this.write(node.child)}`;
      case "and":
        return `(${node.children.map((child) => this.write(child)).join("&&")})`;
      case "or":
        return `(${node.children.map((child) => this.write(child)).join("||")})`;
      case "bits":
        return this.bits(node);
      case "atom":
        return this.atom(node.atom);
    }
  }

  private word(field: number, word: number): string {
    const many = this.slots.fields[field]?.extract.shape === "each";
    const fetch = many ? `x${field}.keys(e,b${field})` : `x${field}.key(e)`;
    let key = fetch;
    if (this.shared(`k${field}`)) {
      const k = this.local(`k${field}`, "-2");
      key = `${k}<-1?${k}=${fetch}:${k}`;
    }
    const call = `f${field}_${word}(e,${key})`;
    if (!this.shared(`w${field}_${word}`)) return call;
    const w = this.local(`w${field}_${word}`, "0");
    return `(${w}||(${w}=${call}))`;
  }

  private bits({ field, word, mask, value, negated }: BitsNode): string {
    const masked = `${this.word(field, word)}&${mask}`;
    const one = (mask & (mask - 1)) === 0;
    if (value === 0 || (one && value === mask)) {
      // Set means: differs from 0.
      const ifSet = (value !== 0) !== negated;
      return ifSet ? `(${masked})` : `!(${masked})`;
    }
    return `((${masked})${negated ? "!==" : "==="}${value})`;
  }

  private atom(atom: Exclude<Atom, { kind: "bit" }>): string {
    if (atom.kind === "bool") return this.bool(atom);
    if (atom.kind === "number" && atom.simple !== null) return this.number(atom, atom.simple);
    const call =
      atom.kind === "computed"
        ? `c${atom.id}(e)`
        : `p${atom.id}(${this.value(this.slots.indexOf(atom.field), atom.kind)})`;
    if (!this.shared(`a${atom.id}`)) return call;
    const a = this.local(`a${atom.id}`, "0");
    return `((${a}||(${a}=${call}?1:2))===1)`;
  }

  private value(field: number, kind: "value" | "number"): string {
    const v = this.local(`v${field}`, kind === "number" ? "0" : "null");
    const h = this.local(`h${field}`, "false");
    return `(${h}?${v}:(${h}=true,${v}=x${field}.get(e)))`;
  }

  private bool({ field, ifTrue, ifFalse }: BoolAtom): string {
    if (!ifTrue && !ifFalse) return "false";
    const index = this.slots.indexOf(field);
    const v = this.local(`v${index}`, "-2");
    const value = `(${v}<-1?${v}=x${index}.get(e):${v})`;
    return ifTrue && ifFalse ? `(${value}>=0)` : `(${value}===${ifTrue ? 1 : 0})`;
  }

  private number(atom: NumberAtom, simple: NonNullable<NumberAtom["simple"]>): string {
    const index = this.slots.indexOf(atom.field);
    const value = this.value(index, "number");
    const v = `v${index}`;
    const { operator, numbers } = simple;
    // NaN, "absent", differs from everything and from itself.
    if (operator === "exists") return `(${value}===${v})`;
    if (operator === "!=") return `(${value}!==${numbers[0]}&&${v}===${v})`;
    if (operator !== "=") return `(${value}${operator}${numbers[0]})`;
    if (numbers.length === 0) return "false";
    return `(${numbers.map((number, i) => `${i === 0 ? value : v}===${number}`).join("||")})`;
  }
}
