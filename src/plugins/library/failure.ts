// SPDX-License-Identifier: Apache-2.0

import { constants } from "node:os";
import { PeregrineError } from "../../telemetry/errors.js";
import { LinkStatus } from "./operations.js";

/** "SIGSEGV" for 11. */
function signalName(signal: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found === undefined ? `signal ${signal}` : found[0];
}

/** How a process ended, from its wait status; -1 is not known. */
function describeDeath(status: number): string {
  if (status < 0) return "its process has ended";
  const signal = status & 0x7f;
  return signal === 0
    ? `its process exited with status ${(status >> 8) & 0xff}`
    : `its process died of ${signalName(signal)}`;
}

/** The error of a link whose call came to `status`: the plugin's fault, whatever it was. */
export function linkError(plugin: string, doing: string, status: number, death: number, path: string): PeregrineError {
  const place = { file: path };
  const say = (what: string) => `plugin ${plugin}: ${what} while ${doing}`;
  switch (status) {
    case LinkStatus.TIMED_OUT:
      return new PeregrineError("LIBRARY_TIMEOUT", say("it did not answer in time and was killed"), place);
    case LinkStatus.CORRUPT:
      return new PeregrineError("LIBRARY_PROTOCOL", say("its answer cannot be, and it was killed"), place);
    case LinkStatus.TOO_LARGE:
      return new PeregrineError("LIBRARY_PROTOCOL", say("a request or answer was too large"), place);
    case LinkStatus.BAD_REQUEST:
      return new PeregrineError("LIBRARY_PROTOCOL", say("it was asked for what it cannot do"), place);
    default:
      return new PeregrineError("LIBRARY_DIED", say(describeDeath(death)), place);
  }
}
