// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag } from "../batch/event-table.generated.js";
import { type Demand, PLAN_WORDS, PlanAction, PlanTest } from "../batch/plan.js";
import { loadAddon } from "../capture/addon.js";

/** Words of a rule of the stage, as the addon lists them: type, mask of parameters, parts that ask for it, test, operands. */
const RULE_WORDS = 8;

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

/** @param parts what rules ask of annexes, AnnexPart bits: some events are applied for their sake alone */
export function stateDemand(parts = 0): StateDemand {
  const masks: Demand = [];
  const tests: (StateTest | undefined)[] = [];
  const assists: Demand = [];
  const rules = loadAddon().stateRules();
  for (let at = 0; at < rules.length; at += RULE_WORDS) {
    const [type = 0, mask = 0, when = 0, test = PlanTest.NONE, ...operands] = rules.subarray(at, at + RULE_WORDS);
    if (when !== 0 && (when & parts) === 0) continue;
    // Of two rules for a type the later one holds.
    masks[type] = mask | fdMask(type);
    tests[type] = test === PlanTest.NONE ? undefined : { test, operands };
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
 * @param parts what the rules ask of annexes
 * @param images types whose events plugins are given as they are, by type
 */
export function makePlan(rules: Demand, parts = 0, images: readonly boolean[] = []): Int32Array {
  const { masks, tests, assists } = stateDemand(parts);
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
    if (images[type] === true) {
      plan[at] = (plan[at] || PlanAction.STATE) | PlanAction.IMAGE;
      continue;
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
