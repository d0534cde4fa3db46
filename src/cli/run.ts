// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import { alertEncoder, openOutputs, readerGone } from "../engine/alerting.js";
import type { FailedEvent } from "../engine/crew.js";
import { replay } from "../engine/replay.js";
import type { Threads } from "../engine/threads.js";
import { watch } from "../engine/watch.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import { loadRules, type RulesFile } from "../rules/load.js";
import type { RuleSet } from "../rules/ruleset.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { failureText, finish } from "./finish.js";
import { exampleCapture, hostFiles } from "./host.js";
import { liveSettings } from "./live.js";
import { readRuleSources } from "./rules-files.js";
import { configOf, loadOptions } from "./settings.js";
import { stopOnSignals } from "./stop.js";
import { timingText } from "./summary.js";

/**
 * `peregrine -r RULES -e CAPTURE`: evaluates rules on a capture; without a capture on the system calls of this machine.
 * @returns the exit status
 */
export async function runRules(flags: RunFlags, context: Context, threads: Threads): Promise<number> {
  const phases: Record<string, number> = { loaded: performance.now() };
  const { log } = context;
  const config = await configOf(flags, context);
  log.setLevel(config.logLevel);
  const sources = readRuleSources(flags, config, context);
  const capture = flags.capture ?? config.capture;
  const outputs = openOutputs(config, (message) => log.error(message, { code: "OUTPUT_WRITE" }));
  const rules = loadRuleSet(sources, flags, config, context);
  if (rules === null) return Exit.FAILED;
  phases["rules"] = performance.now();
  const stop = stopOnSignals();
  try {
    const common = {
      rules,
      encoder: alertEncoder(config),
      threads,
      sink: (chunk: Buffer) => outputs.write(chunk),
      ...hostFiles(config.lookups, (message) => log.warn(message)),
      signal: stop.signal,
      onFailedEvent: ({ event, message }: FailedEvent) =>
        log.error(`event ${event} could not be evaluated: ${message}`, { event }),
      onWorkerDeath: (worker: number, error: Error) =>
        log.warn(`worker ${worker} died and was replaced: ${error.message}`),
    };
    let input = capture;
    if (input === null) {
      log.info(`watching this machine with ${rules.rules.length} rules`, { rules: rules.rules.length });
      await log.flush();
    }
    let report = await (input === null
      ? watch({ ...common, settings: liveSettings(flags) })
      : replay({ ...common, capture: input }));
    const example = flags.orExample === true ? exampleCapture() : null;
    if (input === null && report.failure !== null && example !== null) {
      input = example;
      log.warn(`${failureText(report.failure)} Until then, an example is replayed: ${input}`);
      report = await replay({ ...common, capture: input });
    }
    await outputs.close();
    const status = await finish(report, input, context, true);
    if (flags.debugTiming === true) process.stderr.write(timingText(report, phases));
    return outputs.failed ? Exit.FAILED : status;
  } catch (error) {
    // Nobody reads the alerts any more: there is nothing left to do, and nobody to tell on stdout.
    if (!readerGone(error)) {
      // What was delivered before is the user's all the same.
      await outputs.close();
      throw error;
    }
    log.error("The reader of the alerts has gone away", { code: "OUTPUT_WRITE" });
    return Exit.FAILED;
  } finally {
    stop.off();
  }
}

/** The rules to run; null when a file has errors, which are printed. */
function loadRuleSet(sources: readonly RulesFile[], flags: RunFlags, config: Config, context: Context): RuleSet | null {
  const { log } = context;
  const result = loadRules(sources, loadOptions(flags, config, context));
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  const warnings = result.diagnostics.filter(({ severity }) => severity === "warning");
  for (const { code, message, file, line, column, itemType, itemName } of warnings) {
    log.warn(`${file}:${line}:${column}: ${code}: ${message}`, { code, item: `${itemType} ${itemName}`.trim() });
  }
  if (errors.length === 0) return result.ruleSet;
  process.stderr.write(`${formatDiagnostics(errors)}\n`);
  return null;
}
