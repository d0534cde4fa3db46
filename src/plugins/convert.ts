// SPDX-License-Identifier: Apache-2.0

import type { FieldSpec, FieldType } from "../sdk/index.js";

/*
 * From what an extract function returns to what conditions and outputs read: texts and bytes become binary strings (one
 * character a byte), members of lists texts as the rules' lists hold them (fields/field.ts).
 */

/** A value of a field; undefined = absent. */
export type Value = string | number | bigint | boolean | readonly string[] | undefined;

/** The value is not of the declared type. */
export const WRONG: unique symbol = Symbol("wrong type");

type Scalar = string | number | bigint | boolean;
type Convert<T> = (value: unknown) => T | typeof WRONG;

/** Longer values are no values: somebody forgot to end them. */
const LONGEST = 16 * 1024 * 1024;
const LARGEST = 0xffff_ffff_ffff_ffffn;

function text(value: unknown): string | typeof WRONG {
  if (typeof value !== "string" || value.length > LONGEST) return WRONG;
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return Buffer.from(value, "utf8").toString("latin1");
  }
  return value;
}

function unsigned(value: unknown): number | bigint | typeof WRONG {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : WRONG;
  if (typeof value !== "bigint" || value < 0n || value > LARGEST) return WRONG;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function bool(value: unknown): boolean | typeof WRONG {
  return typeof value === "boolean" ? value : WRONG;
}

function bytesOf(value: unknown): Buffer | null {
  if (!(value instanceof Uint8Array) || value.length > LONGEST) return null;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function bytes(value: unknown): string | typeof WRONG {
  return bytesOf(value)?.toString("latin1") ?? WRONG;
}

/** Bytes of one of two lengths. */
function sized(short: number, long: number): Convert<string> {
  return (value) => {
    const found = bytesOf(value);
    return found !== null && (found.length === short || found.length === long) ? found.toString("latin1") : WRONG;
  };
}

const SCALARS: Readonly<Record<FieldType, Convert<Scalar>>> = {
  string: text,
  uint64: unsigned,
  reltime: unsigned,
  abstime: unsigned,
  bool,
  ipaddr: sized(4, 16),
  ipnet: sized(8, 32),
  bytes,
};

/** The conversion for a field. null is taken for "absent", as undefined is. */
export function converter(spec: FieldSpec): Convert<Value> {
  const scalar = SCALARS[spec.type];
  if (spec.list !== true) return (value) => (value === undefined || value === null ? undefined : scalar(value));
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) return WRONG;
    const members: string[] = [];
    for (const each of value as readonly unknown[]) {
      const member = scalar(each);
      if (member === WRONG) return WRONG;
      members.push(typeof member === "string" ? member : String(member));
    }
    return members.length === 0 ? undefined : members;
  };
}
