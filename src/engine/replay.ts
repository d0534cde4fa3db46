// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from "../telemetry/ledger.js";
import type { PipelineOptions } from "./pipeline.js";
import type { ReplayReport } from "./report.js";
import { type RunOptions, run } from "./run.js";

/** A run with one source, a capture. */
export interface ReplayOptions
  extends Omit<RunOptions, "sources" | "onLedgers">,
    Omit<PipelineOptions, "name" | "spec"> {
  /** Path of the capture. */
  readonly capture: string;
  /** Is given the ledger when the run starts; it may be read at any time. */
  readonly onLedger?: (ledger: Ledger) => void;
}

/**
 * Replays a capture: reads it, evaluates the rules on every event, and writes the alerts to `sink` in event order, the
 * same bytes for any number of workers and any batch size. A bad capture is no rejection: the report's `failure` tells.
 * Rejects when the sink does, and when a worker cannot compile the rules.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { capture, hostRoot, containers, ring, memory, sweep, watch, onLedger, ...rest } = options;
  const { sources, ...report } = await run({
    ...rest,
    sources: [
      {
        name: "syscall",
        spec: { kind: "capture", path: capture },
        hostRoot,
        ...(containers === undefined ? {} : { containers }),
        ...(ring === undefined ? {} : { ring }),
        ...(memory === undefined ? {} : { memory }),
        ...(sweep === undefined ? {} : { sweep }),
        ...(watch === undefined ? {} : { watch }),
      },
    ],
    ...(onLedger === undefined ? {} : { onLedgers: ([ledger]) => onLedger(ledger) }),
  });
  const { name: _, ...source } = sources[0];
  return { ...source, ...report };
}
