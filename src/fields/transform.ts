// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";

/** What a transformer takes and gives: texts and bytes as binary strings; lists are of texts. */
export type TransformValue = string | number | bigint | boolean | readonly string[];

/** Type and list-ness of an argument; constants have the type 0. */
export interface TransformType {
  readonly type: number;
  readonly list: boolean;
}

/** A transformer with the types of its arguments settled. */
export interface BoundTransform extends TransformType {
  /** The result for values of the arguments' types; null = no value. Pure. */
  apply(values: readonly TransformValue[]): TransformValue | null;
}

/** A to Z made small, byte by byte; all else stays. */
export function toLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** a to z made large, byte by byte; all else stays. */
export function toUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** What stands behind the last "/"; the whole text where there is none. */
export function baseName(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}

/** Decodes standard base64, padded or not; null for anything else. */
export function decodeBase64(text: string): string | null {
  const digits = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text);
  if (digits === null) return null;
  const rest = (digits[1] as string).length % 4;
  if (rest === 1 || (digits[2] !== "" && (rest + (digits[2] as string).length) % 4 !== 0)) return null;
  return Buffer.from(digits[1] as string, "base64").toString("latin1");
}

/** Letters that a getopt option string declares, and which of them take a value. */
interface Options {
  readonly known: ReadonlySet<string>;
  readonly valued: ReadonlySet<string>;
}

function parseOptions(optstring: string): Options {
  const known = new Set<string>();
  const valued = new Set<string>();
  for (let i = optstring.startsWith(":") ? 1 : 0; i < optstring.length; i++) {
    const letter = optstring.charAt(i);
    if (letter === ":") continue;
    known.add(letter);
    if (optstring.charAt(i + 1) === ":") valued.add(letter);
  }
  return { known, valued };
}

/** What one option came to: its letter and, where it takes one, its value; "?" for an unknown one. */
interface Found {
  readonly letter: string;
  readonly value: string | null;
  /** False where the value that the option takes is missing. */
  readonly complete: boolean;
}

/** Walks arguments as getopt(3) does; long options are passed over. */
function scan(args: readonly string[], options: Options): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === "--") break;
    if (arg.length > 2 && arg.startsWith("--")) continue;
    if (arg.length < 2 || !arg.startsWith("-")) break;
    for (let i = 1; i < arg.length; i++) {
      const letter = arg.charAt(i);
      if (!options.known.has(letter)) {
        found.push({ letter: "?", value: null, complete: true });
        continue;
      }
      if (!options.valued.has(letter)) {
        found.push({ letter, value: null, complete: true });
        continue;
      }
      const attached = arg.slice(i + 1);
      const next = attached !== "" ? attached : args[++at];
      found.push({ letter, value: next ?? null, complete: next !== undefined });
      break;
    }
  }
  return found;
}

/** Letters and values of the options in turn; a missing value stands for both as "". */
export function getOptions(args: readonly string[], optstring: string): string[] {
  const result: string[] = [];
  for (const { letter, value, complete } of scan(args, parseOptions(optstring))) {
    if (!complete) {
      result.push("");
      continue;
    }
    result.push(letter);
    if (value !== null) result.push(value);
  }
  return result;
}

/**
 * The last value of one option: its letter where it takes none, "" where the value is missing; null where the option is not
 * there.
 */
export function getOption(args: readonly string[], optstring: string, option: string): string | null {
  const options = parseOptions(optstring);
  if (!options.known.has(option)) return null;
  const last = scan(args, options).findLast((found) => found.letter === option);
  if (last === undefined) return null;
  return last.complete ? (last.value ?? last.letter) : "";
}

function textsOf(value: TransformValue | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "object" ? value : [String(value)];
}

function textOf(value: TransformValue | undefined): string {
  return value === undefined ? "" : String(value);
}

/** A function of one text, on each element of a list. */
function elementwise(argument: TransformType, map: (text: string) => string | null): BoundTransform {
  return {
    type: argument.type || ParamType.CHARBUF,
    list: argument.list,
    apply: ([value]) => {
      if (typeof value !== "object") return map(textOf(value));
      const mapped: string[] = [];
      for (const item of value) {
        const result = map(item);
        if (result === null) return null;
        mapped.push(result);
      }
      return mapped;
    },
  };
}

/** Bytes of a text or a buffer, elements of a list. Texts end at their first NUL. */
function lengthOf(argument: TransformType): BoundTransform {
  const buffer = argument.type === ParamType.BYTEBUF;
  return {
    type: ParamType.UINT64,
    list: false,
    apply: ([value]) => {
      if (typeof value === "object") return value.length;
      const text = textOf(value);
      const end = buffer ? -1 : text.indexOf("\0");
      return end < 0 ? text.length : end;
    },
  };
}

const TEXT: TransformType = { type: ParamType.CHARBUF, list: false };

/**
 * Settles a transformer. Whether it takes such arguments has been checked before.
 * @param arg the text in brackets behind it (getopt), null = none
 */
export function bindTransform(name: string, arg: string | null, args: readonly TransformType[]): BoundTransform {
  const first = args[0] ?? TEXT;
  switch (name) {
    case "tolower":
      return elementwise(first, toLower);
    case "toupper":
      return elementwise(first, toUpper);
    case "basename":
      return elementwise(first, baseName);
    case "b64":
      return elementwise(first, decodeBase64);
    case "len":
      return lengthOf(first);
    case "join":
      return { ...TEXT, apply: ([separator, list]) => textsOf(list).join(textOf(separator)) };
    case "concat":
      return { ...TEXT, apply: (values) => values.map(textOf).join("") };
    case "getopt":
      if (arg === null)
        return { ...TEXT, list: true, apply: ([list, options]) => getOptions(textsOf(list), textOf(options)) };
      return { ...TEXT, apply: ([list, options]) => getOption(textsOf(list), textOf(options), arg) };
    default:
      throw new Error(`unknown transformer ${name}`);
  }
}
