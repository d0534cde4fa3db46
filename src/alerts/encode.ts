// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import type { RuleSet } from "../rules/ruleset.js";
import { JsonAlerts, TextAlerts } from "./alert.js";
import type { Encoder } from "./encoder.js";
import { FieldLines, JsonLines, TemplateLines } from "./event-lines.js";
import { DEFAULT_ALERT_OPTIONS, type EncoderOptions } from "./options.js";
import type { OutputPlan } from "./output-plan.js";

export function createEncoder(
  options: EncoderOptions,
  ruleSet: RuleSet,
  plan: OutputPlan,
  resolver: FieldResolver,
): Encoder {
  switch (options.kind) {
    case "json":
      return new JsonAlerts(ruleSet, plan, options, resolver);
    case "text": {
      const alertOptions = { ...DEFAULT_ALERT_OPTIONS, hostname: "", iso8601: options.iso8601 };
      return new TextAlerts(ruleSet, plan, alertOptions, resolver);
    }
    case "read":
      return new TemplateLines(plan.templates[0], options.template.startsWith("*"), resolver);
    case "read-fields":
      return new FieldLines(options.fields, resolver);
    case "read-json":
      return new JsonLines(options.fields, resolver);
  }
}
