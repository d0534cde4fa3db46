// SPDX-License-Identifier: Apache-2.0

import { type Config, DEFAULT_CONFIG } from "../config/config.js";
import { alertEncoder, openOutputs, readerGone } from "../engine/alerting.js";
import { replay } from "../engine/replay.js";
import type { Threads } from "../engine/threads.js";
import { resolveField } from "../fields/registry.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import { loadRules } from "../rules/load.js";
import type { RuleSet } from "../rules/ruleset.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { finish } from "./finish.js";
import { hostRoot } from "./host.js";
import { readRulesFiles } from "./rules-files.js";
import { stopOnSignals } from "./stop.js";
import { timingText } from "./summary.js";

/** `peregrine -r RULES -e CAPTURE`: evaluates rules on a capture. @returns the exit status */
export async function runRules(flags: RunFlags, context: Context, threads: Threads): Promise<number> {
  const phases: Record<string, number> = { loaded: performance.now() };
  const { log } = context;
  const config = await configOf(flags, context);
  log.setLevel(config.logLevel);
  const capture = flags.capture ?? config.capture;
  if (capture === null) throw new PeregrineError("CAPTURE_NONE", "No capture to read: name one with -e CAPTURE.scap");
  const outputs = openOutputs(config, (message) => log.error(message));
  const rules = loadRuleSet(flags, config, context);
  if (rules === null) return Exit.FAILED;
  phases["rules"] = performance.now();
  const stop = stopOnSignals();
  try {
    const report = await replay({
      capture,
      rules,
      encoder: alertEncoder(config),
      threads,
      sink: (chunk) => outputs.write(chunk),
      hostRoot: hostRoot(),
      signal: stop.signal,
      onFailedEvent: ({ event, message }) => log.error(`event ${event} could not be evaluated: ${message}`, { event }),
      onWorkerDeath: (worker, error) => log.warn(`worker ${worker} died and was replaced: ${error.message}`),
    });
    await outputs.close();
    const status = await finish(report, capture, context, true);
    if (flags.debugTiming === true) process.stderr.write(timingText(report, phases));
    return status;
  } catch (error) {
    // Nobody reads the alerts any more: there is nothing left to do, and nobody to tell on stdout.
    if (!readerGone(error)) throw error;
    log.error("The reader of the alerts has gone away", { code: "OUTPUT_WRITE" });
    return Exit.FAILED;
  } finally {
    stop.off();
  }
}

async function configOf(flags: RunFlags, { log }: Context): Promise<Config> {
  const options = flags.option ?? [];
  if (flags.config === undefined && options.length === 0) return DEFAULT_CONFIG;
  const { loadConfig } = await import("../config/load.js");
  const { config, warnings } = loadConfig(flags.config ?? null, options);
  for (const warning of warnings) log.warn(`configuration: ${warning}`);
  return config;
}

/** The rules to run; null when a file has errors, which are printed. */
function loadRuleSet(flags: RunFlags, config: Config, { log }: Context): RuleSet | null {
  const paths = flags.rules ?? config.rulesFiles;
  const files = readRulesFiles(paths, flags.rules !== undefined, (message) => log.warn(message));
  if (files.length === 0) {
    throw new PeregrineError(
      "RULES_NONE",
      "You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml",
    );
  }
  const result = loadRules(files, {
    resolver: resolveField,
    priority: config.priority,
    matching: config.matching,
    selection: config.selection,
    appendOutput: config.appendOutput,
  });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  const warnings = result.diagnostics.filter(({ severity }) => severity === "warning");
  for (const { code, message, file, line, column, itemType, itemName } of warnings) {
    log.warn(`${file}:${line}:${column}: ${code}: ${message}`, { code, item: `${itemType} ${itemName}`.trim() });
  }
  if (errors.length === 0) return result.ruleSet;
  process.stderr.write(`${formatDiagnostics(errors)}\n`);
  return null;
}
