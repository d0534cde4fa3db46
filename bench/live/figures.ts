// SPDX-License-Identifier: Apache-2.0

import { median } from "../stats.js";
import type { LiveResults, LoopResult, LoopRun } from "./results.js";

/** What a loop costs under one mode; medians over the runs. */
export interface LoopFigures {
  readonly result: LoopResult;
  /** CPU time of a round with the mode to that without a probe, of runs that were made one after the other; NaN for "none". */
  readonly ratio: number;
  readonly addedPerCall: number;
  /** Peregrine's own CPU time. */
  readonly perEvent: number;
  /** Both. */
  readonly endToEnd: number;
  readonly callsPerSecond: number;
  readonly lostShare: number;
}

export function loopFigures(results: LiveResults): LoopFigures[] {
  return results.loops.map((result) => {
    const bare = results.loops.find(({ loop, mode }) => loop === result.loop && mode === "none");
    const pairs = result.runs.flatMap((run, i) => {
      const other = bare?.runs[i];
      return other === undefined ? [] : [{ run, other }];
    });
    const isBare = result.mode === "none";
    const of = (each: (run: LoopRun) => number): number => median(result.runs.map(each));
    const ratio = isBare ? Number.NaN : median(pairs.map(({ run, other }) => run.cpuNs / other.cpuNs));
    const addedPerCall = isBare
      ? Number.NaN
      : median(pairs.map(({ run, other }) => (run.cpuNs - other.cpuNs) / result.calls));
    const perEvent = isBare ? Number.NaN : of((run) => run.peregrineNs / run.events);
    return {
      result,
      ratio,
      addedPerCall,
      perEvent,
      endToEnd: addedPerCall + perEvent,
      callsPerSecond: of((run) => (result.calls * 1e9) / run.wallNs),
      lostShare: of((run) => (run.events === 0 ? Number.NaN : run.lost / run.events)),
    };
  });
}

/** The most memory of a run with the default rules, and its median. */
export function memoryFigures(results: LiveResults): { readonly rss: number; readonly own: number } {
  const runs = results.loops.filter(({ mode }) => mode === "default rules").flatMap((each) => each.runs);
  return { rss: median(runs.map((run) => run.rssBytes)), own: median(runs.map((run) => run.ownBytes)) };
}
