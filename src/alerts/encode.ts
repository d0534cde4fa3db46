// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver } from "../fields/field.js";
import type { Rule, RuleSet } from "../rules/ruleset.js";
import { JsonAlerts, TextAlerts } from "./alert.js";
import type { Encoder } from "./encoder.js";
import { FieldLines, JsonLines, TemplateLines } from "./event-lines.js";
import { FieldSet, fieldOf, templateOf } from "./format.js";
import { DEFAULT_ALERT_OPTIONS, type EncoderOptions } from "./options.js";

export function createEncoder(options: EncoderOptions, ruleSet: RuleSet, resolver: FieldResolver): Encoder {
  switch (options.kind) {
    case "json":
      return new JsonAlerts(ruleSet, options, resolver);
    case "text":
      return new TextAlerts(ruleSet, { ...DEFAULT_ALERT_OPTIONS, hostname: "", iso8601: options.iso8601 }, resolver);
    case "read":
      return new TemplateLines(options.template, resolver);
    case "read-fields":
      return new FieldLines(options.fields, resolver);
    case "read-json":
      return new JsonLines(options.fields, resolver);
  }
}

/** The fields that the encoder reads for each rule: what the reader must decode for outputs. */
export function outputFields(options: EncoderOptions, ruleSet: RuleSet, resolver: FieldResolver): (readonly Field[])[] {
  switch (options.kind) {
    case "json":
    case "text":
      return ruleSet.rules.map((rule) => ruleFields(rule, resolver));
    case "read": {
      const set = new FieldSet();
      templateOf(Buffer.from(options.template).toString("latin1"), set, resolver, "syscall");
      return ruleSet.rules.map(() => set.fields);
    }
    case "read-fields":
    case "read-json": {
      const fields = options.fields.map((name) => fieldOf(name, resolver, "syscall"));
      return ruleSet.rules.map(() => fields);
    }
  }
}

function ruleFields(rule: Rule, resolver: FieldResolver): readonly Field[] {
  const set = new FieldSet();
  templateOf(rule.output, set, resolver, rule.source);
  for (const { name, template } of rule.extraFields ?? []) {
    if (template === null) set.add(fieldOf(name, resolver, rule.source));
    else templateOf(template, set, resolver, rule.source);
  }
  return set.fields;
}
