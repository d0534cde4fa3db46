// SPDX-License-Identifier: Apache-2.0
import { ConfigFailure } from "peregrine/sdk";

/** A span of time, in ms since the epoch; both ends are in it. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Later than any log file. */
export const FOREVER = Date.UTC(9999, 11, 31);

const UNITS: Readonly<Record<string, number>> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
const SINCE = /^(\d{1,9})([wdhms])$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** `N[wdhms]` ago, or a moment. undefined: neither. */
function parseSide(text: string, now: number): number | undefined {
  const since = SINCE.exec(text);
  if (since !== null) return now - Number(since[1]) * (UNITS[since[2] ?? ""] ?? 0);
  if (!MOMENT.test(text)) return undefined;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

/**
 * `2d` (from two days ago until now), `2026-01-01T00:00:00Z` (from then until now), or two of these with a hyphen between them.
 * null: no text, no limits. @param latest the end where the text has none: now, or none at all for who goes on reading
 * @throws ConfigFailure
 */
export function parseInterval(text: string, now: number, latest = now): Interval | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const whole = parseSide(trimmed, now);
  if (whole !== undefined) return { start: whole, end: latest };
  // The last hyphen behind which a valid end stands: those inside a date are not it.
  for (let at = trimmed.lastIndexOf("-"); at > 0; at = trimmed.lastIndexOf("-", at - 1)) {
    const end = parseSide(trimmed.slice(at + 1), now);
    if (end === undefined) continue;
    const start = parseSide(trimmed.slice(0, at), now);
    if (start === undefined) break;
    if (end < start) throw new ConfigFailure(`s3Interval ${trimmed}: the end is before the start`);
    return { start, end };
  }
  throw new ConfigFailure(
    `s3Interval ${trimmed}: expected a time span such as 2d, a moment such as 2026-01-01T00:00:00Z, or two of these with a hyphen between them`,
  );
}

const NAME = /_CloudTrail_[^_]+_(\d{8}T\d{4})Z_[^/]*$/;

/** The minute in the name of a log file, as YYYYMMDDTHHMM; null where the name has none. */
function minuteOf(key: string): string | null {
  return NAME.exec(key)?.[1] ?? null;
}

/** A moment in that form. */
export function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replaceAll(/[-:]/g, "");
}

/** The day of a moment as a folder of the bucket: `YYYY/MM/DD/`. */
export function dayFolder(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 10).replaceAll("-", "/")}/`;
}

/** Whether a file of that name may be in the interval; one without a minute in its name is. */
export function inInterval(key: string, interval: Interval | null): boolean {
  const stamp = interval === null ? null : minuteOf(key);
  if (interval === null || stamp === null) return true;
  return stamp >= minute(interval.start) && stamp <= minute(interval.end);
}
