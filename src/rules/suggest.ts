// SPDX-License-Identifier: Apache-2.0

/** Edits (insert, delete, replace, swap of neighbours) between two short texts; more than `limit` counts as limit + 1. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (previous[j - 2] as number) + 1);
      }
      next.push(best);
    }
    previous = row;
    row = next;
  }
  return row[b.length] as number;
}

/** A hint that names the candidate that was probably meant; null where none is near. */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  const limit = name.length <= 4 ? 1 : name.length <= 10 ? 2 : 3;
  let best = limit + 1;
  let found: string | null = null;
  for (const candidate of candidates) {
    const edits = distance(name, candidate, limit);
    if (edits >= best) continue;
    best = edits;
    found = candidate;
  }
  return found === null ? null : `did you mean '${found}'?`;
}
