// SPDX-License-Identifier: Apache-2.0

import { asciiLower } from "./operators.js";
import { type Comparison, constantValue } from "./predicate.js";
import type { Term } from "./term.js";
import type { Search, TextTest } from "./text-tests.js";

/* What a comparison comes down to, where that is something that is cheaper than calling its test. */

/** A comparison of a number that is done in place: "exists", or an operator with numbers, any of which will do. */
export interface SimpleNumber {
  readonly operator: string;
  readonly numbers: readonly number[];
}

const SIMPLE = new Set(["=", "==", "!=", "<", "<=", ">", ">="]);
/** Larger sets are looked up, not compared one by one. */
const INLINE_SET = 4;

export function simpleNumber(left: Term, { operator, modifier, constants }: Comparison): SimpleNumber | null {
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

export type SimpleText = Pick<TextTest, "exact" | "search">;

export const NOT_SIMPLE: SimpleText = { exact: null, search: null };

/** The search that a glob is where it is one: stars at its ends alone. */
function globSearch(glob: string, fold: boolean): Search | null {
  const text = glob.replace(/^\*+|\*+$/g, "");
  if (/[*?[\\]/.test(text)) return null;
  return { text, atStart: !glob.startsWith("*"), atEnd: !glob.endsWith("*"), fold };
}

/** What a comparison of texts comes down to, where it is a comparison of the whole text or a search. */
export function simpleText({ operator, modifier, constants }: Comparison): SimpleText {
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
