// SPDX-License-Identifier: Apache-2.0

import { DEFAULT_CONFIG } from "../config/config.js";
import { type EncoderOptions, eventEncoder, openStdout, readerGone } from "../engine/alerting.js";
import type { FailedEvent } from "../engine/crew.js";
import { shapeFor } from "../engine/pipeline.js";
import { type CopyOptions, type NumberedLines, Recording } from "../engine/recording.js";
import { replay } from "../engine/replay.js";
import type { Threads } from "../engine/threads.js";
import { watch } from "../engine/watch.js";
import type { FieldResolver } from "../fields/field.js";
import { ruleFromCondition } from "../rules/condition-rule.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import type { RuleSet } from "../rules/ruleset.js";
import { parseTemplate, TemplateError } from "../rules/template.js";
import { toBinary } from "../rules/text.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type ReadFlags } from "./context.js";
import { finish } from "./finish.js";
import { hostFiles } from "./host.js";
import { liveSettings, tellNamespace } from "./live.js";
import { pluginTeller } from "./plugins.js";
import { loadForReading, type ReadPlugins } from "./read-plugins.js";
import { stopOnSignals } from "./stop.js";
import { timingText } from "./summary.js";
import { tellWritten } from "./write-capture.js";

/** A condition that every event satisfies. */
const ALL_EVENTS = "evt.num > 0";
const NUMBER = "evt.num";

/**
 * `peregrine read CAPTURE`, `peregrine read --live`: prints events, or with `write` copies them.
 * @returns the exit status
 */
export async function readEvents(
  capture: string | null,
  flags: ReadFlags,
  context: Context,
  threads: Threads,
  write: CopyOptions | null,
): Promise<number> {
  const phases = { loaded: performance.now() };
  if (capture !== null && flags.live === true) {
    const message = `--live prints this machine's events, and ${capture} holds recorded ones: leave one of the two out`;
    throw new PeregrineError("OPTION_CONFLICT", message);
  }
  if (capture === null && flags.live !== true) {
    throw new PeregrineError("CAPTURE_NONE", "Name a capture to read, or give --live to read this machine's events");
  }
  if (capture === null && flags.write !== undefined) {
    const message = "--live prints events: peregrine capture -w records them, and peregrine -w what rules see";
    throw new PeregrineError("OPTION_CONFLICT", message);
  }
  const plugins = await loadForReading(flags, context);
  const fields = fieldList(flags.fields, plugins.resolver);
  checkTemplate(flags, plugins.resolver);
  const rules = filterRules(flags.filter, plugins);
  if (rules === null) return Exit.FAILED;
  if (capture === null) tellNamespace(context.log);
  const output = openStdout(capture !== null);
  const recording = write === null ? null : new Recording(write);
  // Without a condition everything is copied, also what is not shown.
  const picked = flags.filter === undefined ? null : recording;
  const lines = linesOf(fields, flags, picked);
  const stop = stopOnSignals();
  try {
    const common = {
      rules,
      encoder: lines.encoder,
      threads,
      sink: (chunk: Buffer) => {
        const rest = picked === null ? chunk : picked.take(chunk, lines.form);
        return rest.length === 0 ? undefined : output.write(rest);
      },
      ...hostFiles(flags.lookup ?? DEFAULT_CONFIG.lookups, (message) => context.log.warn(message)),
      signal: stop.signal,
      onFailedEvent: ({ event, message }: FailedEvent) =>
        context.log.error(`event ${event} could not be shown: ${message}`, { event }),
      onWorkerDeath: (worker: number, error: Error) =>
        context.log.warn(`worker ${worker} died and was replaced: ${error.message}`),
      plugins: plugins.plugins,
      onPlugin: pluginTeller(context),
    };
    const report = await (capture === null
      ? watch({ ...common, settings: liveSettings(flags, plugins.kernel) })
      : replay({ ...common, capture, ...shapeFor(plugins.plugins) }));
    await output.close();
    const status = await finish(report, capture, context, false);
    if (flags.debugTiming === true) process.stderr.write(timingText(report, phases));
    if (recording === null || write === null) return status;
    await (picked === null ? recording.all(stop.signal) : recording.rest(stop.signal));
    // What is wrong with the capture has been told.
    const written = { ...recording.close(), failure: null };
    return Math.max(status, tellWritten(written, write, context));
  } catch (error) {
    recording?.discard();
    if (!readerGone(error)) throw error;
    // As in `peregrine read ... | head`: the reader has seen enough. But a capture that was asked for is missing now.
    if (recording === null) return Exit.OK;
    throw new PeregrineError("OUTPUT_WRITE", "The reader of the events has gone away; no capture was written");
  } finally {
    stop.off();
  }
}

/** Checks the template of `--output`. */
function checkTemplate({ output, fields, json }: ReadFlags, resolver: FieldResolver): void {
  if (output === undefined) return;
  if (fields !== undefined || json === true) {
    throw new PeregrineError("OPTION_CONFLICT", "--output cannot be given together with --fields or --json");
  }
  try {
    parseTemplate(toBinary(output.replace(/^\*/, "")), resolver, "syscall");
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new PeregrineError("FIELD_UNKNOWN", `--output: ${error.message}`);
  }
}

/** How events are written as lines; to be picked they tell their numbers, in front if nobody asked for them. */
function linesOf(
  fields: string[] | null,
  { json = false, output }: ReadFlags,
  picked: Recording | null,
): { readonly encoder: EncoderOptions; readonly form: NumberedLines } {
  if (picked === null) return { encoder: eventEncoder(fields, json, output), form: "any key" };
  const numbered = [NUMBER, ...(fields ?? [])];
  if (!json) return { encoder: eventEncoder(numbered, false), form: "column" };
  const asked = fields === null || fields.includes(NUMBER);
  return { encoder: eventEncoder(asked ? fields : numbered, true), form: asked ? "any key" : "first key" };
}

/** The fields of `--fields`, checked. Commas within brackets are part of an argument. */
function fieldList(text: string | undefined, resolver: FieldResolver): string[] | null {
  if (text === undefined) return null;
  const fields: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === "[") depth++;
    else if (c === "]") depth--;
    else if (c === undefined || (c === "," && depth === 0)) {
      fields.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  for (const [i, name] of fields.entries()) {
    if (name === "") throw new PeregrineError("FIELD_UNKNOWN", `entry ${i + 1} of --fields is empty`);
    const field = resolver(name, "syscall");
    if ("error" in field) throw new PeregrineError("FIELD_UNKNOWN", field.error);
  }
  return fields;
}

/** The condition as a rule set; null when it is not valid, which is told. */
function filterRules(filter = ALL_EVENTS, { plugins, resolver, names }: ReadPlugins): RuleSet | null {
  const asyncNames = plugins.flatMap(({ asyncEvents }) => asyncEvents?.names ?? []);
  const known = plugins.length === 0 ? {} : { fieldNames: names, asyncNames };
  const rule = ruleFromCondition("--filter", filter, "%evt.num", "syscall", resolver, known);
  if (!("severity" in rule)) return { rules: [rule], matching: "first", everywhere: true };
  process.stderr.write(`${formatDiagnostics([rule])}
`);
  return null;
}
