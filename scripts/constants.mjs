// SPDX-License-Identifier: Apache-2.0
// Reads constants out of TypeScript files, so that what both languages need is written once, beside its picture.
import { readFileSync } from "node:fs";

const NUMBER = /^-?\d[\d_]*$/;
const SHIFT = /^(\d+) << (\d+)$/;
const SUM = /^([A-Z_]+) \+ (\d[\d_]*)$/;

/** The value of an expression in the few forms that constants have: a number, `1 << n`, `NAME + n`. */
function evaluate(text, known, where) {
  if (NUMBER.test(text)) return Number(text.replaceAll("_", ""));
  const shift = SHIFT.exec(text);
  if (shift) return Number(shift[1]) << Number(shift[2]);
  const sum = SUM.exec(text);
  if (sum && known.has(sum[1])) return known.get(sum[1]) + Number(sum[2].replaceAll("_", ""));
  throw new Error(`${where}: "${text}" is not a constant that generators understand`);
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");

/**
 * The exported constants of a file.
 * @returns {{ numbers: Map<string, number>, tables: Map<string, Map<string, number>> }} `export const A = 1;` and
 *   `export const T = { A: 1 } as const;`
 */
export function constantsOf(url) {
  const text = withoutComments(readFileSync(url, "utf8"));
  const numbers = new Map();
  const tables = new Map();
  for (const [, name, value] of text.matchAll(/^export const ([A-Z][A-Z0-9_]*) = ([^;{[(]+);/gm)) {
    numbers.set(name, evaluate(value.trim(), numbers, `${url.pathname}: ${name}`));
  }
  for (const [, name, body] of text.matchAll(/^export const (\w+) = \{([^}]*)\} as const;/gm)) {
    const entries = body.split(",").map((entry) => entry.trim());
    const table = new Map();
    for (const entry of entries.filter((one) => one !== "")) {
      const [key, value] = entry.split(":").map((part) => part.trim());
      table.set(key, evaluate(value, numbers, `${url.pathname}: ${name}.${key}`));
    }
    tables.set(name, table);
  }
  return { numbers, tables };
}
