// SPDX-License-Identifier: Apache-2.0

import { EMPTY, PathFlag } from "../../batch/dictionary.js";
import type { EventInfo, ParamInfo } from "../../batch/event.js";
import {
  DYNAMIC_TABLES,
  ERRNO_NAMES,
  EVENTS,
  ParamType,
  SIGNAL_NAMES,
  SYSCALL_NAMES,
} from "../../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../../batch/fd-rows.js";
import { ROW_WORDS, RowWord } from "../../batch/process-rows.js";
import { groupName, userName } from "../names.js";
import type { EventView } from "../view.js";
import { addressText, tupleText } from "./address.js";
import { printable } from "./buffer.js";
import { dateText, fraction } from "./clock.js";
import { AT_FDCWD, fdRowText, negativeFdText, portsOf } from "./fd.js";
import { enumNames, flagNames, signalSet } from "./flags.js";
import { big64, decimal64, general, hex64, octal, signed64, unsigned64 } from "./number.js";
import { joinPath, UNKNOWN_DIRECTORY } from "./path.js";
import { pollText } from "./poll-list.js";

/*
 * A parameter has a raw text and, for some types, a resolved one: `flags=4097(O_RDONLY|O_CLOEXEC)`. Both are for outputs and
 * for fields that cannot be remembered, and allocate.
 */

/** The working directory where the process's leader is not known. */
export const NO_CWD = "./";

export const NOT_AVAILABLE = "<NA>";

/** Text of a parameter that is missing or empty. */
function emptyText(type: number): string {
  switch (type) {
    case ParamType.BYTEBUF:
    case ParamType.SOCKTUPLE:
    case ParamType.FDLIST:
    case ParamType.CHARBUFARRAY:
    case ParamType.CHARBUF_PAIR_ARRAY:
    case ParamType.DYN:
      return "NULL";
    default:
      return NOT_AVAILABLE;
  }
}

/** The working directory of the event's process, with a trailing "/"; "" where it was never told. */
export function workingDirectory(e: EventView): string {
  if (e.leader === 0) return NO_CWD;
  const cwd = e.rows[e.leader * ROW_WORDS + RowWord.CWD] as number;
  return cwd > EMPTY ? e.dictionary.text(cwd) : "";
}

/** Directory that a path seen from directory fd `index` of the event starts at. */
export function directoryAt(e: EventView, info: EventInfo, index: number): string {
  const param = info.params[index];
  if (param === undefined || (param.kind !== "fd" && param.kind !== "fd32")) return workingDirectory(e);
  const at = e.o + param.word;
  if ((e.words[at] as number) === AT_FDCWD || !e.has(index)) return workingDirectory(e);
  const row = e.words[at + (param.kind === "fd" ? 2 : 1)] as number;
  return row === 0 ? UNKNOWN_DIRECTORY : e.dictionary.text(e.fds[row * FD_ROW_WORDS + FdWord.NAME] as number);
}

/** The absolute form of path parameter `index`; "" for a path that needs none. */
function resolvedPath(e: EventView, info: EventInfo, param: ParamInfo): string {
  const id = e.words[e.o + param.word] as number;
  if (id <= EMPTY || (e.dictionary.pathFlags(id) & PathFlag.ABSOLUTE) !== 0) return "";
  const path = e.dictionary.text(id);
  if (e.row === 0) return path;
  if (path === NOT_AVAILABLE) return "";
  const relative = param.type === ParamType.FSRELPATH && param.dirfd >= 0;
  return joinPath(relative ? directoryAt(e, info, param.dirfd) : workingDirectory(e), path);
}

/** Value of a 32-bit parameter in the format of its type. */
function smallText(param: ParamInfo, value: number): string {
  const width = param.type === ParamType.INT8 ? 8 : param.type === ParamType.INT16 ? 16 : 32;
  const signed = param.type === ParamType.INT8 || param.type === ParamType.INT16 || param.type === ParamType.INT32;
  if (param.format === "PF_HEX")
    return (width === 32 ? value >>> 0 : value & ((1 << width) - 1)).toString(16).toUpperCase();
  if (param.format === "PF_OCT") return octal(value);
  return String(signed ? value : value >>> 0);
}

function blobText(e: EventView, at: number, length: number): string {
  return e.bytes.toString("latin1", at, at + length);
}

/** A dynamic parameter as a variant of its table; null where the bytes do not fit the variant. */
function variantOf(e: EventView, param: ParamInfo): { type: number; bytes: string; at: number } | null {
  const at = e.words[e.o + param.word] as number;
  const length = e.words[e.o + param.word + 1] as number;
  const table = DYNAMIC_TABLES[param.table];
  const variant = table?.[e.bytes[at] as number];
  return variant === undefined ? null : { type: variant.type, bytes: blobText(e, at + 1, length - 1), at: at + 1 };
}

