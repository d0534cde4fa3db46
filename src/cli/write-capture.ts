// SPDX-License-Identifier: Apache-2.0

import { statSync } from "node:fs";
import { type CopyOptions, Recording, type RecordingReport } from "../engine/recording.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type ReadFlags } from "./context.js";
import { stopOnSignals } from "./stop.js";

/** What `read` writes besides, or instead of, lines: null where there is no -w. @throws PeregrineError OPTION_CONFLICT */
export function writeOptions(capture: string, flags: ReadFlags): CopyOptions | null {
  const { write, schema, gzip, keepState, fields, json, output } = flags;
  if (write === undefined) {
    const idle = schema !== undefined ? "--schema" : gzip ? "--gzip" : keepState ? "--keep-state" : null;
    if (idle !== null)
      throw new PeregrineError("OPTION_CONFLICT", `${idle} says how to write: give it together with -w`);
    return null;
  }
  // A template leaves events out that lack a value: it cannot tell which ones a condition has chosen.
  if (output !== undefined) throw new PeregrineError("OPTION_CONFLICT", "-w cannot be given together with --output");
  if (write === "-" && (fields !== undefined || json === true)) {
    throw new PeregrineError("OPTION_CONFLICT", "-w - and --fields or --json cannot both have the standard output");
  }
  if (needsReplay(flags) && statSync(capture, { throwIfNoEntry: false })?.isFile() === false) {
    const message = "-w together with --filter, --fields or --json reads the capture twice: put it into a file first";
    throw new PeregrineError("OPTION_CONFLICT", message);
  }
  return {
    from: capture,
    to: write,
    schema: schema ?? "current",
    keepState: keepState ?? false,
    ...(gzip === undefined ? {} : { gzip }),
  };
}

/** True where the events themselves are to be shown as well, or only those on which a condition holds are written. */
export function needsReplay({ filter, fields, json }: ReadFlags): boolean {
  return filter !== undefined || fields !== undefined || json === true;
}

/** `peregrine read CAPTURE -w FILE`: copies all events. @returns the exit status */
export async function copyWhole(options: CopyOptions, context: Context): Promise<number> {
  const stop = stopOnSignals();
  const recording = new Recording(options);
  try {
    await recording.all(stop.signal);
    return tellWritten(recording.close(), options, context);
  } catch (error) {
    recording.discard();
    throw error;
  } finally {
    stop.off();
  }
}

/** Tells what was not written, and what was wrong with the capture. @returns the exit status */
export function tellWritten(report: RecordingReport, options: CopyOptions, { log }: Context): number {
  if (report.leftOut > 0) {
    log.warn(`${report.leftOut} events have no counterpart in the schema of 0.31 and were left out`, {
      file: options.to,
      leftOut: report.leftOut,
    });
  }
  const { failure } = report;
  if (failure === null) return Exit.OK;
  log.error(failure.message, {
    code: failure.code,
    file: options.from,
    ...(failure.offset < 0 ? {} : { offset: failure.offset }),
  });
  return Exit.FAILED;
}
