// SPDX-License-Identifier: Apache-2.0

/** Memory at a moment of a run. */
export interface MemoryLevel {
  readonly second: number;
  readonly ownBytes: number;
}

/** By then all that is compiled and remembered has been met. */
export const SETTLED_S = 600;
/** Shorter runs say nothing of memory. */
export const JUDGED_S = 2 * SETTLED_S;
/** What memory may grow by behind that: the garbage collector's mood. */
const TOLERANCE = 1.05;
const MIB = 1 << 20;

/** Why memory is not level after the first ten minutes; null where it is, or where the run was too short to say. */
export function growth(samples: readonly MemoryLevel[], seconds: number): string | null {
  if (seconds < JUDGED_S) return null;
  const middle = SETTLED_S + (seconds - SETTLED_S) / 2;
  const [before, behind] = [most(samples, SETTLED_S, middle), most(samples, middle, Number.POSITIVE_INFINITY)];
  if (behind <= before * TOLERANCE) return null;
  return `memory grew: ${(before / MIB).toFixed(0)} MiB from 600 to ${middle.toFixed(0)} s, ${(behind / MIB).toFixed(0)} MiB behind`;
}

/** The most in the time from `from` to `to`; 0 of nothing. */
function most(samples: readonly MemoryLevel[], from: number, to: number): number {
  const wanted = samples.filter(({ second }) => second >= from && second <= to);
  return wanted.reduce((peak, { ownBytes }) => Math.max(peak, ownBytes), 0);
}