const INVALID_DYNAMIC = "INVALID DYNAMIC PARAMETER";

function wordsOf(bytes: string): [number, number] {
  const padded = Buffer.alloc(8);
  padded.write(bytes.slice(0, 8), 0, "latin1");
  return [padded.readInt32LE(0), padded.readInt32LE(4)];
}

function dynamicRaw(e: EventView, param: ParamInfo): string {
  const variant = variantOf(e, param);
  if (variant === null) return INVALID_DYNAMIC;
  const [low, high] = wordsOf(variant.bytes);
  switch (variant.type) {
    case ParamType.BYTEBUF:
      return printable(variant.bytes);
    case ParamType.CHARBUF:
      return variant.bytes.split("\0", 1)[0] ?? "";
    case ParamType.UINT64:
    case ParamType.INT64:
      return param.format === "PF_HEX" ? hex64(low, high) : decimal64(low, high, variant.type === ParamType.INT64);
    case ParamType.UINT32:
      return String(low >>> 0);
    case ParamType.SIGTYPE:
      return String(low & 0xff);
    case ParamType.RELTIME:
      return durationRaw(low, high);
    default:
      return decimal64(low, high, true);
  }
}

function dynamicResolved(e: EventView, param: ParamInfo): string {
  const variant = variantOf(e, param);
  if (variant === null) return "";
  const [low, high] = wordsOf(variant.bytes);
  switch (variant.type) {
    case ParamType.ERRNO:
      return errorName(low, high);
    case ParamType.SIGTYPE:
      return SIGNAL_NAMES[low & 0xff] ?? "";
    case ParamType.RELTIME:
      return durationResolved(low, high);
    case ParamType.FD:
      return negativeFdText(signed64(low, high));
    default:
      return "";
  }
}

function durationRaw(low: number, high: number): string {
  return low === -1 && high === -1 ? "none" : decimal64(low, high, false);
}

function durationResolved(low: number, high: number): string {
  return low === -1 && high === -1 ? "" : `${general(unsigned64(low, high) / 1e9)}s`;
}

function errorName(low: number, high: number): string {
  return high < 0 ? (ERRNO_NAMES[-low] ?? "") : "";
}

/** Buffers that the reader stores without their final NULs: each had one at least. */
function vectorText(bytes: string): string {
  return `${printable(bytes)}.`;
}

/** Raw text of parameter `index`; the event has it, empty or not. */
export function rawText(e: EventView, info: EventInfo, index: number): string {
  const param = info.params[index] as ParamInfo;
  if (!e.has(index)) return emptyText(param.type);
  const at = e.o + param.word;
  const value = e.words[at] as number;
  switch (param.type) {
    case ParamType.CHARBUF:
    case ParamType.FSPATH:
    case ParamType.FSRELPATH:
      return e.dictionary.text(value);
    case ParamType.BYTEBUF:
      if (param.kind === "bytes") return vectorText(e.dictionary.text(value));
      return printable(blobText(e, value, e.words[at + 1] as number));
    case ParamType.SOCKADDR:
      return addressText(e.dictionary.text(value), portsOf(e, e.fdRow));
    case ParamType.SOCKTUPLE:
      return tupleText(e.dictionary.text(value), portsOf(e, e.fdRow));
    case ParamType.FDLIST:
      return e.row === 0 ? "" : pollText(e, value, e.words[at + 1] as number);
    case ParamType.DYN:
      return dynamicRaw(e, param);
    case ParamType.SIGSET:
      return signalSet(value);
    case ParamType.ABSTIME: {
      const time = big64(value, e.words[at + 1] as number, false);
      return `${dateText(time)}.${fraction(time)}`;
    }
    case ParamType.CHARBUFARRAY:
      return e.dictionary.text(value).replaceAll("\0", ".");
    case ParamType.CHARBUF_PAIR_ARRAY:
      return e.dictionary.text(value).replaceAll("\0", ",");
    default:
      return numberText(
        param,
        value,
        param.kind === "wide" || param.kind === "fd" ? (e.words[at + 1] as number) : value >> 31,
      );
  }
}

