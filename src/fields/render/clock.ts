// SPDX-License-Identifier: Apache-2.0

const SECOND = 1_000_000_000n;

const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** A time split for printing; the second's texts are remembered, since events come in order. */
interface SecondText {
  readonly seconds: number;
  readonly clock: string;
  readonly date: string;
  readonly iso: string;
}

function secondText(seconds: number): SecondText {
  const at = new Date(seconds * 1000);
  return {
    seconds,
    clock: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
    date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    iso: at.toISOString().slice(0, 19),
  };
}

let last = secondText(0);

function second(ns: bigint): SecondText {
  const seconds = Number(ns / SECOND);
  if (last.seconds !== seconds) last = secondText(seconds);
  return last;
}

/** The nanoseconds below the second, nine digits. */
export function fraction(ns: bigint): string {
  return String(ns % SECOND).padStart(9, "0");
}

/** HH:MM:SS in local time. */
export function clockText(ns: bigint): string {
  return second(ns).clock;
}

/** YYYY-MM-DD HH:MM:SS in local time. */
export function dateText(ns: bigint): string {
  const at = second(ns);
  return `${at.date} ${at.clock}`;
}

/** YYYY-MM-DDTHH:MM:SS.nnnnnnnnn in UTC, without a zone. */
export function isoText(ns: bigint): string {
  return `${second(ns).iso}.${fraction(ns)}`;
}
