// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import type { Demand } from "../batch/plan.js";
import type { RuleSet } from "../rules/ruleset.js";

/** What rules and outputs read of each event type. */
export function outputDemand(_rules: RuleSet, _encoder: EncoderOptions): Demand {
  return [];
}