/** Raw text of a number parameter from its words; pure, for keys. */
export function numberText(param: ParamInfo, low: number, high: number): string {
  switch (param.type) {
    case ParamType.UID:
    case ParamType.GID:
      return String(low);
    case ParamType.BOOL:
      return low === 0 ? "false" : "true";
    case ParamType.FLAGS8:
    case ParamType.FLAGS16:
    case ParamType.FLAGS32:
    case ParamType.ENUMFLAGS8:
    case ParamType.ENUMFLAGS16:
    case ParamType.ENUMFLAGS32:
    case ParamType.SYSCALLID:
    case ParamType.SIGTYPE:
      return String(low >>> 0);
    case ParamType.MODE:
      return param.format === "PF_OCT" ? octal(low) : smallText(param, low);
    case ParamType.RELTIME:
      return durationRaw(low, high);
    case ParamType.UINT64:
    case ParamType.INT64:
      if (param.format === "PF_HEX") return hex64(low, high);
      return decimal64(low, high, true);
    case ParamType.PID32:
      return String(low);
    default:
      return param.kind === "wide" || param.kind === "fd" || param.kind === "fd32"
        ? decimal64(low, high, true)
        : smallText(param, low);
  }
}

/** Resolved text of a number parameter that depends on nothing but the number; pure, for keys. "" where there is none. */
export function numberResolved(param: ParamInfo, low: number, high: number): string {
  switch (param.type) {
    case ParamType.FLAGS8:
    case ParamType.FLAGS16:
    case ParamType.FLAGS32:
    case ParamType.MODE:
      return flagNames(param.table, low >>> 0);
    case ParamType.ENUMFLAGS8:
    case ParamType.ENUMFLAGS16:
    case ParamType.ENUMFLAGS32:
      return enumNames(param.table, low >>> 0);
    case ParamType.ERRNO:
      return errorName(low, high);
    case ParamType.SIGTYPE:
      return SIGNAL_NAMES[low & 0xff] ?? "";
    case ParamType.SYSCALLID:
      return SYSCALL_NAMES[low & 0xffff] ?? "";
    case ParamType.RELTIME:
      return durationResolved(low, high);
    case ParamType.FD:
    case ParamType.FD32:
      return negativeFdText(signed64(low, high));
    case ParamType.UID:
    case ParamType.GID:
      return low === -1 ? "<NONE>" : "";
    default:
      return "";
  }
}

/** Dictionary id of the comm of thread (low, high); 0 where there is none. */
export function commOf(e: EventView, low: number, high: number): number {
  if (high !== low >> 31) return 0;
  const row = e.processes.at(low, e.number);
  return row === 0 ? 0 : (e.rows[row * ROW_WORDS + RowWord.COMM] as number);
}

/** Resolved text of parameter `index`, "" where there is none. */
function resolvedText(e: EventView, info: EventInfo, index: number): string {
  const param = info.params[index] as ParamInfo;
  if (!e.has(index)) return "";
  const at = e.o + param.word;
  const value = e.words[at] as number;
  switch (param.type) {
    case ParamType.FSPATH:
    case ParamType.FSRELPATH:
      return resolvedPath(e, info, param);
    case ParamType.FD: {
      const row = e.words[at + 2] as number;
      return row !== 0 && value >= 0 ? fdRowText(e, row) : numberResolved(param, value, e.words[at + 1] as number);
    }
    case ParamType.FD32: {
      const row = e.words[at + 1] as number;
      return row !== 0 && value >= 0 ? fdRowText(e, row) : numberResolved(param, value, value >> 31);
    }
    case ParamType.PID: {
      const comm = commOf(e, value, e.words[at + 1] as number);
      return comm === 0 ? "" : e.dictionary.text(comm);
    }
    case ParamType.PID32: {
      const comm = commOf(e, value, value >> 31);
      return comm === 0 ? "" : e.dictionary.text(comm);
    }
    case ParamType.UID:
      return value === -1 ? "<NONE>" : userName(e, value);
    case ParamType.GID:
      return value === -1 ? "<NONE>" : groupName(e, value);
    case ParamType.DYN:
      return dynamicResolved(e, param);
    default:
      return numberResolved(param, value, param.kind === "wide" ? (e.words[at + 1] as number) : value >> 31);
  }
}

/** What evt.arg shows of parameter `index`: the resolved text where it is not empty, else the raw one. */
export function argumentText(e: EventView, info: EventInfo, index: number): string {
  const resolved = resolvedText(e, info, index);
  return resolved !== "" ? resolved : rawText(e, info, index);
}

/** Every parameter that the event has: `name=raw(resolved)`, joined by blanks. */
export function allArguments(e: EventView): string {
  const info = EVENTS[e.type] as EventInfo;
  const count = Math.min(e.nparams, info.params.length);
  let text = "";
  for (let i = 0; i < count; i++) {
    const resolved = resolvedText(e, info, i);
    const raw = rawText(e, info, i);
    const name = (info.params[i] as ParamInfo).name;
    text += `${i === 0 ? "" : " "}${name}=${raw}${resolved === "" ? "" : `(${resolved})`}`;
  }
  return text;
}
