// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../../src/config/load.js";
import type { Diagnostic } from "../../../src/rules/diagnostic.js";
import { fileReport } from "../../../src/rules/load-report.js";
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { canonical, object, parseExact } from "../json.js";
import { load, runRules } from "../peregrine.js";

/** End-to-end tests of Falco: rules on a capture, or rule files that must fail. Their notion of an event may be older. */
export function detectSuite(name: string, mode: "all" | "report"): Suite {
  return { name, mode, cases: casesOf(name), run };
}

const KINDS = new Set(["detect", "rules-load-error", "rules-load-ok"]);

async function run(one: Case): Promise<readonly Check[]> {
  const what = notHere(one);
  if (what !== null) return [{ id: one.id, ok: true, detail: "", skipped: `not in this version: ${what}` }];
  if (!KINDS.has(one.kind)) return answer(one);
  const files = texts(one.inputs["validate_rules"] ?? one.inputs["rules"]).map(dataFile);
  return one.kind === "detect" ? await detect(one, files) : loading(one, files);
}

/** What a case needs that Peregrine does not have yet, null where it has all. */
function notHere({ id, kind, inputs }: Case): string | null {
  if (/syscall_?drops/i.test(id)) return "reports of events that the kernel dropped";
  if (typeof inputs["capture"] !== "string" && kind === "detect") return "the capture is absent";
  if (KINDS.has(kind) && (inputs["rules"] ?? inputs["validate_rules"]) !== undefined) return null;
  if (id.endsWith("Cmd_Help") || id.endsWith("text-output")) return "Falco's own texts";
  return texts(inputs["args"]).includes("--list-plugins") ? "a list of loaded plugins" : null;
}

