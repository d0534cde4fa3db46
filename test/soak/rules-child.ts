// SPDX-License-Identifier: Apache-2.0

/*
 * Loads one odd rules file after the other. What is to hold of each: nothing throws, every diagnostic has a place in its file,
 * and what loads is printed, compiled and run. The parent is told of each input before it is tried, so that it knows which one
 * never ended.
 */

import { readFileSync } from "node:fs";
import { resolveField } from "../../src/fields/registry.js";
import { compileMatcher } from "../../src/rules/compile.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import { fileReport } from "../../src/rules/load-report.js";
import { parseCondition } from "../../src/rules/parse.js";
import { printCondition } from "../../src/rules/print.js";
import type { RuleSet } from "../../src/rules/ruleset.js";
import { replayFields } from "../support/replay-fields.js";
import { anyCondition, fileAround, mutated, Random } from "./mutate.js";

export interface SoakJob {
  readonly files: readonly string[];
  readonly capture: string;
  readonly from: number;
  readonly step: number;
}

/** What a child says: the input that it begins with, what became of it, or that a set of rules is run on the capture. */
export type SoakNews =
  | { readonly begins: number }
  | { readonly codes: readonly string[]; readonly ok: boolean }
  | { readonly replays: number };

/** The text that belongs to a number. */
export function inputOf(seed: number, texts: readonly string[]): string {
  const random = new Random(seed);
  const kind = random.below(4);
  if (kind === 0) return fileAround(anyCondition(random));
  if (kind === 1) return fileAround(mutated(anyCondition(random), anyCondition(random), random));
  return mutated(random.pick(texts), random.pick(texts), random);
}

const RULES_AT_ONCE = 50;

function tell(news: SoakNews): void {
  process.send?.(news);
}

function tryInput(text: string): RuleSet | null {
  const file = { path: "soak.yaml", content: text };
  const result = loadRules([file, { path: "next.yaml", content: "- {list: z, items: []}" }], {
    resolver: resolveField,
    everyFile: true,
  });
  formatDiagnostics(result.diagnostics);
  for (const each of result.files) JSON.stringify(fileReport(each, text));
  const lines = text.split("\n").length;
  for (const { line, column, offset, file: name } of result.diagnostics) {
    if (name !== "soak.yaml" || (line >= 1 && line <= lines && column >= 1 && offset <= text.length)) continue;
    throw new Error(`no such place: ${line}:${column}`);
  }
  for (const { condition } of result.rules) {
    const printed = printCondition(condition, true);
    const again = printCondition(parseCondition(printed), true);
    if (printed !== again) throw new Error(`printed ${printed}\nread    ${again}`);
  }
  tell({ codes: [...new Set(result.diagnostics.map(({ code }) => code))], ok: result.ok });
  return result.ok && result.ruleSet.rules.length > 0 ? result.ruleSet : null;
}

/** Runs rules of many inputs on a capture at once. */
function evaluate(sets: readonly RuleSet[], capture: string, seed: number): void {
  tell({ replays: seed });
  const rules = sets.flatMap((set) => set.rules).map((rule, index) => ({ ...rule, index }));
  const matcher = compileMatcher({ rules, matching: "all" }, "syscall", resolveField, { strings: 1 << 16 });
  const field = resolveField("evt.args", "syscall");
  if ("error" in field) throw new Error(field.error);
  replayFields(capture, [field], (e) => void matcher.match(e));
}

function main(job: SoakJob): void {
  const texts = job.files.map((file) => readFileSync(file, "utf8"));
  let waiting: RuleSet[] = [];
  for (let seed = job.from; ; seed += job.step) {
    tell({ begins: seed });
    const set = tryInput(inputOf(seed, texts));
    if (set !== null) waiting.push(set);
    if (waiting.reduce((sum, { rules }) => sum + rules.length, 0) < RULES_AT_ONCE) continue;
    evaluate(waiting, job.capture, seed);
    waiting = [];
  }
}

const [, , job] = process.argv;
if (process.send !== undefined && job !== undefined) main(JSON.parse(job) as SoakJob);
