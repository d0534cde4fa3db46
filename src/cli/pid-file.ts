// SPDX-License-Identifier: Apache-2.0

import { rmSync, writeFileSync } from "node:fs";
import { PeregrineError, why } from "../telemetry/errors.js";

/**
 * Writes the process's number to a file, for whoever sends it signals.
 * @returns what removes the file again
 * @throws PeregrineError PIDFILE_WRITE
 */
export function keepPidFile(path: string | undefined): () => void {
  if (path === undefined) return () => {};
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (cause) {
    throw new PeregrineError("PIDFILE_WRITE", `Could not write the pid file (${why(cause)})`, { file: path });
  }
  return () => rmSync(path, { force: true });
}
