// SPDX-License-Identifier: Apache-2.0

import type { Node } from "./ast.js";

/** Names as they stand in alerts; the index is the severity. */
export const PRIORITIES = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;

/** A rule that is ready to run. Plain data: it is sent to the workers as it is. */
export interface Rule {
  /** Place in the evaluation order, and in RuleSet.rules. */
  readonly index: number;
  readonly name: string;
  readonly desc: string;
  /** 0 (Emergency) to 7 (Debug). */
  readonly priority: number;
  readonly source: string;
  /** Sorted. */
  readonly tags: readonly string[];
  /** Macros, lists and exceptions expanded. */
  readonly condition: Node;
  /** Event types that the condition can hold on, ascending; null for sources other than syscall: all of theirs. */
  readonly eventTypes: readonly number[] | null;
  /** Output template without the leading "*", appended outputs included. A binary string. */
  readonly output: string;
  /** A capture is wanted around its matches; ms after them, 0 = as long as the configuration says. */
  readonly capture?: boolean;
  readonly captureDuration?: number;
  /** Fields that alerts have besides those of the output; absent = none. */
  readonly extraFields?: readonly { readonly name: string; readonly template: string | null }[];
}

/** The enabled rules at or above the priority threshold, of all sources, in evaluation order. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** first: an event raises one alert, by its first matching rule; all: one by each matching rule. */
  readonly matching: "first" | "all";
  /** Values of the fields `static.KEY`; absent = none. */
  readonly staticFields?: Readonly<Record<string, string>>;
  /** The rules are for events of every source, those of plugins that are not loaded too, and name fields of any. */
  readonly everywhere?: boolean;
}
