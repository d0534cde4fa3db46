// SPDX-License-Identifier: Apache-2.0

import { ERRORS, PeregrineError } from "../src/telemetry/errors.js";
import { ReplayFailed } from "./runner.js";

/** Writes what went wrong to stderr. @returns the exit code */
export function reportFailure(error: unknown): number {
  if (error instanceof ReplayFailed) return 1;
  if (error instanceof PeregrineError) {
    const place = error.place.file === undefined ? "" : ` (${error.place.file})`;
    process.stderr.write(`${error.code}: ${error.message}${place}\n${ERRORS[error.code].remedy}\n`);
    return 1;
  }
  const usage = error instanceof TypeError && (error.message.startsWith("--") || "code" in error);
  process.stderr.write(`${usage ? (error as Error).message : error instanceof Error ? error.stack : String(error)}\n`);
  return usage ? 2 : 1;
}
