// SPDX-License-Identifier: Apache-2.0

import type { LiveSettings } from "../capture/live.js";
import type { PipelineOptions } from "./pipeline.js";
import type { ReplayReport } from "./report.js";
import { type RunOptions, run } from "./run.js";

export type { LiveRecord, LiveSettings } from "../capture/live.js";

export const DEFAULT_LIVE: LiveSettings = { ringBytes: 8 * 1024 * 1024, snaplen: 80, lowLatency: false };

/** A run with one source, the kernel of this machine. */
export interface WatchOptions extends Omit<RunOptions, "sources">, Omit<PipelineOptions, "name" | "spec"> {
  readonly settings: LiveSettings;
}

/**
 * Watches this machine until the signal aborts: evaluates the rules on every system call, and writes the alerts to `sink`
 * in the order of events. Where the kernel cannot be watched the report's `failure` tells.
 */
export async function watch(options: WatchOptions): Promise<ReplayReport> {
  const { settings, hostRoot, containers, ring, memory, sweep, watch: beside, ...rest } = options;
  const { sources, ...report } = await run({
    ...rest,
    sources: [
      {
        name: "syscall",
        spec: { kind: "live", settings },
        hostRoot,
        ...(containers === undefined ? {} : { containers }),
        ...(ring === undefined ? {} : { ring }),
        ...(memory === undefined ? {} : { memory }),
        ...(sweep === undefined ? {} : { sweep }),
        ...(beside === undefined ? {} : { watch: beside }),
      },
    ],
  });
  const { name: _, ...source } = sources[0];
  return { ...source, ...report };
}
