// SPDX-License-Identifier: Apache-2.0

import { ABSENT } from "../batch/dictionary.js";
import type { ParamInfo } from "../batch/event.js";
import { EVENTS, ParamType } from "../batch/event-table.generated.js";
import type { FieldValue } from "./field.js";
import { type Argument, bool, interned, keyed, number, type Reading, wide } from "./reading.js";
import { ipText } from "./render/address.js";
import { printable } from "./render/buffer.js";
import { big64, signed64, unsigned64 } from "./render/number.js";
import { ABSENT_VALUE, numberValue, textValue } from "./value.js";
import type { EventView } from "./view.js";

/** The parameter of a name in each event type; undefined where it has none. */
type Params = readonly (ParamInfo | undefined)[];

const isWide = (param: ParamInfo): boolean => param.kind === "wide" || param.kind === "fd";
const isText = (param: ParamInfo): boolean => param.kind === "string";
const isSigned = (type: number): boolean =>
  type === ParamType.INT64 || type === ParamType.ERRNO || type === ParamType.FD || type === ParamType.PID;
const isSignedSmall = (type: number): boolean =>
  type === ParamType.INT8 ||
  type === ParamType.INT16 ||
  type === ParamType.INT32 ||
  type === ParamType.FD32 ||
  type === ParamType.PID32;

/** The number of the event's parameter; NaN where it has none. */
function numberOf(e: EventView, params: Params, indices: Int8Array): number {
  const param = params[e.type];
  const index = indices[e.type] as number;
  if (param === undefined || index >= e.nparams || !e.has(index)) return Number.NaN;
  const at = e.o + param.word;
  const low = e.words[at] as number;
  if (isWide(param)) {
    const high = e.words[at + 1] as number;
    return isSigned(param.type) ? signed64(low, high) : unsigned64(low, high);
  }
  if (param.kind !== "int" && param.kind !== "fd32") return Number.NaN;
  return isSignedSmall(param.type) ? low : low >>> 0;
}

function bigOf(e: EventView, params: Params, indices: Int8Array): bigint | undefined {
  const param = params[e.type];
  const index = indices[e.type] as number;
  if (param === undefined || index >= e.nparams || !e.has(index)) return undefined;
  const at = e.o + param.word;
  if (isWide(param)) return big64(e.words[at] as number, e.words[at + 1] as number, isSigned(param.type));
  const value = numberOf(e, params, indices);
  return Number.isNaN(value) ? undefined : BigInt(value);
}

/** Bytes of the event's parameter as they are, without a text's final NUL; null where it has none. */
function bytesOf(e: EventView, params: Params, indices: Int8Array): string | null {
  const param = params[e.type];
  const index = indices[e.type] as number;
  if (param === undefined || index >= e.nparams || !e.has(index)) return null;
  const at = e.o + param.word;
  const value = e.words[at] as number;
  if (param.kind === "string" || param.kind === "bytes") return e.dictionary.text(value);
  return param.kind === "blob" ? e.bytes.toString("latin1", value, value + (e.words[at + 1] as number)) : null;
}

/** The value in the type that the parameter has in this event. */
function valueOfParam(e: EventView, params: Params, indices: Int8Array): FieldValue {
  const param = params[e.type];
  if (param === undefined) return ABSENT_VALUE;
  if (param.type === ParamType.IPV6ADDR) {
    const bytes = bytesOf(e, params, indices);
    return bytes === null ? ABSENT_VALUE : textValue(ipText(bytes));
  }
  if (isText(param)) return textValue(bytesOf(e, params, indices));
  if (param.kind === "bytes" || param.kind === "blob") {
    const bytes = bytesOf(e, params, indices);
    return bytes === null ? ABSENT_VALUE : textValue(printable(bytes));
  }
  const value = bigOf(e, params, indices);
  return value === undefined ? ABSENT_VALUE : numberValue(value, param.format);
}

/**
 * evt.rawarg.NAME: the parameter in its own type, which is that of the first event that has it; parameters of the name that
 * do not convert are absent.
 */
export function bindRawArgument(argument: Argument | null): Reading | { error: string } {
  if (argument === null) return { error: "filter syntax error: evt.rawarg" };
  if (argument.bracketed) return { error: "evt.arg fields must be expressed explicitly" };
  const name = argument.text;
  const params: Params = EVENTS.map((event) => event.params.find((param) => param.name === name));
  const first = params.find((param) => param !== undefined);
  if (first === undefined) return { error: `unknown event argument ${name}` };
  const indices = Int8Array.from(EVENTS, (event) => event.params.findIndex((param) => param.name === name));
  return {
    type: first.type,
    extract: extractorOf(first, params, indices),
    demand: (type) => ((indices[type] ?? -1) < 0 ? 0 : 1 << (indices[type] as number)),
    value: (e) => ((indices[e.type] as number) < 0 ? ABSENT_VALUE : valueOfParam(e, params, indices)),
  };
}

function extractorOf(first: ParamInfo, params: Params, indices: Int8Array): Reading["extract"] {
  if (first.type === ParamType.BOOL) {
    return bool((e) => {
      const value = numberOf(e, params, indices);
      return Number.isNaN(value) ? -1 : value === 0 ? 0 : 1;
    });
  }
  if (isText(first)) {
    return interned((e) => {
      const param = params[e.type];
      const index = indices[e.type] as number;
      if (param?.kind !== "string" || index >= e.nparams || !e.has(index)) return -1;
      const id = e.words[e.o + param.word] as number;
      return id === ABSENT ? -1 : id;
    });
  }
  if (first.type === ParamType.INT64 || first.type === ParamType.UINT64 || first.type === ParamType.ABSTIME) {
    return wide((e) => bigOf(e, params, indices), isSigned(first.type));
  }
  if (isWide(first) || first.kind === "int" || first.kind === "fd32")
    return number((e) => numberOf(e, params, indices));
  if (first.kind === "bytes" || first.kind === "blob")
    return { shape: "bytes", get: (e) => bytesOf(e, params, indices) };
  return keyed(
    () => -1,
    () => null,
  );
}
