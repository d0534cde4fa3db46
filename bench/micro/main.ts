// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeMachine } from "../machine.js";
import { packageRoot } from "../paths.js";
import { replaceMarked } from "../report.js";
import { markdownTable, type Table, textTable } from "../table.js";

/*
 * Runs every micro-benchmark of this folder in a process of its own, and prints one table. A benchmark prints lines of
 * the form `NAME: FIGURE ns ...` or `NAME: FIGURES ns ... median FIGURE`; other lines are shown with --verbose.
 *
 *   node bench/micro/main.js [--verbose] [--document] [NAME...]
 *
 * --document writes the table into docs/performance.md.
 */

const NOT_BENCHMARKS = new Set(["main.js", "measure.js"]);
const MEDIAN = /^\s*(.+?):.*\bns\b.*\bmedian ([\d.,]+)/;
const LINE = /^\s*(.+?)\s*[:=]?\s+([\d.,]+)\s*ns\b\s*(.*)$/;

export interface MicroLine {
  readonly name: string;
  readonly ns: string;
  readonly note: string;
}

/** The figures among the lines that a benchmark printed. */
export function parseLines(output: string): { lines: MicroLine[]; rest: string[] } {
  const lines: MicroLine[] = [];
  const rest: string[] = [];
  for (const text of output.split("\n")) {
    const found = MEDIAN.exec(text) ?? LINE.exec(text);
    if (found) lines.push({ name: found[1] ?? "", ns: found[2] ?? "", note: found[3] ?? "" });
    else if (text.trim() !== "") rest.push(text);
  }
  return { lines, rest };
}

/** Runs the benchmarks. @returns the table, and the exit code: 1 where one fails */
export function runMicro(folder: string, names: readonly string[], verbose: boolean): { table: Table; code: number } {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".js") && !NOT_BENCHMARKS.has(file))
    .filter((file) => names.length === 0 || names.includes(basename(file, ".js")))
    .sort();
  const rows: string[][] = [];
  let code = 0;
  for (const file of files) {
    const run = spawnSync(process.execPath, ["--expose-gc", join(folder, file)], { encoding: "utf8" });
    const { lines, rest } = parseLines(run.stdout);
    for (const line of lines) rows.push([`${basename(file, ".js")}: ${line.name}`, line.ns, line.note]);
    if (verbose) for (const text of rest) process.stderr.write(`${text}\n`);
    if (run.status !== 0) {
      code = 1;
      process.stderr.write(`${file} failed:\n${run.stderr}\n`);
    }
  }
  return { table: { head: ["function", "CPU ns", ""], rows }, code };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith("--"));
  const { table, code } = runMicro(dirname(fileURLToPath(import.meta.url)), names, args.includes("--verbose"));
  process.stdout.write(`${textTable(table)}\n`);
  if (args.includes("--document") && code === 0) {
    const document = join(packageRoot(), "docs", "performance.md");
    const { cpu, node } = describeMachine();
    const text = `Measured on ${new Date().toISOString().slice(0, 10)}: ${cpu}, Node ${node}.\n\n${markdownTable(table)}`;
    writeFileSync(document, replaceMarked(readFileSync(document, "utf8"), "bench:micro", text));
  }
  process.exitCode = code;
}
