// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import type { Atom } from "./atom.js";
import { anyWordFunction, type WordFunction, wordFunction } from "./fetch.js";
import { compileSource, FUNCTION_CHARS, generateType, type Names, type TypeFunction } from "./generate.js";
import type { Matcher } from "./matcher.js";
import { DenseMemo, SparseMemo } from "./memo.js";
import { planRules } from "./plan.js";
import type { RuleSet } from "./ruleset.js";
import { Slots } from "./slots.js";

export interface MatcherOptions {
  /** Strings that the dictionary can hold. Dense memos remember keys up to four times that: some hold two bits beside an id. */
  readonly strings: number;
  /** Characters of source a generated function may have. */
  readonly functionChars?: number;
}

/** What a matcher consists of, for those who measure. */
export interface MatcherStatistics {
  readonly rules: number;
  readonly atoms: number;
  /** Words of all memos: each takes 4 bytes a key. */
  readonly words: number;
  /** Sizes of the generated functions by event type (-1: every type), in characters. */
  readonly types: readonly { readonly type: number; readonly rules: number; readonly sizes: readonly number[] }[];
}

/** Ancestors that a field with several values is asked for at the most. */
const KEY_BUFFER = 1024;
/** Process ids are keys too. */
const PID_KEYS = 1 << 22;

interface Forgetful {
  forget(): void;
}

class CompiledMatcher implements Matcher {
  readonly hits: Int32Array;

  constructor(
    /** By event type; one entry where the source has one function for all. */
    private readonly functions: readonly (TypeFunction | null)[],
    private readonly everyType: TypeFunction | null,
    private readonly first: boolean,
    rules: number,
    private readonly memos: readonly Forgetful[],
    readonly statistics: MatcherStatistics,
  ) {
    this.hits = new Int32Array(Math.max(rules, 1));
  }

  match(e: EventView): number {
    const match = this.everyType ?? this.functions[e.type];
    if (match === null || match === undefined) return 0;
    const result = match(e, this.hits);
    if (!this.first) return result;
    if (result < 0) return 0;
    this.hits[0] = result;
    return 1;
  }

  forget(): void {
    for (const memo of this.memos) memo.forget();
  }
}

/**
 * Compiles the rules of `source` for one thread. The rules have been checked: a field that does not exist or a constant
 * of the wrong type throws a plain Error.
 */
export function compileMatcher(
  ruleSet: RuleSet,
  source: string,
  resolver: FieldResolver,
  options: MatcherOptions,
): Matcher & { readonly statistics: MatcherStatistics } {
  const { atoms, types } = planRules(ruleSet, source, resolver);
  const slots = new Slots(types);
  const memos: Forgetful[] = [];
  const f = new Map<string, WordFunction>();
  const b: (Int32Array | null)[] = [];
  let words = 0;
  for (const [index, { extract }] of slots.fields.entries()) {
    b.push(null);
    const stride = slots.words(index);
    if (stride === 0) continue;
    words += stride;
    const tests = slots.tests(index);
    if (extract.shape === "each") {
      const keys = new Int32Array(KEY_BUFFER);
      const memo = new DenseMemo(extract, tests, Math.max(4 * options.strings, PID_KEYS));
      b[index] = keys;
      memos.push(memo);
      for (let w = 0; w < stride; w++) f.set(`${index}_${w}`, anyWordFunction(`${index}_${w}`, memo, keys, stride, w));
    } else if (extract.shape === "keyed") {
      const memo = extract.dense ? new DenseMemo(extract, tests, 4 * options.strings) : new SparseMemo(extract, tests);
      memos.push(memo);
      for (let w = 0; w < stride; w++) {
        f.set(`${index}_${w}`, wordFunction(`${index}_${w}`, memo, extract.dense, stride, w));
      }
    }
  }
  const names: Names = { x: slots.fields.map((field) => field.extract), b, f, ...tests(atoms.all) };
  const first = ruleSet.matching === "first";
  const functions: (TypeFunction | null)[] = EVENTS.map(() => null);
  let everyType: TypeFunction | null = null;
  // Types with the same rules (open, openat, openat2 ...) share their functions, and so their warm-up.
  const compiled = new Map<string, TypeFunction>();
  const perType: { type: number; rules: number; sizes: readonly number[] }[] = [];
  for (const plan of types) {
    const generated = generateType(plan, slots, first, options.functionChars ?? FUNCTION_CHARS);
    let compiledType = compiled.get(generated.text);
    if (compiledType === undefined) {
      compiledType = compileSource(generated, names);
      compiled.set(generated.text, compiledType);
    }
    if (plan.type < 0) everyType = compiledType;
    else functions[plan.type] = compiledType;
    perType.push({ type: plan.type, rules: plan.rules.length, sizes: generated.sizes });
  }
  const statistics = { rules: ruleSet.rules.length, atoms: atoms.all.length, words, types: perType };
  return new CompiledMatcher(functions, everyType, first, ruleSet.rules.length, memos, statistics);
}

function tests(atoms: readonly Atom[]): { p: unknown[]; c: unknown[] } {
  const p: unknown[] = [];
  const c: unknown[] = [];
  for (const atom of atoms) {
    p.push(atom.kind === "number" || atom.kind === "value" ? atom.test : undefined);
    c.push(atom.kind === "computed" ? atom.test : undefined);
  }
  return { p, c };
}
