// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { EventView } from "../fields/view.js";
import type { Atom } from "./atom.js";
import { anyWordFunction, type WordFunction, wordFunction } from "./fetch.js";
import {
  compileSource,
  FUNCTION_CHARS,
  type GeneratedSource,
  generateType,
  type Names,
  type TypeFunction,
} from "./generate.js";
import type { Matcher } from "./matcher.js";
import { DenseMemo, SparseMemo } from "./memo.js";
import { planRules, type TypePlan } from "./plan.js";
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

export interface CompiledMatcher extends Matcher {
  /** Generates the functions of all types to measure them: not for the hot path. */
  statistics(): MatcherStatistics;
}

/** Ancestors that a field with several values is asked for at the most. */
const KEY_BUFFER = 1024;
/** Process ids are keys too. */
const PID_KEYS = 1 << 22;

interface Forgetful {
  forget(): void;
}

/** Functions by event type, generated when the first event of the type comes: most types never do. */
class TypeFunctions {
  /** null where no rule can match. One entry where the source has one function for all types. */
  readonly byType: (TypeFunction | null)[];
  /** Types with the same rules (open, openat, openat2 ...) share their functions, and so their warm-up. */
  private readonly bySource = new Map<string, TypeFunction>();

  constructor(
    readonly plans: readonly TypePlan[],
    private readonly slots: Slots,
    private readonly names: Names,
    private readonly first: boolean,
    private readonly limit: number,
  ) {
    this.byType = EVENTS.map(() => null);
    for (const plan of plans) this.byType[Math.max(plan.type, 0)] = this.stub(plan);
  }

  source(plan: TypePlan): GeneratedSource {
    return generateType(plan, this.slots, this.first, this.limit);
  }

  private stub(plan: TypePlan): TypeFunction {
    return (e, hits) => {
      const source = this.source(plan);
      let compiled = this.bySource.get(source.text);
      if (compiled === undefined) {
        compiled = compileSource(source, this.names);
        this.bySource.set(source.text, compiled);
      }
      this.byType[Math.max(plan.type, 0)] = compiled;
      return compiled(e, hits);
    };
  }
}

class GeneratedMatcher implements CompiledMatcher {
  readonly hits: Int32Array;
  private readonly byType: readonly (TypeFunction | null)[];

  constructor(
    private readonly functions: TypeFunctions,
    /** One function for all types: at index 0. */
    private readonly untyped: boolean,
    private readonly first: boolean,
    private readonly memos: readonly Forgetful[],
    private readonly counts: Omit<MatcherStatistics, "types">,
  ) {
    this.byType = functions.byType;
    this.hits = new Int32Array(Math.max(counts.rules, 1));
  }

  match(e: EventView): number {
    const match = this.byType[this.untyped ? 0 : e.type];
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

  statistics(): MatcherStatistics {
    const types = this.functions.plans.map((plan) => ({
      type: plan.type,
      rules: plan.rules.length,
      sizes: this.functions.source(plan).sizes,
    }));
    return { ...this.counts, types };
  }
}

/** Memos of the keyed fields, and the functions that read them. */
function makeMemos(slots: Slots, strings: number): { memos: Forgetful[]; words: number } & Pick<Names, "f" | "b"> {
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
      const memo = new DenseMemo(extract, tests, Math.max(4 * strings, PID_KEYS));
      b[index] = keys;
      memos.push(memo);
      for (let w = 0; w < stride; w++) f.set(`${index}_${w}`, anyWordFunction(`${index}_${w}`, memo, keys, stride, w));
    } else if (extract.shape === "keyed") {
      const memo = extract.dense ? new DenseMemo(extract, tests, 4 * strings) : new SparseMemo(extract, tests);
      memos.push(memo);
      for (let w = 0; w < stride; w++) {
        f.set(`${index}_${w}`, wordFunction(`${index}_${w}`, memo, extract.dense, stride, w));
      }
    }
  }
  return { memos, words, f, b };
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
): CompiledMatcher {
  const { atoms, types } = planRules(ruleSet, source, resolver);
  const slots = new Slots(types);
  const { memos, words, f, b } = makeMemos(slots, options.strings);
  const names: Names = { x: slots.fields.map((field) => field.extract), b, f, ...tests(atoms.all) };
  const first = ruleSet.matching === "first";
  const functions = new TypeFunctions(types, slots, names, first, options.functionChars ?? FUNCTION_CHARS);
  const counts = { rules: ruleSet.rules.length, atoms: atoms.all.length, words };
  return new GeneratedMatcher(functions, source !== "syscall", first, memos, counts);
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
