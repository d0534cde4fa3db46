// SPDX-License-Identifier: Apache-2.0

import { RecordWord } from "../batch/record.js";
import type { FieldValue } from "./field.js";
import { type Binders, number, plain, text, unavailable, wide } from "./reading.js";
import { clockText, dateText, fraction, isoText } from "./render/clock.js";
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

/** ns since the first event of the section: a difference of two times, exact up to 104 days. */
function relative(e: EventView): number {
  const first = e.source.firstTime;
  const low = Number(BigInt.asIntN(32, first));
  const high = Number(BigInt.asIntN(32, first >> 32n));
  const at = e.o + RecordWord.TIME;
  return timeDifference(e.words[at] as number, e.words[at + 1] as number, low, high);
}

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
  "evt.reltime": plain(number(relative)),
  "evt.reltime.s": plain(number((e) => Math.floor(relative(e) / NS))),
  "evt.reltime.ns": plain(number((e) => relative(e) % NS)),
  // The difference to "the event on which this very check was evaluated last" depends on who asked; records do not carry the
  // difference to the source's previous event.
  "evt.deltatime": unavailable,
  "evt.deltatime.s": unavailable,
  "evt.deltatime.ns": unavailable,
};