/** The command itself, for what is no run of rules. */
function answer(one: Case): Check[] {
  const { inputs, expected } = one;
  const rules = texts(inputs["rules"] ?? []).flatMap((file) => ["-r", dataFile(file)]);
  const args = [...rules, "-c", dataFile(inputs["config"]), ...texts(inputs["args"])];
  const main = fileURLToPath(new URL("../../../../bin/peregrine.js", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  const checks = [check(`${one.id}#exit status`, status === expected["exit_status"], `exit status ${status}`)];
  for (const part of texts(expected["stderr_contains"] ?? [])) {
    checks.push(check(`${one.id}#stderr has ${part}`, stderr.includes(part), stderr.slice(0, 500)));
  }
  return checks;
}

function check(id: string, ok: boolean, detail: string): Check {
  return { id, ok, detail: ok ? "" : detail };
}

/** Rule files that load or do not, and what is said of them. */
function loading(one: Case, files: readonly string[]): Check[] {
  const { expected } = one;
  const { ok, diagnostics, files: results } = load(files);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  const said = diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n");
  const checks = [
    check(
      `${one.id}#loads`,
      ok === (expected["exit_status"] === 0),
      `exit status expected ${canonical(expected["exit_status"])}\n${said}`,
    ),
  ];
  for (const want of list(expected["errors"])) checks.push(diagnostic(one, "error", want, errors, said));
  for (const want of list(expected["warnings"])) checks.push(diagnostic(one, "warning", want, warnings, said));
  if ("error_count" in expected) {
    // What a program finds where Falco has its errors.
    const told = results.flatMap((result) => list(object(fileReport(result, ""))["errors"]));
    checks.push(check(`${one.id}#errors`, told.length === expected["error_count"], said));
  }
  if ("warning_count" in expected) {
    checks.push(check(`${one.id}#warnings`, warnings.length === expected["warning_count"], said));
  }
  return checks;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether one of the diagnostics has all that is asked for. */
function diagnostic(one: Case, kind: string, want: unknown, all: readonly Diagnostic[], said: string): Check {
  const { code, item_type: type, item_name: name, message } = object(want);
  const same = (a: unknown, b: string): boolean => a === undefined || text(a).toLowerCase() === b.toLowerCase();
  const ok = all.some(
    (each) =>
      same(code, each.code) &&
      same(type, each.itemType) &&
      same(name, each.itemName) &&
      (message === undefined || message === each.message),
  );
  return check(`${one.id}#${kind} ${text(code)} ${text(message ?? "")}`, ok, `expected ${canonical(want)}\n${said}`);
}

/** The `-o` options of the arguments, the old flags for rules and tags translated. */
function optionsOf(args: readonly string[]): string[] {
  const options: string[] = [];
  for (const [i, arg] of args.entries()) {
    const value = args[i + 1] ?? "";
    if (arg === "-o") options.push(value);
    else if (arg === "-D") options.push(`rules[].disable.rule=*${value}*`);
    else if (arg === "-T") options.push(`rules[].disable.tag=${value}`);
    else if (arg === "-t") options.push(`rules[].enable.tag=${value}`);
  }
  if (args.includes("-t")) options.unshift("rules[].disable.rule=*");
  // Alerts are compared here, not written.
  return options.filter((option) => !option.startsWith("file_output") && !option.startsWith("base_syscalls"));
}

interface Alert {
  readonly rule: string;
  readonly priority: string;
}

async function detect(one: Case, files: readonly string[]): Promise<Check[]> {
  const { expected } = one;
  const { config } = loadConfig(dataFile(one.inputs["config"]), optionsOf(texts(one.inputs["args"])));
  const result = load(files, config);
  if (!result.ok)
    return [
      check(
        `${one.id}#loads`,
        expected["exit_status"] !== 0,
        result.diagnostics.map(({ message }) => message).join("\n"),
      ),
    ];
  const env = object(one.inputs["env"] ?? {});
  const capture = dataFile(one.inputs["capture"]);
  const lines = await runRules(capture, result.ruleSet, config, text(env["FALCO_HOSTNAME"] ?? ""));
  const json = config.json ? lines : await runRules(capture, result.ruleSet, { ...config, json: true }, "");
  const alerts = json.map(parseAlert);
  const checks: Check[] = [];
  if ("rules_with_warnings" in expected) {
    const rules = result.diagnostics.filter(({ code }) => code === "LOAD_NO_EVTTYPE" || code === "LOAD_UNKNOWN_FILTER");
    const got = [...new Set(rules.map(({ itemName }) => itemName))].sort();
    const want = [...texts(expected["rules_with_warnings"])].sort();
    const ok = canonical(got) === canonical(want);
    checks.push(check(`${one.id}#rules with warnings`, ok, `expected ${canonical(want)}, got ${canonical(got)}`));
  }
  const seen = [...new Set(alerts.map(({ priority }) => priority))].join(", ");
  if ("detected" in expected) {
    checks.push(check(`${one.id}#detected`, alerts.length > 0 === expected["detected"], `${alerts.length} alerts`));
  }
  for (const level of texts(expected["levels"] ?? [])) {
    checks.push(
      check(
        `${one.id}#level ${level}`,
        alerts.some(({ priority }) => priority === long(level)),
        `only ${seen}`,
      ),
    );
  }
  const count = (what: string, want: unknown, got: number): void => {
    checks.push(check(`${one.id}#${what}`, got === want, `expected ${canonical(want)}, got ${got}`));
  };
  for (const [level, want] of Object.entries(object(expected["level_counts"] ?? {}))) {
    count(`count of ${level}`, want, alerts.filter(({ priority }) => priority === long(level)).length);
  }
  for (const [rule, want] of Object.entries(object(expected["rule_counts"] ?? {}))) {
    count(`count of ${rule}`, want, alerts.filter((alert) => alert.rule === rule).length);
  }
  return [...checks, ...outputs(one, lines)];
}

function parseAlert(line: string): Alert {
  const { rule, priority } = object(parseExact(line));
  return { rule: text(rule), priority: text(priority).toUpperCase() };
}

function long(level: string): string {
  return level.toUpperCase() === "INFO" ? "INFORMATIONAL" : level.toUpperCase();
}

/** What must, or must not, stand in the lines. */
function outputs(one: Case, lines: readonly string[]): Check[] {
  const { expected } = one;
  const all = lines.join("\n");
  const checks: Check[] = [];
  const patterns = [...list(expected["stdout_regex"]), ...list(expected["stdout_contains_regex"])];
  for (const pattern of texts(patterns)) {
    checks.push(check(`${one.id}#stdout has ${pattern}`, new RegExp(pattern).test(all), all.slice(0, 500)));
  }
  const absent = [...list(expected["stdout_not_regex"]), ...list(expected["stdout_not_contains_regex"])];
  for (const pattern of texts(absent)) {
    checks.push(check(`${one.id}#stdout has not ${pattern}`, !new RegExp(pattern).test(all), all.slice(0, 500)));
  }
  const equal = expected["stdout_json_lines_equal"];
  if (equal !== undefined) {
    const want = linesOf(equal).map((line) => canonical(parseExact(line)));
    const got = lines.map((line) => canonical(parseExact(line)));
    checks.push(
      check(
        `${one.id}#stdout`,
        canonical(want) === canonical(got),
        `expected ${want.join("\n")}\ngot ${got.join("\n")}`,
      ),
    );
  }
  for (const key of ["stdout_contains_lines_of", "output_strictly_contains"]) {
    if (typeof expected[key] !== "string") continue;
    const missing = linesOf(expected[key]).filter((line) => !lines.includes(line));
    checks.push(
      check(`${one.id}#${key}`, missing.length === 0, `missing ${missing.join("\n")}\ngot ${all.slice(0, 1000)}`),
    );
  }
  return checks;
}

function linesOf(file: unknown): string[] {
  return readFileSync(dataFile(file), "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
