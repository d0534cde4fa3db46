// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LOAD_ERRORS, LOAD_WARNINGS } from "../../src/rules/diagnostic.js";
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

test("docs/errors.md holds exactly the codes of rule files", () => {
  const cells = (titles: Readonly<Record<string, string>>): unknown =>
    Object.entries(titles).map(([code, title]) => [code, [title]]);
  assert.deepEqual([...rowsUnder("Errors in rule files")], cells(LOAD_ERRORS));
  assert.deepEqual([...rowsUnder("Warnings about rule files")], cells(LOAD_WARNINGS));
});

test("docs/rules.md explains every code that a rule file can meet", () => {
  const text = textOf("docs/rules.md");
  // Reserved: nothing gives them.
  const reserved = ["LOAD_ERR_EXTENSION", "LOAD_WARNING_EXTENSION"];
  const codes = [...Object.keys(LOAD_ERRORS), ...Object.keys(LOAD_WARNINGS)].filter((code) => !reserved.includes(code));
  assert.deepEqual(
    codes.filter((code) => !text.includes(`\`${code}\``)),
    [],
  );
});
