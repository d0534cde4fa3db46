// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

import { ParamType } from "../batch/event-table.generated.js";

/*
 * From the text of a constant to the value that a field of some type is compared with. The loader uses these to reject
 * bad constants, the matcher to build its tests, so both always agree. All texts are binary strings. A parser answers
 * with a value or with a Mistake; it never throws.
 */

/** Why a text is no value of the wanted type. */
export interface Mistake {
  readonly error: string;
}

export interface Address {
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
}

export interface Network extends Address {
  /** Leading bits that count: 0 to 32, or 1 to 128. */
  readonly prefix: number;
}

export type TypedConstant =
  | { readonly kind: "text"; readonly value: string }
  /** A byte buffer compared as text, or the bytes that bcontains and bstartswith look for. */
  | { readonly kind: "bytes"; readonly value: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "port"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "address"; readonly value: Address }
  | { readonly kind: "network"; readonly value: Network };

/** How a type's values compare: it decides which operators fit and how a constant is read. */
export type TypeFamily = "string" | "buffer" | "number" | "port" | "bool" | "address" | "network";

const NUMBER_BITS = new Map<number, { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }>([
  [ParamType.INT8, { bits: 8, signed: true }],
  [ParamType.INT16, { bits: 16, signed: true }],
  [ParamType.INT32, { bits: 32, signed: true }],
  [ParamType.INT64, { bits: 64, signed: true }],
  [ParamType.UINT8, { bits: 8, signed: false }],
  [ParamType.UINT16, { bits: 16, signed: false }],
  [ParamType.UINT32, { bits: 32, signed: false }],
  [ParamType.UINT64, { bits: 64, signed: false }],
  [ParamType.ERRNO, { bits: 64, signed: true }],
  [ParamType.FD, { bits: 64, signed: true }],
  [ParamType.FD32, { bits: 32, signed: true }],
  [ParamType.PID, { bits: 64, signed: true }],
  [ParamType.PID32, { bits: 32, signed: true }],
  [ParamType.SYSCALLID, { bits: 16, signed: false }],
  [ParamType.SIGTYPE, { bits: 8, signed: false }],
  [ParamType.RELTIME, { bits: 64, signed: false }],
  [ParamType.ABSTIME, { bits: 64, signed: false }],
  [ParamType.L4PROTO, { bits: 8, signed: false }],
  [ParamType.SOCKFAMILY, { bits: 8, signed: false }],
  [ParamType.FLAGS8, { bits: 8, signed: false }],
  [ParamType.FLAGS16, { bits: 16, signed: false }],
  [ParamType.FLAGS32, { bits: 32, signed: false }],
  [ParamType.ENUMFLAGS8, { bits: 8, signed: false }],
  [ParamType.ENUMFLAGS16, { bits: 16, signed: false }],
  [ParamType.ENUMFLAGS32, { bits: 32, signed: false }],
  [ParamType.MODE, { bits: 32, signed: false }],
  [ParamType.UID, { bits: 32, signed: false }],
  [ParamType.GID, { bits: 32, signed: false }],
  // Constants of a double are whole numbers.
  [ParamType.DOUBLE, { bits: 64, signed: true }],
  [ParamType.SIGSET, { bits: 32, signed: false }],
]);

/** The family of a ParamType; undefined for types that no operator but `exists` takes. */
export function typeFamily(type: number): TypeFamily | undefined {
  switch (type) {
    case ParamType.CHARBUF:
    case ParamType.FSPATH:
    case ParamType.FSRELPATH:
      return "string";
    case ParamType.BYTEBUF:
      return "buffer";
    case ParamType.PORT:
      return "port";
    case ParamType.BOOL:
      return "bool";
    case ParamType.IPADDR:
    case ParamType.IPV4ADDR:
    case ParamType.IPV6ADDR:
      return "address";
    case ParamType.IPNET:
    case ParamType.IPV4NET:
    case ParamType.IPV6NET:
      return "network";
    default:
      return NUMBER_BITS.has(type) ? "number" : undefined;
  }
}

/** Whether values of a numeric ParamType compare as signed numbers. */
export function isSigned(type: number): boolean {
  return NUMBER_BITS.get(type)?.signed ?? false;
}

export function isMistake(value: object): value is Mistake {
  return "error" in value;
}

const INTEGER = /^[ \t\n\v\f\r]*([+-]?[0-9]+)$/;

/**
 * A decimal integer in the range of a numeric ParamType. As in C, a value that is too wide for the type loses its upper
 * bits, so -1 is the largest value of an unsigned type; what does not fit 64 bits is a mistake.
 */
export function parseInteger(text: string, type: number): bigint | Mistake {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) return { error: `${text} is not a valid number` };
  const value = BigInt(digits.startsWith("+") ? digits.slice(1) : digits);
  if (value >= 1n << 64n || value < -(1n << 63n)) return { error: `${text} is not a valid number` };
  const { bits, signed } = NUMBER_BITS.get(type) ?? { bits: 64, signed: true };
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

