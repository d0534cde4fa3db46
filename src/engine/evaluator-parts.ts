// SPDX-License-Identifier: Apache-2.0

import { createEncoder } from "../alerts/encode.js";
import type { EncoderOptions } from "../alerts/options.js";
import type { OutputPlan } from "../alerts/output-plan.js";
import { compileMatcher } from "../rules/compile.js";
import type { RuleSet } from "../rules/ruleset.js";
import { fieldsOf } from "../rules/static-fields.js";
import type { EvaluatorParts } from "./parts.js";

export interface EvaluatorSetup {
  readonly ruleSet: RuleSet;
  readonly encoder: EncoderOptions;
  readonly outputs: OutputPlan;
  /** Strings that the dictionary can hold. */
  readonly strings: number;
  readonly data: unknown;
}

/** What a worker evaluates events with: compiled for its thread alone. */
export function createEvaluator(setup: EvaluatorSetup): EvaluatorParts {
  const resolver = fieldsOf(setup.ruleSet);
  return {
    matcher: compileMatcher(setup.ruleSet, "syscall", resolver, { strings: setup.strings }),
    encoder: createEncoder(setup.encoder, setup.ruleSet, setup.outputs, resolver),
  };
}
