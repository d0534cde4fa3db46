// SPDX-License-Identifier: Apache-2.0

/*
 * The plan tells the reader what to do with each event type. Rules and fields ask for parameters, the state stage for
 * those its handlers read; the reader skips what nobody wants. One row of PLAN_WORDS words an event type:
 *
 *   w0 action   w1 mask of the parameters to decode for rules and outputs   w2 mask of those that the state stage reads
 *   w3 test     w4.. test's operands; the test applies where the action is STATE alone
 */

export const PLAN_WORDS = 8;

export const PlanAction = {
  /** Counted and passed over. */
  SKIP: 0,
  /** Goes to the state stage when the test holds. */
  STATE: 1,
  /** Goes to the state stage and to the rules. */
  RULES: 2,
  /** Added to one of these: its record's annex has the event's image. */
  IMAGE: 4,
} as const;

/** Cheap tests on the raw event that spare the state stage events that cannot change anything. */
export const PlanTest = {
  NONE: 0,
  /** Parameter w4 is present and not empty. */
  NOT_EMPTY: 1,
  /** Parameter w4 (an integer) is one of w5, w6, w7. */
  ONE_OF: 2,
  /** Parameter w4 (signed) is zero or more. */
  SUCCESS: 3,
} as const;

/** What one side wants of each event type: index = event type, value = mask of parameters; undefined = the type is not wanted. */
export type Demand = (number | undefined)[];
