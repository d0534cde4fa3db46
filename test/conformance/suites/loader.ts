// SPDX-License-Identifier: Apache-2.0
import { EventType, ParamType } from "../../../src/batch/event-table.generated.js";
import type { Field, FieldResolver } from "../../../src/fields/field.js";
import { resolveField } from "../../../src/fields/registry.js";
import type { AppendOutput } from "../../../src/rules/append-output.js";
import { compileMatcher } from "../../../src/rules/compile.js";
import { ruleFromCondition } from "../../../src/rules/condition-rule.js";
import { describeAll } from "../../../src/rules/describe.js";
import type { LoadResult } from "../../../src/rules/load.js";
import { loadRules } from "../../../src/rules/load.js";
import { printCondition } from "../../../src/rules/print.js";
import { asView, SyntheticFields } from "../../support/synthetic-fields.js";
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { canonical, object } from "../json.js";
import { load } from "../peregrine.js";

/** Falco's own unit tests of its rule loader. */
export function ruleLoaderSuite(): Suite {
  const name = "falco_unit_rule_loader";
  return { name, mode: "all", cases: casesOf(name), run: async (one) => ruleFiles(one) };
}

/** Which plugins satisfy a rule file. */
export function requirementsSuite(): Suite {
  const name = "falco_unit_plugin_requirements";
  return { name, mode: "all", cases: casesOf(name), run: async (one) => requirements(one) };
}

/** Conditions that are worth a warning. */
export function warningsSuite(): Suite {
  const name = "falco_unit_filter_warnings";
  return { name, mode: "all", cases: casesOf(name), run: async (one) => warning(one) };
}

/** Which operators and constants fit which fields. */
export function compileSuite(): Suite {
  const name = "libs_filter_compile";
  return { name, mode: "all", cases: casesOf(name), run: async (one) => compiles(one) };
}

function check(id: string, want: unknown, got: unknown, more = ""): Check {
  const [a, b] = [canonical(want), canonical(got)];
  return { id, ok: a === b, detail: a === b ? "" : `expected ${a}\ngot      ${b}${more === "" ? "" : `\n${more}`}` };
}

function messages(result: LoadResult, severity: "error" | "warning"): string[] {
  return result.diagnostics.filter((each) => each.severity === severity).map(({ message }) => message);
}

function ruleFiles(one: Case): Check[] {
  const { inputs, expected } = one;
  const appendOutput = texts(inputs["setup_cpp"] ?? []).map(extraOutput);
  const options = { sources: texts(inputs["sources"]), everyFile: true, appendOutput };
  const result = load(texts(inputs["rules"]).map(dataFile), options);
  const errors = messages(result, "error");
  const warnings = messages(result, "warning");
  const contains = (all: readonly string[], part: string): boolean => all.some((message) => message.includes(part));
  const checks: Check[] = [];
  if ("load_ok" in expected) checks.push(check(`${one.id}#load_ok`, expected["load_ok"], result.ok, errors.join("; ")));
  for (const part of texts(expected["errors_contain"] ?? [])) {
    checks.push(check(`${one.id}#error ${part}`, true, contains(errors, part), errors.join("; ")));
  }
  for (const part of texts(expected["warnings_contain"] ?? [])) {
    checks.push(check(`${one.id}#warning ${part}`, true, contains(warnings, part), warnings.join("; ")));
  }
  for (const part of texts(expected["warnings_do_not_contain"] ?? [])) {
    checks.push(check(`${one.id}#no warning ${part}`, false, contains(warnings, part), warnings.join("; ")));
  }
  if ("has_warnings" in expected) {
    checks.push(check(`${one.id}#has_warnings`, expected["has_warnings"], warnings.length > 0, warnings.join("; ")));
  }
  if ("schema_validation" in expected) {
    const findings = result.files.flatMap(({ schemaWarnings }) => schemaWarnings ?? []);
    const verdict = findings.length === 0 ? "ok" : "failed";
    checks.push(check(`${one.id}#schema_validation`, expected["schema_validation"], verdict, findings.join("; ")));
  }
  if ("enabled_rule_count" in expected) {
    checks.push(check(`${one.id}#enabled_rule_count`, expected["enabled_rule_count"], result.ruleSet.rules.length));
  }
  const compiled = new Map(result.rules.map((rule) => [rule.name, rule]));
  for (const [name, condition] of Object.entries(object(expected["compiled_condition"] ?? {}))) {
    const rule = compiled.get(name);
    checks.push(check(`${one.id}#condition of ${name}`, condition, rule && printCondition(rule.condition)));
  }
  for (const [name, output] of Object.entries(object(expected["compiled_output"] ?? {}))) {
    checks.push(check(`${one.id}#output of ${name}`, output, compiled.get(name)?.output));
  }
  return [...checks, ...described(one, result)];
}

