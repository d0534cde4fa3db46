// SPDX-License-Identifier: Apache-2.0

import type { FilePlace, SourceFile } from "./source-file.js";

/** Lines shown before and after the one with the caret. */
const AROUND = 2;
/** Longer lines are cut to this many characters around the caret. */
const WIDTH = 120;

/** The lines around a place, numbered, with a caret below it. Escape characters are shown as blanks. */
export function codeFrame(file: SourceFile, place: FilePlace): string {
  const first = Math.max(1, place.line - AROUND);
  const gutter = String(place.line + AROUND).length;
  const from = place.column > WIDTH * 0.75 ? place.column - 1 - WIDTH / 2 : 0;
  const rows: string[] = [];
  for (let number = first; number <= place.line + AROUND; number++) {
    const line = file.line(number);
    if (line === undefined) break;
    const mark = number === place.line ? ">" : " ";
    // Controls would change the terminal or shift the caret.
    const shown = Array.from(line.slice(from, from + WIDTH), (c) => (c < " " || c === "\x7f" ? " " : c)).join("");
    rows.push(`${mark} ${String(number).padStart(gutter)} | ${shown}`.trimEnd());
    if (number === place.line) rows.push(`  ${" ".repeat(gutter)} | ${" ".repeat(place.column - 1 - from)}^`);
  }
  return rows.join("\n");
}
