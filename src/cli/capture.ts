// SPDX-License-Identifier: Apache-2.0

import { eventEncoder } from "../engine/alerting.js";
import type { ReplayReport } from "../engine/report.js";
import { type FinishedCapture, type Running, run } from "../engine/run.js";
import type { Threads } from "../engine/threads.js";
import { totals } from "../engine/totals.js";
import { DEFAULT_LIVE, type LiveRecord, type LiveSettings, type WatchOptions, watch } from "../engine/watch.js";
import { resolveField } from "../fields/registry.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { ruleFromCondition } from "../rules/condition-rule.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import type { RuleSet } from "../rules/ruleset.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type CaptureFlags, type Context, Exit } from "./context.js";
import { finish } from "./finish.js";
import { liveSettings, recordTo, tellNamespace } from "./live.js";
import { pluginTeller } from "./plugins.js";
import { loadForReading } from "./read-plugins.js";
import { recordSources, runSources } from "./sources.js";
import { stopOnSignals } from "./stop.js";

/**
 * Every event goes to the capture, and none is shown: a condition on events of all types, so that all leave the kernel. That
 * no event has such a number must not be known beforehand.
 */
const NOTHING_SHOWN = "evt.num > 9007199254740991";

/** `peregrine capture -w FILE`: records the system calls of this machine. @returns the exit status */
export async function recordCapture(flags: CaptureFlags, context: Context, threads: Threads): Promise<number> {
  const { plugins, kernel } = await loadForReading(flags, context);
  if (plugins.some(({ source }) => source !== null)) return await recordPlugins(plugins, flags, context, threads);
  const { filter, write } = flags;
  const rule = ruleFromCondition("--filter", filter ?? NOTHING_SHOWN, "%evt.num", "syscall", resolveField);
  if ("severity" in rule) {
    process.stderr.write(`${formatDiagnostics([rule])}\n`);
    return Exit.FAILED;
  }
  tellNamespace(context.log);
  const stop = stopOnSignals();
  const rules = { rules: [rule], matching: "first" } as const;
  const common = { rules, threads, hostRoot: null, services: null, signal: stop.signal };
  const to = recordTo(write, flags.gzip === true, (flags.megabytes ?? 0) * 1024 * 1024, (flags.seconds ?? 0) * 1e9);
  try {
    const live = liveSettings({}, kernel);
    const recording = filter === undefined ? recordAll(common, live, to) : recordChosen(common, live, to);
    const { report, events } = await recording;
    // What cannot be written is a matter of the file that was named.
    const file = report.failure?.code.startsWith("CAPTURE_") === true ? write : null;
    const status = await finish(report, file, context, false);
    if (status === Exit.OK) {
      const lost = report.ledger.lost.reduce((sum, each) => sum + each.events, 0);
      context.log.info(`${events}, ${lost} lost`, { file: write });
    }
    return status;
  } finally {
    stop.off();
  }
}

type Common = Omit<WatchOptions, "encoder" | "sink" | "settings">;

interface Recorded {
  readonly report: ReplayReport;
  /** What was recorded, in words. */
  readonly events: string;
}

async function recordAll(common: Common, live: LiveSettings, record: LiveRecord): Promise<Recorded> {
  const settings = { ...live, record };
  const report = await watch({ ...common, encoder: eventEncoder(null, false), sink: () => undefined, settings });
  return { report, events: `${report.events} events were recorded` };
}

/** Records what the condition chooses: lines of the run tell the numbers of its events, in their order. */
async function recordChosen(common: Common, settings: LiveSettings, to: LiveRecord): Promise<Recorded> {
  let running: Running | null = null;
  let chosen = 0;
  let written: FinishedCapture | null = null;
  const { path, gzip, mostBytes, mostNs } = to;
  const report = await watch({
    ...common,
    encoder: eventEncoder(["evt.num"], false),
    sink: (chunk) => {
      const numbers = Float64Array.from(chunk.toString("latin1").trimEnd().split("\n"), Number);
      chosen += numbers.length;
      running?.choose(numbers);
    },
    settings,
    watch: { recent: { path, gzip, mostBytes, mostNs } },
    onStart: (given) => {
      running = given;
    },
    onCaptures: ([capture]) => {
      written = capture;
    },
  });
  const capture = written as FinishedCapture | null;
  const failure = report.failure ?? capture?.failure ?? null;
  const events = `${capture?.events ?? 0} events were recorded, ${chosen} of which meet the condition`;
  return { report: { ...report, failure }, events };
}

const NO_RULES: RuleSet = { rules: [], matching: "first" };

async function recordPlugins(
  plugins: readonly LoadedPlugin[],
  flags: CaptureFlags,
  context: Context,
  threads: Threads,
): Promise<number> {
  if (flags.megabytes !== undefined) {
    throw new PeregrineError("OPTION_CONFLICT", "--megabytes bounds captures of this machine's system calls only");
  }
  const { seconds } = flags;
  const stop = stopOnSignals();
  const { signal } = stop;
  try {
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
  } finally {
    stop.off();
  }
}
