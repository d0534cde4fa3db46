// SPDX-License-Identifier: Apache-2.0

import type { RuleSet } from "../rules/ruleset.js";

/** Which matches captures are wanted around, and how long. */
export interface CaptureRules {
  /** rules: those of rules that say so; all_rules: all. */
  readonly mode: "rules" | "all_rules";
  /** ms, where the rule does not say. */
  readonly defaultDuration: number;
}

/** A match that a capture is wanted around. */
export interface CaptureMatch {
  readonly event: number;
  /** ns since the epoch. */
  readonly time: bigint;
  /** For so many ns after it. */
  readonly duration: number;
}

/** By rule: ns after a match for which a capture is wanted, -1 = none is; null: no rule wants any. */
export function captureDurations({ rules }: RuleSet, wanted: CaptureRules | undefined): Float64Array | null {
  if (wanted === undefined) return null;
  const durations = Float64Array.from(rules, ({ capture, captureDuration = 0 }) =>
    capture === true || wanted.mode === "all_rules" ? (captureDuration || wanted.defaultDuration) * 1e6 : -1,
  );
  return durations.some((duration) => duration >= 0) ? durations : null;
}
