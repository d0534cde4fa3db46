// SPDX-License-Identifier: Apache-2.0

/** Days since the epoch of a day of the Gregorian calendar; NaN where the month has no such day. */
function dayNumber(year: number, month: number, day: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 ? (leap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  if (month < 1 || month > 12 || day < 1 || day > days) return Number.NaN;
  // Years that begin in March have their leap day at the end.
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * m + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** The digits at `at` as a number; NaN where one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const TAIL = /^(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Events have times from 1970 on, in nanoseconds of 63 bits: until 2262. */
const LAST = 9_223_372_036;

/** A time as RFC 3339 writes it, in nanoseconds since the epoch; undefined where the text is none, or none that an event can have. */
export function parseTime(text: string): bigint | undefined {
  const t = text[10];
  if (text[4] !== "-" || text[7] !== "-" || (t !== "T" && t !== "t") || text[13] !== ":" || text[16] !== ":")
    return undefined;
  const day = dayNumber(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2));
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (!(hour < 24 && minute < 60 && second <= 60)) return undefined;
  let seconds = day * 86_400 + hour * 3600 + minute * 60 + second;
  if (Number.isNaN(seconds)) return undefined;
  // Nearly all times are whole seconds of UTC.
  if (text.length === 20 && text[19] === "Z") return inNs(seconds, "");
  const tail = TAIL.exec(text.slice(19));
  if (tail === null) return undefined;
  if (tail[2] !== undefined) seconds -= (Number(tail[3]) * 60 + Number(tail[4])) * (tail[2] === "-" ? -60 : 60);
  return inNs(seconds, tail[1] ?? "");
}

function inNs(seconds: number, fraction: string): bigint | undefined {
  if (seconds < 0 || seconds >= LAST) return undefined;
  const whole = BigInt(seconds) * 1_000_000_000n;
  return fraction === "" ? whole : whole + BigInt(fraction.padEnd(9, "0"));
}
