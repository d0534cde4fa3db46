// SPDX-License-Identifier: Apache-2.0

import { Scalar } from "yaml";

/** Length of the escape that starts at `at` (its backslash) in a double-quoted scalar, and how many characters it means. */
function escapeAt(source: string, at: number): { readonly length: number; readonly value: number } {
  const c = source.charAt(at + 1);
  if (c === "x") return { length: 4, value: 1 };
  if (c === "u") return { length: 6, value: 1 };
  if (c === "U") return { length: 10, value: Number.parseInt(source.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 };
  // A backslash at the end of a line joins it with the next one.
  if (c === "\n" || c === "\r") return { length: 2, value: 0 };
  return { length: 2, value: 1 };
}

function isSpace(c: string): boolean {
  return c === " " || c === "\n" || c === "\t" || c === "\r";
}

/**
 * Where the character `index` of a scalar's value stands in the file. Folding, indentation and chomping change white space
 * alone, so walking both texts from one visible character to the next leads to the place.
 */
export function scalarOffset(source: string, node: Scalar, index: number): number {
  const range = node.range ?? [0, 0, 0];
  const value = String(node.value);
  const end = range[1];
  let at = range[0];
  let reached = 0;
  const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
  const block = node.type === Scalar.BLOCK_FOLDED || node.type === Scalar.BLOCK_LITERAL;
  if (quoted) at++;
  // The header's indicators and its comment are no part of the value.
  if (block) at = Math.max(at, source.indexOf("\n", at) + 1);
  let last = at;
  while (reached <= index && at < end) {
    const c = source.charAt(at);
    if (node.type === Scalar.QUOTE_DOUBLE && c === "\\") {
      const found = escapeAt(source, at);
      if (found.value > 0)
        while (
          reached < index &&
          isSpace(value.charAt(reached)) &&
          found.value === 1 &&
          !stands(source, at, value, reached)
        )
          reached++;
      if (reached >= index && found.value > 0) return at;
      reached += found.value;
      at += found.length;
      last = at;
      continue;
    }
    if (isSpace(c)) {
      at++;
      continue;
    }
    while (reached < index && isSpace(value.charAt(reached))) reached++;
    if (reached >= index) return isSpace(value.charAt(index)) ? last : at;
    at += node.type === Scalar.QUOTE_SINGLE && c === "'" ? 2 : 1;
    reached++;
    last = at;
  }
  return Math.min(last, end);
}

/** Whether the escape at `at` is the white space that stands in the value there. */
function stands(source: string, at: number, value: string, reached: number): boolean {
  const meaning = { n: "\n", t: "\t", r: "\r", " ": " " }[source.charAt(at + 1)];
  return meaning !== undefined && meaning === value.charAt(reached);
}
