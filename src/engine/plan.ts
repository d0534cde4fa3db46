// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import { type Demand, PLAN_WORDS, PlanAction, PlanTest } from "../batch/plan.js";

/** A test that spares the state stage events of one type; see PlanTest. */
export interface StateTest {
  readonly test: number;
  readonly operands: readonly number[];
}

/**
 * Joins what rules and outputs want with what the state stage wants into the reader's plan.
 * @param rules masks of the parameters that rules and outputs read, undefined where no rule wants the type
 * @param state the same for the state stage
 * @param tests tests by event type, for types that the state stage alone wants
 */
export function makePlan(rules: Demand, state: Demand, tests: readonly (StateTest | undefined)[]): Int32Array {
  const plan = new Int32Array(EVENTS.length * PLAN_WORDS);
  for (let type = 0; type < EVENTS.length; type++) {
    const base = type * PLAN_WORDS;
    const wanted = rules[type];
    const changes = state[type];
    plan[base] = wanted !== undefined ? PlanAction.RULES : changes !== undefined ? PlanAction.STATE : PlanAction.SKIP;
    plan[base + 1] = wanted ?? 0;
    plan[base + 2] = changes ?? 0;
    const test = tests[type];
    plan[base + 3] = test?.test ?? PlanTest.NONE;
    test?.operands.forEach((operand, i) => {
      plan[base + 4 + i] = operand;
    });
  }
  return plan;
}
