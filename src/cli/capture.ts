// SPDX-License-Identifier: Apache-2.0

import { eventEncoder } from "../engine/alerting.js";
import { run } from "../engine/run.js";
import type { Threads } from "../engine/threads.js";
import { totals } from "../engine/totals.js";
import { DEFAULT_LIVE, watch } from "../engine/watch.js";
import { resolveField } from "../fields/registry.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { ruleFromCondition } from "../rules/condition-rule.js";
import type { RuleSet } from "../rules/ruleset.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type CaptureFlags, type Context, Exit } from "./context.js";
import { finish } from "./finish.js";
import { recordTo } from "./live.js";
import { pluginTeller } from "./plugins.js";
import { loadForReading } from "./read-plugins.js";
import { recordSources, runSources } from "./sources.js";
import { stopOnSignals } from "./stop.js";

/** Every event goes to the capture, and none is shown: the condition makes the kernel hand out all of them. */
const NOTHING_SHOWN = "evt.num < 0";

/**
 * `peregrine capture -w FILE`: records the system calls of this machine, or the sources of the plugins that a configuration
 * loads. @returns the exit status
 */
export async function recordCapture(flags: CaptureFlags, context: Context, threads: Threads): Promise<number> {
  const { plugins } = await loadForReading(flags, context);
  const stop = stopOnSignals();
  try {
    if (plugins.some(({ source }) => source !== null)) {
      return await recordPlugins(plugins, flags, context, threads, stop.signal);
    }
    return await recordMachine(flags, context, threads, stop.signal);
  } finally {
    stop.off();
  }
}

async function recordMachine(
  flags: CaptureFlags,
  context: Context,
  threads: Threads,
  signal: AbortSignal,
): Promise<number> {
  const rule = ruleFromCondition("capture", NOTHING_SHOWN, "%evt.num", "syscall", resolveField);
  if ("severity" in rule) throw new Error("the condition of the recorder is not valid");
  const report = await watch({
    rules: { rules: [rule], matching: "first" },
    encoder: eventEncoder(null, false),
    threads,
    sink: () => undefined,
    hostRoot: null,
    services: null,
    signal,
    settings: {
      ...DEFAULT_LIVE,
      record: recordTo(
        flags.write,
        flags.gzip === true,
        (flags.megabytes ?? 0) * 1024 * 1024,
        (flags.seconds ?? 0) * 1e9,
      ),
    },
  });
  const status = await finish(report, null, context, false);
  if (status === Exit.OK) {
    const lost = report.ledger.lost.reduce((sum, { events }) => sum + events, 0);
    context.log.info(`${report.events} events were recorded, ${lost} lost`, { file: flags.write });
  }
  return status;
}

const NO_RULES: RuleSet = { rules: [], matching: "first" };

async function recordPlugins(
  plugins: readonly LoadedPlugin[],
  flags: CaptureFlags,
  context: Context,
  threads: Threads,
  signal: AbortSignal,
): Promise<number> {
  if (flags.megabytes !== undefined) {
    throw new PeregrineError("OPTION_CONFLICT", "--megabytes bounds captures of this machine's system calls only");
  }
  const { seconds } = flags;
  const signals = seconds === undefined ? [signal] : [signal, AbortSignal.timeout(seconds * 1000)];
  const report = totals(
    await run({
      sources: recordSources(
        runSources(null, flags, { kernel: false }, plugins, { hostRoot: null, containers: false }, DEFAULT_LIVE),
        flags,
      ),
      plugins,
      rules: NO_RULES,
      encoder: eventEncoder(null, false),
      threads,
      sink: () => undefined,
      signal: AbortSignal.any(signals),
      onPlugin: pluginTeller(context),
    }),
  );
  const status = await finish(report, null, context, false);
  if (status === Exit.OK) context.log.info(`${report.events} events were recorded`, { file: flags.write });
  return status;
}
