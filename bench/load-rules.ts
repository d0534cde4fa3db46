// SPDX-License-Identifier: Apache-2.0

import { readRulesFiles } from "../src/cli/rules-files.js";
import { resolveField } from "../src/fields/registry.js";
import { formatDiagnostics } from "../src/rules/diagnostic.js";
import { loadRules } from "../src/rules/load.js";
import type { RuleSet } from "../src/rules/ruleset.js";
import { PeregrineError } from "../src/telemetry/errors.js";

/**
 * Loads rule files.
 * @param all every rule runs, also those that are disabled in the files
 * @throws PeregrineError RULES_INVALID with all that is wrong
 */
export function loadRuleSet(paths: readonly string[], all: boolean): RuleSet {
  const files = readRulesFiles(paths, true, () => {});
  const result = loadRules(files, { resolver: resolveField, selection: all ? [{ enable: true, rule: "*" }] : [] });
  if (result.ok) return result.ruleSet;
  throw new PeregrineError("RULES_INVALID", formatDiagnostics(result.diagnostics));
}
