// SPDX-License-Identifier: Apache-2.0
import { FieldSet, Template } from "../../../src/alerts/format.js";
import { planOutputs } from "../../../src/alerts/output-plan.js";
import type { Field, FieldResolver } from "../../../src/fields/field.js";
import { resolveField } from "../../../src/fields/registry.js";
import type { EventView } from "../../../src/fields/view.js";
import type { TransformNode } from "../../../src/rules/ast.js";
import { printOperand } from "../../../src/rules/print.js";
import { parseTemplate, TemplateError } from "../../../src/rules/template.js";
import { replayFields } from "../../support/replay-fields.js";
import { type Case, type Check, casesOf, type Suite, text, texts } from "../case.js";
import { captureOf } from "../cpp-setup.js";
import { canonical } from "../json.js";

const NAME = "libs_formatter";
const resolver: FieldResolver = resolveField;

/** Templates of outputs on one event. */
export function formatterSuite(): Suite {
  return { name: NAME, mode: "all", cases: casesOf(NAME), run };
}

/** What a template gives on an event. */
interface Result {
  readonly text: string;
  readonly complete: boolean;
  /** By token, as text and as JSON. */
  readonly values: Readonly<Record<string, string>>;
  readonly json: Readonly<Record<string, unknown>>;
}

async function run(one: Case): Promise<readonly Check[]> {
  const { inputs, expected } = one;
  const format = text(inputs["format"]);
  const result = formatted(format, one);
  const check = (what: string, want: unknown, got: unknown): Check => {
    const ok = canonical(want) === canonical(got ?? null);
    const detail = ok ? "" : `${format}: expected ${canonical(want)}, got ${canonical(got ?? null)}`;
    return { id: `${one.id}#${what}`, ok, detail };
  };
  if ("throws" in expected) return [check("throws", expected["throws"], typeof result === "string")];
  if (typeof result === "string") return [{ id: one.id, ok: false, detail: `${format}: ${result}` }];
  const checks: Check[] = [];
  if ("result" in expected) checks.push(check("result", expected["result"], result.complete));
  for (const [token, want] of Object.entries(expected["field_values"] ?? {})) {
    checks.push(check(token, want, result.values[token]));
  }
  if ("output" in expected) {
    const setup = texts(inputs["setup_cpp"]).join(" ");
    const isJson = inputs["output_format"] === "json" || setup.includes("OF_JSON");
    const json = Object.keys(result.json).length === 0 ? "null" : canonical(result.json);
    checks.push(check("output", expected["output"], isJson ? json : result.text));
  }
  return checks;
}

/** The result, or why the template is none. */
function formatted(format: string, one: Case): Result | string {
  const tolerant = format.startsWith("*");
  const template = format.slice(tolerant ? 1 : 0);
  try {
    parseTemplate(template, resolver, "syscall");
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
  const excluded = one.id.includes("excluded");
  const tokens = tokensOf(template, excluded);
  const set = new FieldSet();
  const whole = bound(template, set);
  const parts = tokens.map((token) => ({ token, template: bound(`%${token.text}`, set) }));
  let result: Result | undefined;
  // The event that counts is the last one: each writes over the one before.
  const visit = (e: EventView): void => {
    const values = set.values(e);
    const out = tolerant ? whole.text(e, values) : whole.strictText(e, values);
    const complete = tolerant || whole.complete;
    const found: Record<string, string> = {};
    const json: Record<string, unknown> = {};
    for (const { token, template: part } of parts) {
      const known = part.strictText(e, values);
      if (!part.complete && !tolerant) continue;
      found[token.name] = part.complete ? known : "<NA>";
      json[token.name] = token.field === null ? known : JSON.parse(token.field.value(e).json);
    }
    result = { text: out, complete, values: found, json };
  };
  replayFields(capture(one), set.fields, visit);
  if (result === undefined) throw new Error("no event");
  return result;
}

function capture(one: Case): string {
  const setup = texts(one.inputs["setup_cpp"]).filter((line) => !line.startsWith("auto of"));
  // The event is of the process that was made last.
  const [, tid = "1"] = /^generate_clone_x_event\(\s*\w+,\s*(\d+)/.exec(setup.at(-1) ?? "") ?? [];
  const event = `generate_getcwd_failed_entry_event(${tid})`;
  return captureOf(["add_default_init_thread()", ...setup, event]).toFile();
}

function bound(template: string, set: FieldSet): Template {
  const rule = { index: 0, name: "", desc: "", priority: 0, source: "syscall", tags: [], output: template };
  const condition = { kind: "and", children: [], range: { start: 0, end: 0 } } as const;
  const ruleSet = { rules: [{ ...rule, condition, eventTypes: null }], matching: "first" } as const;
  const plan = planOutputs({ kind: "text", iso8601: false }, ruleSet, resolver);
  return new Template(plan.templates[0] ?? [], set, resolver, "syscall");
}

/** A transformer and those inside of it. */
function callsIn(node: TransformNode): TransformNode[] {
  const parts = node.args.flatMap((arg) => (arg.kind === "list" ? arg.items : [arg]));
  return [node, ...parts.flatMap((part) => (part.kind === "transform" ? callsIn(part) : []))];
}

/** The fields and transformers of a template, and the fields inside of these. */
function tokensOf(template: string, excluded: boolean): { name: string; text: string; field: Field | null }[] {
  return parseTemplate(template, resolver, "syscall").flatMap((segment) => {
    if (segment.kind === "literal") return [];
    if (segment.kind === "field") return [{ name: segment.field.name, text: segment.field.name, field: segment.field }];
    const inner = segment.fields.map((field) => ({ name: field.name, text: field.name, field }));
    const calls = callsIn(segment.node).map((node) => {
      return { name: printOperand(node, false), text: printOperand(node, true), field: null };
    });
    return excluded ? inner : [...inner, ...calls];
  });
}
