// SPDX-License-Identifier: Apache-2.0

import type { CatalogEntry } from "./catalog.js";
import type {
  AddressKind,
  AnnexNeed,
  BoolField,
  EachField,
  Extractor,
  FieldValue,
  KeyedField,
  ListField,
  NumberField,
  TextField,
  WideField,
} from "./field.js";
import type { EventView } from "./view.js";

/** What stands behind a field's name: `[index]`, `[key]` or `.suffix`. */
export interface Argument {
  /** Text between the brackets or behind the dot. */
  readonly text: string;
  /** The same as a number where it is one, else -1. */
  readonly index: number;
  /** Whether it stood in brackets. */
  readonly bracketed: boolean;
}

/** How a field with its argument is read. */
export interface Reading {
  readonly extract: Extractor;
  readonly address?: AddressKind;
  /** Mask of the parameters that the field reads on an event of `type`; nothing where it is left out. */
  readonly demand?: (type: number) => number;
  /** What the field reads of the records' annexes. */
  readonly annex?: AnnexNeed;
  /** The value for outputs, where it is not what the extractor and the catalog's type say. */
  readonly value?: (e: EventView) => FieldValue;
  /** The type, where it depends on the argument. */
  readonly type?: number;
}

/** Makes a reading of a catalog field; an error message where the argument is bad. */
export type Binder = (argument: Argument | null, entry: CatalogEntry) => Reading | { readonly error: string };

/** Binders of a class of fields by catalog name. */
export type Binders = Readonly<Record<string, Binder>>;

export function keyed(
  key: (e: EventView) => number,
  text: (key: number, e: EventView) => string | null,
  dense = true,
): KeyedField {
  return { shape: "keyed", key, text, dense };
}

/** A keyed field whose keys are dictionary ids. */
export function interned(key: (e: EventView) => number): KeyedField {
  return { shape: "keyed", key, text: dictionaryText, dense: true };
}

export function dictionaryText(key: number, e: EventView): string {
  return e.dictionary.text(key);
}

export function number(get: (e: EventView) => number): NumberField {
  return { shape: "number", get };
}

export function wide(get: (e: EventView) => bigint | undefined, signed = false): WideField {
  return { shape: "wide", get, signed };
}

export function bool(get: (e: EventView) => number): BoolField {
  return { shape: "bool", get };
}

export function text(get: (e: EventView) => string | null): TextField {
  return { shape: "text", get };
}

export function list(get: (e: EventView) => readonly string[] | null): ListField {
  return { shape: "list", get };
}

export function each(
  keys: (e: EventView, keys: Int32Array) => number,
  textOf: (key: number, e: EventView) => string | null,
  output: (e: EventView) => string | null,
): EachField {
  return { shape: "each", keys, text: textOf, output };
}

/** A binder for a field without arguments. */
export function plain(extract: Extractor, more: Omit<Reading, "extract"> = {}): Binder {
  const reading: Reading = { extract, ...more };
  return () => reading;
}

/** A field that is known and never has a value. */
export const retired: Binder = (_argument, entry) => ({
  extract:
    entry.type === BOOL
      ? bool(() => -1)
      : keyed(
          () => -1,
          () => null,
        ),
});

const BOOL = 25;
