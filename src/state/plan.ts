// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag } from "../batch/event-table.generated.js";
import { type Demand, PLAN_WORDS, PlanAction } from "../batch/plan.js";
import { RULES } from "./handlers.js";

/** Tells which events of a type can change state: a PlanTest and its operands (words 4 to 7 of a plan row). */
export interface StateTest {
  readonly test: number;
  readonly operands: readonly number[];
}

/** What the state stage wants of the reader. */
export interface StateDemand {
  /** Types that change state: the parameters that their handlers read. */
  readonly masks: Demand;
  /** Types of which only some events change state: how to tell. */
  readonly tests: readonly (StateTest | undefined)[];
  /** What the stage reads of a type besides when rules want its events: the number of the fd that it works on. */
  readonly assists: Demand;
}

export function stateDemand(): StateDemand {
  const masks: Demand = [];
  const tests: (StateTest | undefined)[] = [];
  const assists: Demand = [];
  for (const rule of RULES) {
    let mask = 0;
    for (const param of rule.params) mask |= 1 << param;
    masks[rule.type] = mask | fdMask(rule.type);
    const [test, ...operands] = rule.test ?? [];
    if (test !== undefined) tests[rule.type] = { test, operands };
  }
  for (const event of EVENTS) if (fdMask(event.id) !== 0) assists[event.id] = fdMask(event.id);
  return { masks, tests, assists };
}

/** The parameter with the fd that an event of this type works on. */
function fdMask(type: number): number {
  const event = EVENTS[type];
  return event !== undefined && event.fdParam >= 0 && (event.flags & EventFlag.USES_FD) !== 0 ? 1 << event.fdParam : 0;
}

/**
 * The reader's plan for rules that want `rules` (parameters by event type; undefined = the type is not wanted).
 * Types that no rule wants go to the state stage alone, and those that change nothing are skipped.
 */
export function makePlan(rules: Demand): Int32Array {
  const { masks, tests, assists } = stateDemand();
  const plan = new Int32Array(EVENTS.length * PLAN_WORDS);
  for (let type = 0; type < EVENTS.length; type++) {
    const at = type * PLAN_WORDS;
    const wanted = rules[type];
    const state = masks[type];
    if (wanted !== undefined) {
      plan[at] = PlanAction.RULES;
      plan[at + 1] = wanted;
      plan[at + 2] = (state ?? 0) | (assists[type] ?? 0);
    } else if (state !== undefined) {
      plan[at] = PlanAction.STATE;
      plan[at + 2] = state;
    }
    const test = tests[type];
    if (test === undefined) continue;
    plan[at + 3] = test.test;
    test.operands.forEach((operand, i) => {
      plan[at + 4 + i] = operand;
    });
  }
  return plan;
}
