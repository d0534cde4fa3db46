// SPDX-License-Identifier: Apache-2.0

import type { Histogram } from "hdr-histogram-js";
import type { LatencySummary } from "./report.js";

const HELD = 4096;

/** Batch latencies. The histogram is loaded when there are some, off the way to the first alert. */
export interface Latency {
  record(ns: number): void;
  summary(): Promise<LatencySummary>;
}

export function createLatency(): Latency {
  let held: number[] = [];
  let histogram: Histogram | null = null;
  let loading: Promise<void> | null = null;

  const add = (ns: number, into: Histogram): void => into.recordValue(Math.max(1, Math.round(ns / 1000)));
  const load = async (): Promise<void> => {
    const { build } = await import("hdr-histogram-js");
    const built = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 600_000_000,
      numberOfSignificantValueDigits: 3,
    });
    for (const ns of held) add(ns, built);
    held = [];
    histogram = built;
  };

  return {
    record(ns) {
      if (histogram !== null) {
        add(Math.min(ns, 600e9), histogram);
        return;
      }
      held.push(Math.min(ns, 600e9));
      if (held.length >= HELD && loading === null) loading = load();
    },
    async summary() {
      loading ??= load();
      await loading;
      const h = histogram as Histogram | null;
      if (h === null || h.totalCount === 0) {
        return { batches: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
      }
      return {
        batches: h.totalCount,
        mean: h.mean,
        p50: h.getValueAtPercentile(50),
        p90: h.getValueAtPercentile(90),
        p99: h.getValueAtPercentile(99),
        p999: h.getValueAtPercentile(99.9),
        max: h.maxValue,
      };
    },
  };
}
