// SPDX-License-Identifier: Apache-2.0

import type { Sink } from "./delivery.js";

/** One sink for the deliveries of several sources: each chunk is taken whole before the next one begins. */
export function sharedSink(sink: Sink): Sink {
  let last: Promise<void> | null = null;
  return (chunk) => {
    const written = last === null ? sink(chunk) : last.then(() => sink(chunk));
    if (written === undefined) return undefined;
    // What fails is told to the delivery whose chunk it was; the others find it out with theirs.
    const settled: Promise<void> = written
      .catch(() => {})
      .then(() => {
        if (last === settled) last = null;
      });
    last = settled;
    return written;
  };
}
