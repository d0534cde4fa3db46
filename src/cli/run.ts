// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import { alertEncoder, openOutputs, readerGone } from "../engine/alerting.js";
import type { FailedEvent } from "../engine/crew.js";
import { run } from "../engine/run.js";
import type { Threads } from "../engine/threads.js";
import { totals } from "../engine/totals.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import { loadRules, type RulesFile } from "../rules/load.js";
import type { RuleSet } from "../rules/ruleset.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { failureText, finish } from "./finish.js";
import { exampleCapture, hostFiles } from "./host.js";
import { liveSettings } from "./live.js";
import { loadConfigured, pluginTeller } from "./plugins.js";
import { readRuleSources } from "./rules-files.js";
import { configOf, loadOptions } from "./settings.js";
import { enabledSources, runSources } from "./sources.js";
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
  const plugins = await loadConfigured(config, context);
  enabledSources(flags, plugins);
  const { hostRoot, services } = hostFiles(config.lookups, (message) => log.warn(message));
  const outputs = openOutputs(config, (message) => log.error(message, { code: "OUTPUT_WRITE" }));
  const rules = loadRuleSet(sources, flags, config, context, plugins);
  if (rules === null) return Exit.FAILED;
  phases["rules"] = performance.now();
  const stop = stopOnSignals();
  try {
    const progress = process.stderr.isTTY ? { onProgress: showProgress } : {};
    const common = {
      plugins,
      rules,
      encoder: alertEncoder(config),
      threads,
      sink: (chunk: Buffer) => outputs.write(chunk),
      services,
      signal: stop.signal,
      onFailedEvent: ({ event, message }: FailedEvent) =>
        log.error(`event ${event} could not be evaluated: ${message}`, { event }),
      onWorkerDeath: (worker: number, error: Error) =>
        log.warn(`worker ${worker} died and was replaced: ${error.message}`),
      onPlugin: pluginTeller(context),
      ...progress,
    };
    let input = capture;
    const reads = runSources(capture, flags, plugins, hostRoot, liveSettings(flags));
    const watching = reads.some(({ spec }) => spec.kind === "live");
    if (flags.write !== undefined && !watching) {
      const message = "-w records what is watched; peregrine read CAPTURE -w copies a capture";
      throw new PeregrineError("OPTION_CONFLICT", message);
    }
    if (flags.gzip === true && flags.write === undefined) {
      throw new PeregrineError("OPTION_CONFLICT", "--gzip says how to write: give it together with -w");
    }
    if (watching) {
      log.info(`watching this machine with ${rules.rules.length} rules`, { rules: rules.rules.length });
      await log.flush();
    }
    let report = totals(await run({ ...common, sources: reads }));
    const example = flags.orExample === true ? exampleCapture() : null;
    if (watching && report.failure !== null && example !== null) {
      input = example;
      log.warn(`${failureText(report.failure)} Until then, an example is replayed: ${input}`);
      const sources = runSources(input, flags, plugins, hostRoot, liveSettings(flags));
      report = totals(await run({ ...common, sources }));
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

/** How far a source is, on one line of the terminal that the next one takes the place of. */
function showProgress(plugin: string, { percent, text }: { readonly percent: number; readonly text: string }): void {
  process.stderr.write(`\r\x1b[K${plugin}: ${percent.toFixed(1)} % ${text.replaceAll(/\p{Cc}/gu, " ")}`);
}
