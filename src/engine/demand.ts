// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import { type OutputPlan, outputFields, planOutputs } from "../alerts/output-plan.js";
import { type AnnexDemand, noAnnex } from "../batch/annex.js";
import type { Demand } from "../batch/plan.js";
import { demandOf } from "../rules/demand.js";
import type { RuleSet } from "../rules/ruleset.js";
import { fieldsOf } from "../rules/static-fields.js";

export function outputPlan(rules: RuleSet, encoder: EncoderOptions): OutputPlan {
  return planOutputs(encoder, rules, fieldsOf(rules));
}

/** What conditions and outputs read of each event type; what they read of annexes is added to `annex`. */
export function rulesDemand(
  rules: RuleSet,
  encoder: EncoderOptions,
  outputs: OutputPlan,
  annex: AnnexDemand = noAnnex(),
): Demand {
  const resolver = fieldsOf(rules);
  return demandOf(rules, "syscall", resolver, outputFields(outputs, encoder, rules, resolver), annex);
}
