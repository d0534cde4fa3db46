// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import { decodeUtf8, jsonString } from "../fields/json-text.js";
import { isoText } from "../fields/render/clock.js";
import type { EventView } from "../fields/view.js";
import { PRIORITIES, type Rule, type RuleSet } from "../rules/ruleset.js";
import type { Chunk } from "./chunk.js";
import type { Encoder } from "./encoder.js";
import { FieldSet, Template } from "./format.js";
import type { AlertOptions } from "./options.js";
import { fieldOf, type OutputPlan } from "./output-plan.js";

/** A member of output_fields: the JSON of its key with the colon, and where its value comes from. */
interface Member {
  readonly key: string;
  readonly name: string;
  readonly json: (e: EventView, values: ReturnType<FieldSet["values"]>) => string;
}

/** Byte order of the UTF-8, as a sorted map of strings has it. */
function byBytes(a: Member, b: Member): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** How one rule's alerts are written. */
interface Form {
  readonly set: FieldSet;
  readonly message: Template;
  /** Place of the time that the line begins with among the set's values. */
  readonly time: number;
  readonly priority: string;
  readonly members: readonly Member[];
  /** The constant parts of the JSON object. */
  readonly head: string;
  readonly tail: string;
}

function formOf(rule: Rule, plan: OutputPlan, options: AlertOptions, resolver: FieldResolver): Form {
  const { source } = rule;
  const set = new FieldSet();
  const time = set.add(fieldOf(options.iso8601 ? "evt.time.iso8601" : "evt.time", resolver, source));
  const message = new Template(plan.templates[rule.index], set, resolver, source);
  const members = new Map<string, Member>();
  for (const [place, field] of set.fields.entries()) {
    const name = decodeUtf8(field.name);
    members.set(name, { key: `${JSON.stringify(name)}:`, name, json: (_e, values) => values[place].json });
  }
  for (const { name, parts } of plan.extras[rule.index] ?? []) {
    const key = `${JSON.stringify(name)}:`;
    if (parts === null) {
      const field = fieldOf(name, resolver, source);
      members.set(name, { key, name, json: (e) => field.value(e).json });
    } else {
      // Its fields are no members themselves.
      const own = new FieldSet();
      const template = new Template(parts, own, resolver, source);
      members.set(name, { key, name, json: (e) => jsonString(template.text(e, own.values(e))) });
    }
  }
  const priority = PRIORITIES[rule.priority];
  const tags = options.includeTags ? `"tags":${JSON.stringify(rule.tags)},` : "";
  return {
    set,
    message,
    time,
    priority,
    members: [...members.values()].sort(byBytes),
    head: `{"hostname":${JSON.stringify(options.hostname)}`,
    tail: `,"priority":"${priority}","rule":${JSON.stringify(rule.name)},"source":${JSON.stringify(source)},${tags}"time":"`,
  };
}

/** Forms by rule, made when a rule first matches: most never do, and the first alert need not wait for them. */
class Forms {
  private readonly forms: (Form | undefined)[] = [];

  constructor(
    private readonly ruleSet: RuleSet,
    private readonly plan: OutputPlan,
    private readonly options: AlertOptions,
    private readonly resolver: FieldResolver,
  ) {}

  of(index: number): Form {
    const known = this.forms[index];
    if (known !== undefined) return known;
    const form = formOf(this.ruleSet.rules[index], this.plan, this.options, this.resolver);
    this.forms[index] = form;
    return form;
  }
}

/**
 * Alerts as JSON objects, one a line, keys in alphabetical order:
 * hostname, message, output, output_fields, priority, rule, source, tags, time.
 */
export class JsonAlerts implements Encoder {
  private readonly forms: Forms;

  constructor(
    ruleSet: RuleSet,
    plan: OutputPlan,
    private readonly options: AlertOptions,
    resolver: FieldResolver,
  ) {
    this.forms = new Forms(ruleSet, plan, options, resolver);
  }

  encode(e: EventView, hits: Int32Array, count: number, out: Chunk): void {
    const time = isoText(e.time);
    for (let i = 0; i < count; i++) out.line(this.alert(e, this.forms.of(hits[i]), time));
  }

  private alert(e: EventView, form: Form, time: string): string {
    const { options } = this;
    const values = form.set.values(e);
    let line = form.head;
    if (options.includeMessage || options.includeOutput) {
      const message = decodeUtf8(form.message.text(e, values));
      if (options.includeMessage) line += `,"message":${JSON.stringify(message)}`;
      if (options.includeOutput) {
        line += `,"output":${JSON.stringify(`${values[form.time].text}: ${form.priority} ${message}`)}`;
      }
    }
    if (options.includeOutputFields) {
      let separator = ',"output_fields":{';
      for (const member of form.members) {
        line += separator + member.key + member.json(e, values);
        separator = ",";
      }
      line += "}";
    }
    return `${line}${form.tail}${time}Z"}`;
  }
}

/**
 * Alerts as text, one a line: `time: Priority message`. The line is escaped as the inside of a JSON string, so that no
 * value can break it: quotes and backslashes get a backslash, control characters an escape.
 */
export class TextAlerts implements Encoder {
  private readonly forms: Forms;

  constructor(ruleSet: RuleSet, plan: OutputPlan, options: AlertOptions, resolver: FieldResolver) {
    this.forms = new Forms(ruleSet, plan, options, resolver);
  }

  encode(e: EventView, hits: Int32Array, count: number, out: Chunk): void {
    for (let i = 0; i < count; i++) {
      const form = this.forms.of(hits[i]);
      const values = form.set.values(e);
      const line = `${values[form.time].text}: ${form.priority} ${form.message.text(e, values)}`;
      out.line(jsonString(line).slice(1, -1));
    }
  }
}
