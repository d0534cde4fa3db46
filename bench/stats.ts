// SPDX-License-Identifier: Apache-2.0

/** The middle value; of two middle values the lower one, so that it is one that was measured. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** The item whose `key` is the median. Throws where there is none. */
export function medianBy<T>(items: readonly T[], key: (item: T) => number): T {
  const sorted = [...items].sort((a, b) => key(a) - key(b));
  const item = sorted[(sorted.length - 1) >> 1];
  if (item === undefined) throw new RangeError("median of nothing");
  return item;
}
