// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";
import type { Extractor, FieldValue } from "./field.js";
import { jsonString } from "./json-text.js";
import type { Reading } from "./reading.js";
import { ipText } from "./render/address.js";
import { printable } from "./render/buffer.js";
import type { EventView } from "./view.js";

export const ABSENT_VALUE: FieldValue = { text: null, json: "null" };
const TRUE: FieldValue = { text: "true", json: "true" };
const FALSE: FieldValue = { text: "false", json: "false" };

/** ASCII's, and those of U+0080 to U+009F in UTF-8, which a terminal may take for the beginning of a command as well. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/g;
/** U+FFFD in UTF-8, as a binary string. */
const REPLACEMENT = "\xef\xbf\xbd";

/** A text as outputs show it: control characters become U+FFFD, as in Falco. Conditions see the text itself. */
function shown(binary: string): string {
  return binary.replace(CONTROL, REPLACEMENT);
}

/** A text value. */
export function textValue(binary: string | null): FieldValue {
  if (binary === null) return ABSENT_VALUE;
  const text = shown(binary);
  return { text, json: jsonString(text) };
}

/** A number in the format of its field: decimal is a JSON number, hexadecimal, octal and padded are strings. */
export function numberValue(value: number | bigint, format: string): FieldValue {
  switch (format) {
    case "PF_HEX": {
      const digits = (value < 0 ? BigInt.asUintN(64, BigInt(value)) : value).toString(16).toUpperCase();
      return { text: digits, json: `"${digits}"` };
    }
    case "PF_OCT": {
      const digits = (value < 0 ? BigInt.asUintN(64, BigInt(value)) : value).toString(8);
      return { text: digits, json: `"${digits}"` };
    }
    case "PF_10_PADDED_DEC": {
      const digits = String(value).padStart(9, "0");
      return { text: digits, json: `"${digits}"` };
    }
    default: {
      const digits = String(value);
      return { text: digits, json: digits };
    }
  }
}

/** A double: one decimal as text, the number itself in JSON. */
export function doubleValue(value: number): FieldValue {
  return { text: value.toFixed(1), json: JSON.stringify(value) };
}

/** A list: `(a,b)` as text, an array in JSON. */
export function listValue(items: readonly string[]): FieldValue {
  const texts = items.map(shown);
  return { text: `(${texts.join(",")})`, json: `[${texts.map(jsonString).join(",")}]` };
}

/** The function that gives a field's value for outputs. */
export function fieldValue(reading: Reading, type: number, format: string): (e: EventView) => FieldValue {
  if (reading.value !== undefined) return reading.value;
  if (reading.address === "ip") return addressValue(reading.extract);
  if (reading.address === "net") return networkValue(reading.extract);
  if (reading.address !== undefined && reading.address !== null) return () => ABSENT_VALUE;
  return extractedValue(reading.extract, type, format);
}

function extractedValue(extract: Extractor, type: number, format: string): (e: EventView) => FieldValue {
  switch (extract.shape) {
    case "keyed":
      return (e) => {
        const key = extract.key(e);
        return key === -1 ? ABSENT_VALUE : textValue(extract.text(key, e));
      };
    case "number": {
      const double = type === ParamType.DOUBLE;
      return (e) => {
        const value = extract.get(e);
        if (Number.isNaN(value)) return ABSENT_VALUE;
        return double ? doubleValue(value) : numberValue(value, format);
      };
    }
    case "wide":
      return (e) => {
        const value = extract.get(e);
        return value === undefined ? ABSENT_VALUE : numberValue(value, format);
      };
    case "bool":
      return (e) => {
        const value = extract.get(e);
        return value < 0 ? ABSENT_VALUE : value === 0 ? FALSE : TRUE;
      };
    case "text":
      return (e) => textValue(extract.get(e));
    case "bytes":
      return (e) => {
        const value = extract.get(e);
        return value === null ? ABSENT_VALUE : textValue(printable(value));
      };
    case "each":
      return (e) => textValue(extract.output(e));
    case "list":
      return (e) => {
        const items = extract.get(e);
        return items === null ? ABSENT_VALUE : listValue(items);
      };
  }
}

function addressValue(extract: Extractor): (e: EventView) => FieldValue {
  if (extract.shape !== "keyed") return () => ABSENT_VALUE;
  return (e) => {
    const key = extract.key(e);
    const bytes = key === -1 ? null : extract.text(key, e);
    return bytes === null || bytes === "" ? ABSENT_VALUE : textValue(ipText(bytes));
  };
}

function networkValue(extract: Extractor): (e: EventView) => FieldValue {
  if (extract.shape !== "keyed") return () => ABSENT_VALUE;
  return (e) => (extract.key(e) === -1 ? ABSENT_VALUE : textValue("<IPNET>"));
}
