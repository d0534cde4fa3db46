// SPDX-License-Identifier: Apache-2.0

/** Runs over a capture that print fields of its events. */

import assert from "node:assert/strict";
import { listFields, resolveField } from "../../src/fields/registry.js";
import { ruleFromCondition } from "../../src/rules/condition-rule.js";
import type { RuleSet } from "../../src/rules/ruleset.js";
import { run } from "../e2e/support.js";

/** One rule that holds where the condition does. */
export function conditionRules(condition: string): RuleSet {
  const rule = ruleFromCondition("test", condition, "%evt.num", "syscall", resolveField);
  assert.ok(!("severity" in rule), condition);
  return { rules: [rule], matching: "first" };
}

function isAvailable(name: string): boolean {
  return !("error" in resolveField(name, "syscall"));
}

/** Every field of system calls that can be asked for without an argument. */
export function plainFields(): string[] {
  return listFields("syscall")
    .filter(({ name, arg, filterOnly }) => arg?.required !== true && !filterOnly && isAvailable(name))
    .map(({ name }) => name);
}

/** The events on which a condition holds as lines of fields with tabs between them, or as JSON. */
export async function everything(
  capture: string,
  fields: readonly string[],
  condition = "evt.num > 0",
  kind: "read-fields" | "read-json" = "read-fields",
): Promise<string> {
  const { output, report } = await run(capture, conditionRules(condition), 1, { encoder: { kind, fields } });
  assert.equal(report.failure, null);
  return output;
}
