// SPDX-License-Identifier: Apache-2.0

import { isScalar, isSeq, type Scalar } from "yaml";

import type { Context } from "./diagnostic.js";
import { type Item, isNull, offsetOf, type Value } from "./document.js";
import { Text } from "./text.js";

const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

function valueContext(item: Item, key: string): Context {
  return item.context.enter("value for", key, offsetOf(item.get(key), item.keyOffset(key)));
}

/** Reads with the messages that a wrong value has in Falco; the place is the value's, the item named is the one it stands in. */
function fail(item: Item, key: string, message: string): Error {
  const inner = valueContext(item, key);
  return inner.error("LOAD_ERR_YAML_VALIDATE", message);
}

/** A scalar that must be there and not be empty. */
export function scalar(item: Item, key: string): Scalar {
  const value = item.get(key);
  if (value === undefined && !item.has(key)) {
    throw item.context.error("LOAD_ERR_YAML_VALIDATE", `Item has no mapping for key '${key}'`);
  }
  if (value === undefined || value === null || isNull(value))
    throw fail(item, key, `Mapping for key '${key}' is empty`);
  if (!isScalar(value)) throw fail(item, key, "Value is not a scalar value");
  if (value.value === "") throw fail(item, key, "Value must be non-empty");
  return value;
}

export function string(item: Item, key: string): string {
  return String(scalar(item, key).value);
}

export function optionalString(item: Item, key: string): string | undefined {
  return item.has(key) ? string(item, key) : undefined;
}

export function text(item: Item, key: string, trim = false): Text {
  return Text.of(scalar(item, key), item.file, trim);
}

export function optionalBool(item: Item, key: string): boolean | undefined {
  if (!item.has(key)) return undefined;
  const value = string(item, key);
  if (TRUE.test(value)) return true;
  if (FALSE.test(value)) return false;
  throw fail(item, key, "Can't decode YAML scalar value");
}

export function optionalUnsigned(item: Item, key: string): number | undefined {
  if (!item.has(key)) return undefined;
  const value = string(item, key);
  if (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(value) && Number(value) <= 0xffffffff) return Number(value);
  throw fail(item, key, "Can't decode YAML scalar value");
}

/** The scalars of a sequence that must be there. */
export function scalars(item: Item, key: string): Scalar[] {
  const value = item.get(key);
  if (!item.has(key)) throw item.context.error("LOAD_ERR_YAML_VALIDATE", `Item has no mapping for key '${key}'`);
  if (!isSeq(value)) throw fail(item, key, "Value is not a sequence");
  for (const element of value.items as Value[]) {
    if (!isScalar(element) || isNull(element)) throw fail(item, key, "sequence value is not scalar");
  }
  return value.items as Scalar[];
}

export function optionalStrings(item: Item, key: string): string[] | undefined {
  return item.has(key) ? scalars(item, key).map((element) => String(element.value)) : undefined;
}
