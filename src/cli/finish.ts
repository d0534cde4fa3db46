// SPDX-License-Identifier: Apache-2.0

import type { ReplayReport, SourceReport } from "../engine/report.js";
import { ERRORS } from "../telemetry/errors.js";
import { type Context, Exit } from "./context.js";
import { summaryFields, summaryText } from "./summary.js";

/** What counters of the state stage say when they are not 0; docs/ledger.md has the limits. */
const REFUSALS: readonly (readonly [counter: string, sentence: string])[] = [
  ["refusedThreads", "threads found no place in the process table; their fields are absent"],
  ["refusedFds", "file descriptors found no place in the tables; their fields are absent"],
  ["exhaustedRows", "changes of processes found no free row; events shortly before them may show them too early"],
  ["lostLookups", "changes of users, groups or containers found no place in their tables"],
];

/** What failed; where nothing can be watched or read for it, with what to do about it. */
export function failureText({ code, message }: { readonly code: string; readonly message: string }): string {
  const known = Object.entries(ERRORS).find(([name]) => name === code && /^(LIVE_|ADDON_)/.test(name));
  return known === undefined ? message : `${message}. ${known[1].remedy}`;
}

/**
 * Tells how a run ended, on stderr: what was lost or went wrong, and with `summary` what was done, on a terminal as tables,
 * else as one JSON line of the log whose message is "replay finished". @returns the exit status
 */
export async function finish(
  report: ReplayReport & { readonly sources?: readonly SourceReport[] },
  capture: string | null,
  { log }: Context,
  summary: boolean,
): Promise<number> {
  for (const { id, events } of report.unknownPlugins) {
    const message = `${events} events were made by the plugin with ID ${id}, which is not loaded: no rule was applied to them`;
    log.warn(message, { id, events });
  }
  for (const { type, count } of report.unknownTypes) {
    log.warn(`${count} events of unknown type ${type} were passed over`, { type, count });
  }
  if (report.dictionary.lost > 0) {
    log.warn(`${report.dictionary.lost} strings found no place in the dictionary`, { lost: report.dictionary.lost });
  }
  for (const [counter, sentence] of REFUSALS) {
    const count = report.state[counter] ?? 0;
    if (count > 0) log.warn(`${count} ${sentence}`, { counter, count });
  }
  const failures = (report.sources ?? [report]).flatMap(({ failure: each }) => (each === null ? [] : [each]));
  if (report.aborted !== null) failures.push(report.aborted);
  const [failure = null] = failures;
  // A summary of zeros would only hide the error.
  const told = summary && (failure === null || report.ledger.seen > 0);
  if (told && !process.stderr.isTTY) {
    log.info(capture === null ? "watching finished" : "replay finished", summaryFields(report));
  }
  for (const each of failures) {
    log.error(failureText(each), {
      code: each.code,
      ...(capture === null ? {} : { file: capture }),
      ...(each.offset < 0 ? {} : { offset: each.offset }),
    });
  }
  await log.flush();
  if (told && process.stderr.isTTY) process.stderr.write(summaryText(report));
  return failure === null ? Exit.OK : Exit.FAILED;
}
