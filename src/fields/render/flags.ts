// SPDX-License-Identifier: Apache-2.0

import { FLAG_TABLES, SIGNAL_NAMES } from "../../batch/event-table.generated.js";

/**
 * Names of the flags in `value`, joined by "|". The table is scanned in order and each match takes its bits away; an entry
 * equal to the whole value ends the scan, with its name. An entry of value 0 matches only 0.
 * @param value 32 bits, unsigned
 */
export function flagNames(table: string, value: number): string {
  let rest = value;
  let names = "";
  for (const flag of FLAG_TABLES[table] ?? []) {
    if (flag.value === value) return names === "" ? flag.name : `${names}|${flag.name}`;
    if (flag.value === 0 || rest === 0 || (rest & flag.value) >>> 0 !== flag.value) continue;
    names = names === "" ? flag.name : `${names}|${flag.name}`;
    rest = (rest & ~flag.value) >>> 0;
  }
  return names;
}

/** Every name that stands for exactly `value`, joined by "|" in table order. */
export function enumNames(table: string, value: number): string {
  let names = "";
  for (const flag of FLAG_TABLES[table] ?? []) {
    if (flag.value === value) names = names === "" ? flag.name : `${names}|${flag.name}`;
  }
  return names;
}

/** Names of a signal set, bit n being signal n + 1, joined by blanks. */
export function signalSet(mask: number): string {
  let names = "";
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    const name = SIGNAL_NAMES[bit + 1];
    if (name !== undefined) names = names === "" ? name : `${names} ${name}`;
  }
  return names;
}
