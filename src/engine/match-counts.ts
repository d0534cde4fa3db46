// SPDX-License-Identifier: Apache-2.0

import { PRIORITIES } from "../rules/ruleset.js";
import type { MatchCounts } from "./report.js";
import type { NamedRule } from "./rule-change.js";

/**
 * Matches of all rules that a run has had: rules of several versions with the same name and priority count as one.
 * @param versions the rules of each
 * @param matches of each source: by version, then by rule
 */
export function countMatches(
  versions: readonly (readonly NamedRule[])[],
  matches: readonly ReadonlyMap<number, readonly number[]>[],
): Omit<MatchCounts, "alerts"> {
  const byPriority = PRIORITIES.map(() => 0);
  const byRule = new Map<string, { rule: string; priority: number; count: number }>();
  for (const [version, rules] of versions.entries()) {
    for (const { index, name, priority } of rules) {
      const count = matches.reduce((sum, counts) => sum + (counts.get(version)?.[index] ?? 0), 0);
      if (count === 0) continue;
      byPriority[priority] += count;
      const key = `${priority} ${name}`;
      const known = byRule.get(key);
      if (known === undefined) byRule.set(key, { rule: name, priority, count });
      else known.count += count;
    }
  }
  return { byRule: [...byRule.values()], byPriority };
}
