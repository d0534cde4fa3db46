// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import { loadRules, type RulesFile } from "../rules/load.js";
import type { RuleSet } from "../rules/ruleset.js";
import type { Context, RunFlags } from "./context.js";
import { type HostFiles, hostFiles } from "./host.js";
import { loadConfigured } from "./plugins.js";
import { readRuleSources } from "./rules-files.js";
import { configOf, loadOptions } from "./settings.js";
import { enabledSources } from "./sources.js";

/** What a run is made of, read from the files that its arguments name. */
export interface Prepared extends HostFiles {
  readonly config: Config;
  /** The capture to replay; null: none. */
  readonly capture: string | null;
  readonly plugins: readonly LoadedPlugin[];
  readonly rules: RuleSet;
  /** Where the rules are from. */
  readonly files: readonly RulesFile[];
}

/**
 * Reads configuration, plugins and rules, and tells what is wrong with them. Nothing is opened or changed by it.
 * @returns null where a rules file has errors, which are printed
 * @throws PeregrineError for everything else that keeps a run from starting
 */
export async function prepare(flags: RunFlags, context: Context): Promise<Prepared | null> {
  const { log } = context;
  const config = await configOf(flags, context);
  log.setLevel(config.logLevel);
  const sources = readRuleSources(flags, config, context);
  const plugins = await loadConfigured(config, context);
  enabledSources(flags, plugins);
  const host = hostFiles(config.lookups, (message) => log.warn(message));
  const rules = loadRuleSet(sources, flags, config, context, plugins);
  if (rules === null) return null;
  return { ...host, config, capture: flags.capture ?? config.capture, plugins, rules, files: sources };
}

/** The rules to run; null when a file has errors, which are printed. */
function loadRuleSet(
  sources: readonly RulesFile[],
  flags: RunFlags,
  config: Config,
  context: Context,
  plugins: readonly LoadedPlugin[],
): RuleSet | null {
  const { log } = context;
  const result = loadRules(sources, loadOptions(flags, config, context, plugins));
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  const warnings = result.diagnostics.filter(({ severity }) => severity === "warning");
  for (const { code, message, file, line, column, itemType, itemName } of warnings) {
    log.warn(`${file}:${line}:${column}: ${code}: ${message}`, { code, item: `${itemType} ${itemName}`.trim() });
  }
  if (errors.length === 0) return result.ruleSet;
  process.stderr.write(`${formatDiagnostics(errors)}\n`);
  return null;
}
