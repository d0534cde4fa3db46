// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS } from "../../src/telemetry/errors.js";
import { textOf } from "./scan.js";

/** Rows of the table under a heading of docs/errors.md: code -> the other cells. */
function rowsUnder(heading: string): Map<string, readonly string[]> {
  const section = textOf("docs/errors.md").split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = new Map<string, readonly string[]>();
  for (const line of section.split("\n")) {
    const cells = /^\| `(\w+)` \| (.*) \|$/.exec(line);
    if (cells !== null) rows.set(cells[1] ?? "", (cells[2] ?? "").split(" | "));
  }
  return rows;
}

test("docs/errors.md holds exactly the codes of the table, with their titles and remedies", () => {
  const expected = Object.entries(ERRORS).map(([code, { title, remedy }]) => [code, [title, remedy]]);
  assert.deepEqual([...rowsUnder("Errors of the program")], expected.sort());
});
