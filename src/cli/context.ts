// SPDX-License-Identifier: Apache-2.0

import type { Log } from "../telemetry/log.js";

/** What the command ends with. */
export const Exit = { OK: 0, FAILED: 1, USAGE: 2 } as const;

/** Shared by all subcommands. */
export interface Context {
  readonly log: Log;
}

export interface RunFlags {
  readonly rules?: string[];
  readonly capture?: string;
  readonly config?: string;
  readonly option?: string[];
  readonly workers?: number;
  readonly debugTiming?: boolean;
}

export interface ReadFlags {
  readonly filter?: string;
  readonly fields?: string;
  readonly json?: boolean;
  readonly workers?: number;
  readonly debugTiming?: boolean;
}
