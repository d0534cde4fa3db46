// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType, ParamType } from "../batch/event-table.generated.js";
import type { Demand } from "../batch/plan.js";
import { type Extractor, type Field, type FieldValue, UNKEYED } from "../fields/field.js";
import { ipText } from "../fields/render/address.js";
import { printable } from "../fields/render/buffer.js";
import { ABSENT_VALUE, listValue, numberValue, textValue } from "../fields/value.js";
import type { EventView } from "../fields/view.js";
import type { FieldSpec, FieldType } from "../sdk/index.js";
import type { Value } from "./convert.js";

/** Where the value of a field with its argument comes from: at most one extraction an event. */
export interface ValueSource {
  value(e: EventView): Value;
}

/** The parameters of plugin events: all of them, for whatever the plugin reads. */
const PARAMETERS: ReadonlyMap<number, number> = new Map(
  [EventType.PLUGINEVENT_E, EventType.ASYNCEVENT_E].map((type) => [type, (1 << EVENTS[type].params.length) - 1]),
);

export const PARAM_TYPES: Readonly<Record<FieldType, number>> = {
  string: ParamType.CHARBUF,
  uint64: ParamType.UINT64,
  reltime: ParamType.RELTIME,
  abstime: ParamType.ABSTIME,
  bool: ParamType.BOOL,
  ipaddr: ParamType.IPADDR,
  ipnet: ParamType.IPNET,
  bytes: ParamType.BYTEBUF,
};

/** Texts that are remembered at a time, and the longest that is. */
const REMEMBERED = 16_384;
const LONGEST_KEY = 256;

/**
 * Numbers texts, so that what rules find out about one is found out once. A number is never used again: when too many texts
 * are remembered all are forgotten, and come back under numbers of their own.
 */
class TextKeys {
  private readonly keys = new Map<string, number>();
  private next = 1;

  of(text: string): number {
    if (text.length > LONGEST_KEY) return UNKEYED;
    const known = this.keys.get(text);
    if (known !== undefined) return known;
    if (this.next >= UNKEYED) return UNKEYED;
    if (this.keys.size >= REMEMBERED) this.keys.clear();
    this.keys.set(text, this.next);
    return this.next++;
  }
}

function keyedText(source: ValueSource): Extractor {
  const keys = new TextKeys();
  return {
    shape: "keyed",
    dense: false,
    key: (e) => {
      const value = source.value(e);
      return value === undefined ? -1 : keys.of(value as string);
    },
    text: (_key, e) => (source.value(e) as string | undefined) ?? null,
  };
}

function extractorOf(spec: FieldSpec, source: ValueSource): Extractor {
  if (spec.list === true) {
    return { shape: "list", get: (e) => (source.value(e) as readonly string[] | undefined) ?? null };
  }
  switch (spec.type) {
    case "string":
    case "ipaddr":
    case "ipnet":
      return keyedText(source);
    case "bytes":
      return { shape: "bytes", get: (e) => (source.value(e) as string | undefined) ?? null };
    case "bool":
      return {
        shape: "bool",
        get: (e) => {
          const value = source.value(e);
          return value === undefined ? -1 : value === true ? 1 : 0;
        },
      };
    default:
      return { shape: "wide", signed: false, get: (e) => source.value(e) as number | bigint | undefined };
  }
}

/** Address and prefix length of a network's bytes, which are its address and its mask; the mask itself where it has holes. */
function networkText(bytes: string): string {
  const width = bytes.length / 2;
  const mask = Array.from(bytes.slice(width), (c) => c.charCodeAt(0).toString(2).padStart(8, "0")).join("");
  const prefix = mask.indexOf("0") === -1 ? mask.length : mask.indexOf("0");
  const address = ipText(bytes.slice(0, width));
  return mask.slice(prefix).includes("1") ? `${address}/${ipText(bytes.slice(width))}` : `${address}/${prefix}`;
}

function scalarValue(type: FieldType, value: Exclude<Value, readonly string[] | undefined>): FieldValue {
  switch (type) {
    case "ipaddr":
      return textValue(ipText(value as string));
    case "ipnet":
      return textValue(networkText(value as string));
    case "bytes":
      return textValue(printable(value as string));
    case "string":
      return textValue(value as string);
    case "bool": {
      const text = String(value);
      return { text, json: text };
    }
    default:
      return numberValue(value as number | bigint, "PF_DEC");
  }
}

function membersValue(type: FieldType, members: readonly string[]): FieldValue {
  switch (type) {
    case "string":
      return listValue(members);
    case "bytes":
      return listValue(members.map(printable));
    case "ipaddr":
      return listValue(members.map(ipText));
    case "ipnet":
      return listValue(members.map(networkText));
    default:
      // Numbers and bools are their own JSON.
      return { text: `(${members.join(",")})`, json: `[${members.join(",")}]` };
  }
}

/** A plugin's field as rules and outputs use it. `text` is a binary string: the name with its argument. */
export function pluginField(text: string, argument: string | null, spec: FieldSpec, source: ValueSource): Field {
  const { type } = spec;
  const name = argument === null ? text : text.slice(0, text.indexOf("["));
  return {
    name: text,
    base: name,
    arg: argument,
    type: PARAM_TYPES[type],
    list: spec.list === true,
    flags: [],
    deprecated: false,
    filterOnly: false,
    ...(spec.absentEquals === undefined ? {} : { absentEquals: spec.absentEquals }),
    extract: extractorOf(spec, source),
    address: spec.list === true ? null : type === "ipaddr" ? "ip" : type === "ipnet" ? "net" : null,
    demand: (eventType: number, demand: Demand): void => {
      demand[eventType] = (demand[eventType] ?? 0) | (PARAMETERS.get(eventType) ?? 0);
    },
    value: (e) => {
      const value = source.value(e);
      if (value === undefined) return ABSENT_VALUE;
      if (typeof value === "object") return membersValue(type, value);
      return scalarValue(type, value);
    },
  };
}
