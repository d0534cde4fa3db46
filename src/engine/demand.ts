// SPDX-License-Identifier: Apache-2.0

import { outputFields } from "../alerts/encode.js";
import type { EncoderOptions } from "../alerts/options.js";
import type { Demand } from "../batch/plan.js";
import { resolveField } from "../fields/registry.js";
import { demandOf } from "../rules/demand.js";
import type { RuleSet } from "../rules/ruleset.js";

/** What conditions and outputs read of each event type. */
export function outputDemand(rules: RuleSet, encoder: EncoderOptions): Demand {
  return demandOf(rules, "syscall", resolveField, outputFields(encoder, rules, resolveField));
}
