// SPDX-License-Identifier: Apache-2.0

import type { ReplayReport } from "../engine/report.js";
import { type Context, Exit } from "./context.js";
import { summaryFields, summaryText } from "./summary.js";

/**
 * Tells how a run ended, on stderr: what was lost or went wrong, and with `summary` what was done, on a terminal as tables,
 * else as one JSON line of the log whose message is "replay finished". @returns the exit status
 */
export async function finish(
  report: ReplayReport,
  capture: string,
  { log }: Context,
  summary: boolean,
): Promise<number> {
  for (const { type, count } of report.unknownTypes) {
    log.warn(`${count} events of unknown type ${type} were passed over`, { type, count });
  }
  if (report.dictionary.lost > 0) {
    log.warn(`${report.dictionary.lost} strings found no place in the dictionary`, { lost: report.dictionary.lost });
  }
  if (summary && !process.stderr.isTTY) log.info("replay finished", summaryFields(report));
  const { failure } = report;
  if (failure !== null) {
    log.error(failure.message, {
      code: failure.code,
      file: capture,
      ...(failure.offset < 0 ? {} : { offset: failure.offset }),
    });
  }
  await log.flush();
  if (summary && process.stderr.isTTY) process.stderr.write(summaryText(report));
  return failure === null ? Exit.OK : Exit.FAILED;
}
