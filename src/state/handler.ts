// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import type { Tables } from "./tables.js";

/** Applies one event to the tables. Runs once for each event of its type that the plan lets through. */
export type Handler = (c: Tables) => void;

/** A PlanTest and its operands (words 3 to 7 of a plan row). */
export type Test = readonly number[];

/** A handler, the event type that it is for, and the parameters (by index) that it reads. */
export interface Rule {
  readonly type: number;
  readonly run: Handler;
  readonly params: readonly number[];
  /** Spares the stage events that cannot change anything; the handler must check the same, since rules may want them. */
  readonly test?: Test;
}

/** Word offsets of an event type's parameters. */
export function wordsOf(type: number): readonly number[] {
  const event = EVENTS[type];
  if (event === undefined) throw new RangeError(`no event type ${type}`);
  return event.params.map((param) => param.word);
}

/** Word offset of one parameter. */
export function wordOf(type: number, param: number): number {
  return wordsOf(type)[param] ?? 0;
}
