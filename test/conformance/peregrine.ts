// SPDX-License-Identifier: Apache-2.0
import type { EncoderOptions } from "../../src/alerts/options.js";
import { DEFAULT_ALERT_OPTIONS } from "../../src/alerts/options.js";
import { type CaptureFacts, loadAddon } from "../../src/capture/addon.js";
import { readRulesFiles } from "../../src/cli/rules-files.js";
import type { Config } from "../../src/config/config.js";
import { replay } from "../../src/engine/replay.js";
import { startThreads, type Threads } from "../../src/engine/threads.js";
import { resolveField } from "../../src/fields/registry.js";
import { ruleFromCondition } from "../../src/rules/condition-rule.js";
import { type LoadOptions, type LoadResult, loadRules } from "../../src/rules/load.js";
import type { Rule, RuleSet } from "../../src/rules/ruleset.js";
import { shared } from "../support/shared.js";
import { object, parseExact } from "./json.js";

/** All that the suites ask of Peregrine. Runs in this process; the engine's threads serve one run after the other. */

let running: Threads | null = null;

function threads(): Threads {
  running ??= startThreads(2);
  return running;
}

export async function stopThreads(): Promise<void> {
  await running?.close();
  running = null;
}

export function walk(capture: string): CaptureFacts {
  return loadAddon().walkBlocks(capture);
}

/** Rule files as users give them. Throws with all messages where there is an error. */
export function load(paths: readonly string[], options: Partial<LoadOptions> = {}): LoadResult {
  return loadRules(
    readRulesFiles(paths, true, () => {}),
    { resolver: resolveField, ...options },
  );
}

function messages(result: LoadResult): string {
  return result.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message)
    .join("; ");
}

/** The lines that a capture gives, and the failure of the run if there was one. */
async function linesOf(
  capture: string,
  rules: RuleSet,
  encoder: EncoderOptions,
  services: string | null = null,
  containers = true,
): Promise<string[]> {
  const chunks: Buffer[] = [];
  const report = await replay({
    capture,
    rules,
    encoder,
    hostRoot: shared("data", "hostroot"),
    services,
    containers,
    threads: threads(),
    sink: (chunk) => void chunks.push(Buffer.from(chunk)),
  });
  if (report.failure !== null) throw new Error(`${capture}: ${report.failure.code}: ${report.failure.message}`);
  if (report.failedEvents.length > 0)
    throw new Error(`${capture}: event ${JSON.stringify(report.failedEvents[0])} failed`);
  if (report.ledger.difference !== 0) throw new Error(`${capture}: the ledger does not add up`);
  return Buffer.concat(chunks).toString("utf8").split("\n").slice(0, -1);
}

/** Alerts of all rules of some files, every rule enabled, every matching rule, no threshold. */
export async function alertsOf(capture: string, paths: readonly string[]): Promise<string[]> {
  const result = load(paths, { matching: "all", selection: [{ enable: true, rule: "*" }] });
  if (!result.ok) throw new Error(messages(result));
  return await linesOf(capture, result.ruleSet, { kind: "json", ...DEFAULT_ALERT_OPTIONS, hostname: "" });
}

/** The alerts of a rule set as a configuration has them. */
export async function runRules(capture: string, rules: RuleSet, config: Config, hostname: string): Promise<string[]> {
  const { json, iso8601, includeOutput, includeTags, includeMessage, includeOutputFields } = config;
  const shown = { iso8601, includeOutput, includeTags, includeMessage, includeOutputFields, hostname };
  return await linesOf(capture, rules, json ? { kind: "json", ...shown } : { kind: "text", iso8601 });
}

/** A condition that compiled, or why it did not. */
export interface Filter {
  readonly rule: Rule | null;
  readonly error: string | null;
}

export function compileFilters(conditions: readonly string[]): Filter[] {
  return conditions.map((condition, index) => {
    const item = {
      rule: String(index),
      desc: "-",
      condition,
      output: "%evt.num",
      priority: "DEBUG",
      warn_evttypes: false,
    };
    const result = loadRules([{ path: "filter.yaml", content: JSON.stringify([item]) }], { resolver: resolveField });
    const rule = result.ok ? (result.ruleSet.rules[0] ?? null) : null;
    return { rule, error: rule === null ? messages(result) || "no rule" : null };
  });
}

/** As compileFilters, but as `read --filter` takes them: conditions that are no rules. */
export function bareFilters(conditions: readonly string[]): Filter[] {
  return conditions.map((condition, index) => {
    const rule = ruleFromCondition(String(index), condition, "%evt.num", "syscall", resolveField);
    return "severity" in rule ? { rule: null, error: rule.message } : { rule, error: null };
  });
}

/** For each filter the numbers of the events that it matches; empty where it did not compile. */
export async function countMatches(
  capture: string,
  filters: readonly Filter[],
  containers = true,
): Promise<number[][]> {
  const rules = filters.flatMap(({ rule }) => (rule === null ? [] : [rule])).map((rule, index) => ({ ...rule, index }));
  const encoder: EncoderOptions = {
    kind: "json",
    ...DEFAULT_ALERT_OPTIONS,
    hostname: "",
    includeOutput: false,
    includeTags: false,
  };
  const numbers: number[][] = filters.map(() => []);
  for (const line of await linesOf(capture, { rules, matching: "all" }, encoder, null, containers)) {
    const { rule, output_fields: fields } = object(JSON.parse(line));
    numbers[Number(rule)]?.push(Number(object(fields)["evt.num"]));
  }
  return numbers;
}

export type EventFields = Readonly<Record<string, unknown>>;

/** The named fields of each event that the filter lets through, as `peregrine read --json` gives them. */
export async function readFields(
  capture: string,
  fields: readonly string[],
  filter: string | null = null,
  services: string | null = null,
  containers = true,
): Promise<EventFields[]> {
  const [compiled] = compileFilters([filter ?? "evt.num > 0"]);
  if (compiled === undefined || compiled.rule === null) throw new Error(compiled?.error ?? "no filter");
  const lines = await linesOf(
    capture,
    { rules: [compiled.rule], matching: "first" },
    { kind: "read-json", fields },
    services,
    containers,
  );
  return lines.map((line) => object(parseExact(line)));
}
