// SPDX-License-Identifier: Apache-2.0

import { build } from "hdr-histogram-js";
import type { LatencyRun } from "./results.js";

const TURNS = 10;

/** Of the clock behind time stamps, in µs since 1970, as the clock of `performance.now()` shows it. */
export class WallClock {
  private readonly originUs: number;

  constructor() {
    // Date.now() tells milliseconds: the moment at which it turns is known as exactly as the other clock tells. Who has to
    // wait for a processor just then gets an origin that is too early: the latest of some is right.
    let latest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < TURNS; i++) {
      const before = Date.now();
      let now = before;
      while (now === before) now = Date.now();
      latest = Math.max(latest, now - performance.now());
    }
    this.originUs = latest * 1000;
  }

  nowUs(): number {
    return this.originUs + performance.now() * 1000;
  }
}

const MINUTE_US = 60e6;

/** Collects output with the moments at which it came; what took how long is worked out afterwards. */
export class LatencyProbe {
  private readonly clock = new WallClock();
  private readonly pieces: { readonly at: number; readonly text: string }[] = [];

  readonly add = (text: string): void => {
    this.pieces.push({ at: this.clock.nowUs(), text });
  };

  /** Of the alerts whose line holds `mark`. */
  summary(mark: string): Omit<LatencyRun, "lost"> {
    const histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: MINUTE_US,
      numberOfSignificantValueDigits: 3,
    });
    let rest = "";
    for (const { at, text } of this.pieces) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!line.includes(mark)) continue;
        const us = at - timeOf(line);
        if (Number.isFinite(us)) histogram.recordValue(Math.min(MINUTE_US, Math.max(1, Math.round(us))));
      }
    }
    const ms = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
    return {
      alerts: histogram.totalCount,
      p50: ms(50),
      p99: ms(99),
      p999: ms(99.9),
      max: histogram.maxValue / 1000,
    };
  }
}

/** The event's time in an alert, µs since 1970; NaN where there is none. */
export function timeOf(line: string): number {
  const found = /"time":"([^"]+)\.(\d{9})Z"/.exec(line);
  if (found === null) return Number.NaN;
  return Date.parse(`${found[1]}Z`) * 1000 + Number(found[2]) / 1000;
}