/** The entry of append_output that a C++ call stands for: its arguments are template, source, tags and rule. */
function extraOutput(call: string): AppendOutput {
  const [, template, source, tags, rule] =
    /^m_engine->add_extra_output_format\("(.*)", "(.*)", \{(.*)\}, "(.*)"\)$/.exec(call) ?? [];
  if (template === undefined) throw new Error(`unknown set-up: ${call}`);
  const match = { source: source ?? "", tags: (tags ?? "").match(/[^", ]+/g) ?? [], rule: rule ?? "" };
  return { match, extraOutput: template };
}

/** What `-L` says, where the case expects something of it: by JSON pointer, or as C++ that asserts on the JSON. */
function described(one: Case, result: LoadResult): Check[] {
  const cpp = texts(one["unconverted_cpp"] ?? []).filter((line) => line.includes("rule_description"));
  const expected = Object.entries(object(one.expected["describe"] ?? {}));
  if (cpp.length + expected.length === 0) return [];
  const json: unknown = JSON.parse(JSON.stringify(describeAll(result, { resolver: resolveField })));
  const at = (steps: readonly string[]): unknown =>
    steps.reduce<unknown>((value, step) => (value as Readonly<Record<string, unknown>>)[step], json);
  const asserted = cpp.map((line): Check => {
    const steps = [...line.matchAll(/\[(?:"(\w+)"|(\d+))\]/g)].map((match) => match[1] ?? match[2] ?? "");
    const [, want = "null"] = /, ("[^"]*"|\d+)\)$/.exec(line) ?? [];
    const value = at(steps);
    const got = line.includes(".size()") ? (value as { length: number }).length : value;
    return check(`${one.id}#${steps.join("/")} ${want}`, JSON.parse(want), got);
  });
  const pointed = expected.map(([pointer, want]) =>
    check(`${one.id}#${pointer}`, want, at(pointer.split("/").slice(1))),
  );
  return [...pointed, ...asserted];
}

function requirements(one: Case): Check[] {
  const plugins = one.inputs["loaded_plugins"];
  if (!Array.isArray(plugins)) throw new TypeError("loaded_plugins: a list was expected");
  const loaded = plugins.map(object).map(({ name, version }) => ({ name: text(name), version: text(version) }));
  const result = load(texts(one.inputs["rules"]).map(dataFile), { plugins: loaded });
  return [check(one.id, one.expected["plugin_requirements_ok"], result.ok, messages(result, "error").join("; "))];
}

/** A real field under another name. */
function alias(name: string, model: string): Field {
  const field = resolveField(model, "syscall");
  if ("error" in field) throw new Error(field.error);
  return { ...field, name, base: name };
}

function loadFilter(filter: unknown, resolver: FieldResolver): LoadResult {
  const condition = text(filter);
  const rule = { rule: "r", desc: "-", condition, output: "-", priority: "DEBUG", warn_evttypes: false };
  return loadRules([{ path: "filter.yaml", content: JSON.stringify([rule]) }], { resolver });
}

function warning(one: Case): Check[] {
  const anyField: FieldResolver = (name, source) =>
    name.startsWith("evt.") ? resolveField(name, source) : alias(name, "proc.name");
  const result = loadFilter(one.inputs["filter"], anyField);
  return [check(one.id, one.expected["condition_warning"], messages(result, "warning").length > 0)];
}

/** Values with which the mocks' comparisons come out as the cases say. */
const MOCKS: Readonly<Record<string, string>> = {
  "c.true": "1",
  "c.false": "0",
  "c.doublequote": 'hello "quoted"',
  "c.singlequote": "hello 'quoted'",
};

/** A condition on fields with fixed values. */
function evaluated(one: Case): Check {
  const specs = Object.keys(MOCKS).map((name) => ({ name, shape: "keyed", type: ParamType.CHARBUF }) as const);
  const fields = new SyntheticFields(specs);
  const rule = ruleFromCondition("filter", text(one.inputs["filter"]), "-", "syscall", fields.resolve);
  if ("severity" in rule) return { id: one.id, ok: false, detail: rule.message };
  const matcher = compileMatcher({ rules: [rule], matching: "first" }, "syscall", fields.resolve, { strings: 16 });
  const got = matcher.match(asView({ type: EventType.SYSCALL_OPEN_X, values: MOCKS })) > 0;
  return check(one.id, one.expected["result"], got);
}

function compiles(one: Case): Check[] {
  if (!("compile_ok" in one.expected)) {
    return [evaluated(one)];
  }
  const mocks: FieldResolver = (name, source) => {
    if (name === "c.buffer") return alias(name, "evt.buffer");
    return name.startsWith("c.") ? alias(name, "proc.name") : resolveField(name, source);
  };
  const result = loadFilter(one.inputs["filter"], mocks);
  const said = result.diagnostics.map(({ message }) => message).join("; ");
  const filter = text(one.inputs["filter"]);
  const checks = [check(`${one.id}#ok`, one.expected["compile_ok"], result.ok, `${filter}: ${said}`)];
  const wanted = one.expected["warnings"];
  if (wanted !== undefined && result.ok) {
    checks.push(check(`${one.id}#warnings`, wanted, messages(result, "warning").length, `${filter}: ${said}`));
  }
  return checks;
}
