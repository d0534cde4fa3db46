// SPDX-License-Identifier: Apache-2.0

import type { Modifier } from "./ast.js";
import { fnmatch } from "./fnmatch.js";
import { compileRegex } from "./regex.js";

/** A test of a value that is there; what is absent never reaches one. */
export type Test<T> = (value: T) => boolean;

/** Lower case of the ASCII letters of a binary string; other bytes stay. */
export function asciiLower(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** A C string ends at its NULs: those at the end of a value do not count where it is compared as a whole. */
export function trimNuls(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** Comparison of two values of one type: texts by their bytes, numbers by value whether number or bigint. */
export function orderTest<T extends string | number | bigint>(operator: string, constant: T): Test<T> | null {
  switch (operator) {
    case "<":
      return (value) => value < constant;
    case "<=":
      return (value) => value <= constant;
    case ">":
      return (value) => value > constant;
    case ">=":
      return (value) => value >= constant;
    default:
      return null;
  }
}

/**
 * A scalar operator on texts. `=` and `!=` are not among them (see predicate.ts); null for an operator that takes no text.
 * Throws a RegexError for a bad pattern.
 */
export function textTest(operator: string, constant: string): Test<string> | null {
  switch (operator) {
    case "contains":
    case "bcontains":
      return (text) => text.includes(constant);
    case "icontains": {
      const needle = asciiLower(constant);
      return (text) => asciiLower(text).includes(needle);
    }
    case "startswith":
    case "bstartswith":
      return (text) => text.startsWith(constant);
    case "endswith":
      return (text) => text.endsWith(constant);
    case "glob":
      return (text) => fnmatch(constant, text, false);
    case "iglob":
      return (text) => fnmatch(constant, text, true);
    case "regex":
      return compileRegex(constant);
    default:
      return orderTest(operator, constant);
  }
}

/** `OP anyof`, `allof` and `oneof`: how many of the single tests may hold. None hold where there are none. */
export function combine<T>(modifier: Modifier, tests: readonly Test<T>[]): Test<T> {
  const count = tests.length;
  return (value) => {
    let held = 0;
    for (let i = 0; i < count; i++) {
      if ((tests[i] as Test<T>)(value)) {
        held++;
        if (modifier === "anyof") return true;
        if (modifier === "oneof" && held > 1) return false;
      } else if (modifier === "allof") {
        return false;
      }
    }
    return modifier === "oneof" ? held === 1 : modifier === "allof" && count > 0;
  };
}
