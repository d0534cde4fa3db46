// SPDX-License-Identifier: Apache-2.0

import type { Lookups } from "../config/config.js";
import type { Plugin } from "../rules/assumed-plugin.js";
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
  /** Live: every event wakes the reader up. */
  readonly lowLatency?: boolean;
  /** Attach to tracepoints by name and read /proc for the start state, as where the kernel offers no more. */
  readonly plainTracepoints?: boolean;
  /** The capture that what is seen of live sources is recorded to. */
  readonly write?: string;
  readonly gzip?: boolean;
  /** Where this machine cannot be watched, an example is replayed. */
  readonly orExample?: boolean;
  readonly debugTiming?: boolean;
  /** Files to validate. */
  readonly validate?: string[];
  readonly assumePlugin?: Plugin[];
  readonly describe?: boolean;
  readonly describeRule?: string;
  /** An event source, or true where none is named. */
  readonly list?: string | true;
  readonly listEvents?: boolean;
  readonly format?: ListFormat;
  readonly names?: boolean;
  readonly verbose?: boolean;
  readonly ruleSchema?: boolean;
  readonly disableTag?: string[];
  readonly onlyTag?: string[];
  readonly disableText?: string[];
  readonly listPlugins?: boolean;
  /** Name or path. */
  readonly pluginInfo?: string;
  readonly enableSource?: string[];
  readonly disableSource?: string[];
  /** Everything is loaded and nothing is read or written. */
  readonly dryRun?: boolean;
  readonly pidfile?: string;
  /** How long a run without a capture takes at the most. */
  readonly seconds?: number;
  readonly unbuffered?: boolean;
  /** Text behind the output of every rule. */
  readonly print?: string;
}

export type ListFormat = "text" | "markdown" | "json";

export interface ReadFlags {
  readonly config?: string;
  readonly option?: string[];
  readonly plugin?: string[];
  /** The events of this machine. */
  readonly live?: boolean;
  readonly lowLatency?: boolean;
  /** Attach to tracepoints by name and read /proc for the start state, as where the kernel offers no more. */
  readonly plainTracepoints?: boolean;
  readonly filter?: string;
  readonly fields?: string;
  readonly output?: string;
  readonly json?: boolean;
  readonly lookup?: Lookups;
  /** The capture to write. */
  readonly write?: string;
  readonly schema?: "current" | "0.31";
  readonly gzip?: boolean;
  readonly keepState?: boolean;
  readonly workers?: number;
  readonly debugTiming?: boolean;
}

export interface CaptureFlags {
  readonly config?: string;
  readonly option?: string[];
  readonly enableSource?: string[];
  readonly disableSource?: string[];
  /** The capture to record. */
  readonly write: string;
  /** A condition: other events are recorded only where they change what is known of processes and files. */
  readonly filter?: string;
  readonly gzip?: boolean;
  /** Bounds: of its time, and of its size. */
  readonly seconds?: number;
  readonly megabytes?: number;
  readonly workers?: number;
}