let services: ReadonlyMap<string, number> | undefined;

function serviceNames(): ReadonlyMap<string, number> {
  if (services !== undefined) return services;
  const names = new Map<string, number>();
  let text = "";
  try {
    text = readFileSync("/etc/services", "latin1");
  } catch {
    // A host without the database knows no names; every name is then a mistake.
  }
  for (const line of text.split("\n")) {
    const [name, port, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const number = Number.parseInt(port ?? "", 10);
    if (name === undefined || Number.isNaN(number)) continue;
    for (const each of [name, ...aliases]) if (!names.has(each)) names.set(each, number);
  }
  services = names;
  return names;
}

/** A port number (its low 16 bits) or a service name of /etc/services; an empty text is port 0. */
export function parsePort(text: string): number | Mistake {
  if (text === "") return 0;
  if (/^[0-9]+$/.test(text)) return Number(BigInt(text) & 0xffffn);
  return serviceNames().get(text) ?? { error: `unrecognized protocol ${text}` };
}

export function parseBool(text: string): boolean | Mistake {
  if (text === "true") return true;
  if (text === "false") return false;
  return { error: `filter error: unrecognized boolean value ${text}` };
}

function parseV4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    // Leading zeros are ambiguous (octal in some tools) and rejected, as inet_pton does.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseV6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const words: number[][] = [];
  for (const half of halves) {
    const group = half === "" ? [] : half.split(":");
    if (group.some((word) => !/^[0-9a-fA-F]{1,4}$/.test(word))) return null;
    words.push(group.map((word) => Number.parseInt(word, 16)));
  }
  const head = words[0] ?? [];
  const tail = words[1] ?? [];
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const bytes = new Uint8Array(16);
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  for (let i = 0; i < 8; i++) {
    const word = all[i] as number;
    bytes[2 * i] = word >> 8;
    bytes[2 * i + 1] = word & 0xff;
  }
  return bytes;
}

/** An address: with a dot it is IPv4 (so IPv4-mapped IPv6 texts are mistakes), without one IPv6. */
export function parseAddress(text: string): Address | Mistake {
  const v4 = text.includes(".");
  const bytes = v4 ? parseV4(text) : parseV6(text);
  if (bytes !== null) return { family: v4 ? 4 : 6, bytes };
  return { error: `unrecognized ${v4 ? "IPv4" : "IPv6"} address ${text}` };
}

/** A network in CIDR form. Host bits are kept as written: `prefix` says which bits count. */
export function parseNetwork(text: string): Network | Mistake {
  const v4 = text.includes(".");
  const slash = text.indexOf("/");
  const bad = { error: `unrecognized ${v4 ? "IPv4" : "IPv6"} network ${text}` };
  if (slash < 0) return bad;
  const bytes = v4 ? parseV4(text.slice(0, slash)) : parseV6(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (bytes === null || !/^[0-9]{1,3}$/.test(digits)) return bad;
  const prefix = Number(digits);
  if (v4 ? prefix > 32 : prefix < 1 || prefix > 128) return bad;
  return { family: v4 ? 4 : 6, bytes, prefix };
}

/** The bytes that a hex text stands for, as a binary string. */
export function parseHexBytes(text: string): string | Mistake {
  if (text.length === 0 || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) {
    return { error: "bcontains and bstartswith operator support hex strings only" };
  }
  return Buffer.from(text, "hex").toString("latin1");
}

/** Reads a constant for a comparison of a field of ParamType `type` by `operator`. */
export function parseConstant(text: string, type: number, operator: string): TypedConstant | Mistake {
  const family = typeFamily(type);
  if (family === undefined) return { error: "constants cannot be compared with a field of this type" };
  if (family !== "buffer" && text.includes("\0")) return { error: "a value cannot hold a NUL byte" };
  switch (family) {
    case "string":
      return { kind: "text", value: text };
    case "buffer": {
      if (operator !== "bcontains" && operator !== "bstartswith") return { kind: "bytes", value: text };
      const value = parseHexBytes(text);
      return typeof value === "string" ? { kind: "bytes", value } : value;
    }
    case "number": {
      const value = parseInteger(text, type);
      return typeof value === "bigint" ? { kind: "integer", value } : value;
    }
    case "port": {
      const value = parsePort(text);
      return typeof value === "number" ? { kind: "port", value } : value;
    }
    case "bool": {
      const value = parseBool(text);
      return typeof value === "boolean" ? { kind: "bool", value } : value;
    }
    case "address": {
      const value = parseAddress(text);
      return isMistake(value) ? value : { kind: "address", value };
    }
    case "network": {
      const value = parseNetwork(text);
      return isMistake(value) ? value : { kind: "network", value };
    }
  }
}
