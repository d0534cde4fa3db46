// SPDX-License-Identifier: Apache-2.0

import { alertEncoder, type Outputs, openOutputs, readerGone } from "../engine/alerting.js";
import type { FailedEvent } from "../engine/crew.js";
import type { PipelineOptions } from "../engine/pipeline.js";
import { type Running, run } from "../engine/run.js";
import type { Threads } from "../engine/threads.js";
import { totals } from "../engine/totals.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { exampleFor } from "./example.js";
import { finish } from "./finish.js";
import { liveSettings, tellNamespace } from "./live.js";
import { keepPidFile } from "./pid-file.js";
import { pluginTeller } from "./plugins.js";
import { type Prepared, prepare } from "./prepare.js";
import { Reload } from "./reload.js";
import { recordSources, runSources } from "./sources.js";
import { type StopSignal, stopOnSignals } from "./stop.js";
import { timingText } from "./summary.js";
import { captureRules, Teller, tellLeftOut, watchSettings } from "./watching.js";

/**
 * `peregrine -r RULES -e CAPTURE`: evaluates rules on a capture; without a capture on the system calls of this machine.
 * SIGHUP, and files that change, give the run other rules; where more than rules has changed it begins anew.
 * @returns the exit status
 */
export async function runRules(flags: RunFlags, context: Context, threads: Threads): Promise<number> {
  const phases: Record<string, number> = { loaded: performance.now() };
  const prepared = await prepare(flags, context);
  if (prepared === null) return Exit.FAILED;
  phases["rules"] = performance.now();
  if (flags.dryRun === true) {
    context.log.info("dry run: configuration, plugins and rules are good");
    return Exit.OK;
  }
  let ready = open(prepared, context);
  const forget = keepPidFile(flags.pidfile);
  try {
    for (;;) {
      const ended = await runOnce(ready, flags, context, threads, phases);
      if (typeof ended === "number") return ended;
      ready = ended;
    }
  } finally {
    forget();
  }
}

/** What a run is made of, with somewhere for its alerts to go. */
interface Ready extends Prepared {
  readonly outputs: Outputs;
}

function open(prepared: Prepared, { log }: Context): Ready {
  const { config, plugins } = prepared;
  // What a plugin's source has been told is delivered must be out of this process by then.
  const acknowledged = plugins.some(({ source }) => source !== null);
  const settings = acknowledged ? { ...config, buffered: false } : config;
  const outputs = openOutputs(settings, (message) => log.error(message, { code: "OUTPUT_WRITE" }));
  return { ...prepared, outputs };
}

/** Runs to the end, or until SIGHUP. @returns the exit status, or what to go on with */
async function runOnce(
  ready: Ready,
  flags: RunFlags,
  context: Context,
  threads: Threads,
  phases: Readonly<Record<string, number>>,
): Promise<number | Ready> {
  const { log } = context;
  const { config, capture, outputs } = ready;
  let next: Ready | null = null;
  // A capture is evaluated once: beginning anew would raise its alerts again.
  const stop: StopSignal = stopOnSignals(capture === null ? () => reload.hangup() : undefined);
  const reload = new Reload({
    flags,
    context,
    ready,
    beginAnew: async (why) => {
      next ??= await prepareAgain(why, flags, context, config.logLevel);
      if (next !== null) stop.stop();
    },
  });
  const reopen = (): void => outputs.reopen();
  process.on("SIGUSR1", reopen);
  const timer = flags.seconds === undefined ? undefined : setTimeout(() => stop.stop(), flags.seconds * 1000);
  try {
    const status = await evaluate(ready, stop, reload, flags, context, threads, phases);
    return next !== null && !stop.asked ? next : status;
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
    for (const { name, lost } of outputs.losses) {
      log.error(`${name}: ${lost} alerts could not be written`, { code: "OUTPUT_WRITE", output: name, lost });
    }
    reload.close();
    clearTimeout(timer);
    process.off("SIGUSR1", reopen);
    stop.off();
  }
}

/** @returns the exit status */
async function evaluate(
  ready: Ready,
  stop: StopSignal,
  reload: Reload,
  flags: RunFlags,
  context: Context,
  threads: Threads,
  phases: Readonly<Record<string, number>>,
): Promise<number> {
  const { log } = context;
  const { config, capture, plugins, rules, hostRoot, containers, services, outputs } = ready;
  const host = { hostRoot, containers };
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
  const sourcesOf = (from: string | null): readonly PipelineOptions[] =>
    runSources(from, flags, config, plugins, host, liveSettings(flags, config.watching.kernel)).map((source) => ({
      ...source,
      watch: watchSettings(config, source.spec.kind === "live"),
    }));
  const reads = recordSources(sourcesOf(capture), flags);
  const watching = reads.some(({ spec }) => spec.kind === "live");
  if (flags.gzip === true && flags.write === undefined) {
    throw new PeregrineError("OPTION_CONFLICT", "--gzip says how to write: give it together with -w");
  }
  const teller = new Teller(config, watching, common, context, stop);
  const told = {
    ...common,
    ...captureRules(config),
    ...teller.handlers,
    onStart: (running: Running) => reload.begin(running, teller, watching),
    onBegun: () => {
      const count = rules.rules.length;
      if (watching) log.info(`watching this machine with ${count} rules`, { rules: count });
    },
  };
  if (watching) {
    tellLeftOut(rules, config, context);
    tellNamespace(log);
    await log.flush();
  }
  let report = totals(await run({ ...told, sources: reads }));
  const instead = watching && flags.orExample === true ? exampleFor(report) : null;
  if (instead !== null) {
    input = instead.capture;
    log.warn(instead.sentence, { code: instead.code });
    await log.flush();
    report = totals(await run({ ...told, sources: sourcesOf(input) }));
  }
  await outputs.close();
  const status = teller.status(await finish(report, input, context, true));
  if (flags.debugTiming === true) process.stderr.write(timingText(report, phases));
  return outputs.failed ? Exit.FAILED : status;
}

/**
 * What the files hold now; null where it cannot be used, which is told, and everything stays as it is.
 * @param asked why they are read again
 */
async function prepareAgain(asked: string, flags: RunFlags, context: Context, level: string): Promise<Ready | null> {
  const { log } = context;
  let why = "the rules have errors";
  try {
    // It would be begun anew as well, and what it holds be gone.
    if (flags.write !== undefined) throw new PeregrineError("OPTION_CONFLICT", "a capture is being recorded with -w");
    const prepared = await prepare(flags, context);
    if (prepared?.capture === null) {
      const ready = open(prepared, context);
      log.info(`${asked}: more than the rules is different, beginning anew`);
      return ready;
    }
    if (prepared !== null) why = "a capture is named that was not before";
  } catch (error) {
    why = error instanceof PeregrineError ? `${error.code}: ${error.message}` : String(error);
  }
  log.setLevel(level);
  log.error(`${asked}: nothing is changed, since what the files hold now cannot be used: ${why}`, {
    code: "RELOAD_FAILED",
  });
  return null;
}

/** How far a source is, on one line of the terminal that the next one takes the place of. */
function showProgress(plugin: string, { percent, text }: { readonly percent: number; readonly text: string }): void {
  process.stderr.write(`\r\x1b[K${plugin}: ${percent.toFixed(1)} % ${text.replaceAll(/\p{Cc}/gu, " ")}`);
}
