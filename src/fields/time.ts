// SPDX-License-Identifier: Apache-2.0

import { AnnexPart, AnnexWord } from "../batch/annex.js";
import { RecordWord } from "../batch/record.js";
import { annexOf } from "./annex.js";
import type { FieldValue } from "./field.js";
import { type Argument, type Binder, type Binders, number, plain, type Reading, text, wide } from "./reading.js";
import { clockText, dateText, fraction, isoText } from "./render/clock.js";
import { numberValue } from "./value.js";
import type { EventView } from "./view.js";

const SECOND = 1_000_000_000n;
const NS = 1e9;

/** A formatted time: text as it says, in JSON the ns since the epoch as a number. */
function formatted(format: (ns: bigint) => string): ReturnType<typeof plain> {
  const value = (e: EventView): FieldValue => {
    const time = e.time;
    return { text: format(time), json: String(time) };
  };
  return plain(
    text((e) => format(e.time)),
    { value },
  );
}

/** Whether the event stands before the first one that is no description of the machine: its relative time is its time. */
function isBeforeFirst(e: EventView): boolean {
  return e.number < e.firstNumber;
}

/**
 * ns since the source's first event that is no description of the machine: a difference of two times, exact up to 104
 * days. Of an event before that one it is the time itself, as in Falco, in which the first time is 0 until then; there
 * the number is the nearest double, and outputs and parts are made from the words.
 */
function relative(e: EventView): number {
  const at = e.o + RecordWord.TIME;
  const low = e.words[at] as number;
  const high = e.words[at + 1] as number;
  return isBeforeFirst(e) ? timeDifference(low, high, 0, 0) : timeDifference(low, high, e.firstLow, e.firstHigh);
}

/** The ns of the relative time within its second. */
function relativeNanoseconds(e: EventView): number {
  if (!isBeforeFirst(e)) return relative(e) % NS;
  const at = e.o + RecordWord.TIME;
  // (high * 2^32 + low) mod 10^9, 16 bits at a time: every product stays below 2^53.
  const upper = (((e.words[at + 1] as number) >>> 0) * 65536) % NS;
  return (upper * 65536 + ((e.words[at] as number) >>> 0)) % NS;
}

/** The whole seconds of the relative time. */
function relativeSeconds(e: EventView): number {
  // The nearest double of a time is at most 1,024 ns off.
  return isBeforeFirst(e) ? Math.round((relative(e) - relativeNanoseconds(e)) / NS) : Math.floor(relative(e) / NS);
}

const bindRelative: Binder = (_argument, { format }) => ({
  extract: number(relative),
  value: (e) => numberValue(isBeforeFirst(e) ? e.time : relative(e), format),
});

/** Difference of two 64-bit times in ns, by words; never NaN. */
export function timeDifference(low: number, high: number, fromLow: number, fromHigh: number): number {
  return ((high >>> 0) - (fromHigh >>> 0)) * 4294967296 + ((low >>> 0) - (fromLow >>> 0));
}

/** Whether a 64-bit value is zero, by words. */
export function isZero(low: number, high: number): boolean {
  return (low | high) === 0;
}

/** ns of the event's time within its second. */
function nanoseconds(e: EventView): bigint {
  return e.time % SECOND;
}

/** ns since the source's event before; 0 for its first one, and where the clocks of two processors disagree. */
function sincePrevious(e: EventView): number {
  const annex = annexOf(e);
  if (annex === 0) return Number.NaN;
  const low = e.words[annex + AnnexWord.PREVIOUS] as number;
  const high = e.words[annex + AnnexWord.PREVIOUS + 1] as number;
  if (isZero(low, high)) return 0;
  const at = e.o + RecordWord.TIME;
  return Math.max(0, timeDifference(e.words[at] as number, e.words[at + 1] as number, low, high));
}

const delta = (part: (ns: number) => number): ReturnType<typeof plain> =>
  plain(
    number((e) => part(sincePrevious(e))),
    { annex: { parts: AnnexPart.PREVIOUS } },
  );

const LARGEST_TIME = 2n ** 64n - 1n;

/** evt.around[T] = D: whether the event's time is at most D ms from T. */
function bindAround(argument: Argument | null): Reading | { error: string } {
  if (argument === null) return { error: "filter syntax error: evt.around" };
  if (!argument.bracketed) return { error: "wrong syntax for evt.around" };
  if (!/^\d+$/.test(argument.text)) return { error: `${argument.text} is not a valid number` };
  const center = BigInt(argument.text);
  if (center > LARGEST_TIME) return { error: `${argument.text} is not a valid number` };
  const distance = (e: EventView): bigint => (e.time > center ? e.time - center : center - e.time);
  return { extract: wide(distance), address: "around" };
}

/** Times of the event; the same for every source. */
export const TIME_FIELDS: Binders = {
  "evt.time": formatted((ns) => `${clockText(ns)}.${fraction(ns)}`),
  "evt.time.s": formatted(clockText),
  "evt.time.iso8601": formatted((ns) => `${isoText(ns)}+0000`),
  "evt.datetime": formatted((ns) => `${dateText(ns)}.${fraction(ns)}`),
  "evt.datetime.s": formatted(dateText),
  "evt.outputtime": formatted((ns) => `${clockText(ns)}.${fraction(ns)}`),
  "evt.rawtime": plain(wide((e) => e.time)),
  "evt.rawtime.s": plain(number((e) => Number(e.time / SECOND))),
  "evt.rawtime.ns": plain(number((e) => Number(nanoseconds(e)))),
  "evt.reltime": bindRelative,
  "evt.reltime.s": plain(number(relativeSeconds)),
  "evt.reltime.ns": plain(number(relativeNanoseconds)),
  "evt.deltatime": delta((ns) => ns),
  "evt.deltatime.s": delta((ns) => Math.floor(ns / NS)),
  "evt.deltatime.ns": delta((ns) => ns % NS),
  "evt.around": bindAround,
};
