// SPDX-License-Identifier: Apache-2.0

import type { Demand } from "../batch/plan.js";
import type { EventView } from "./view.js";

/*
 * A field bound to its argument is one of these shapes. The shape says how cheaply a test on it can be remembered:
 *
 *   keyed      the value's text is a pure function of a small integer (a dictionary id, an event type, a flag set), so a
 *              predicate is computed once a key and is one array load from then on
 *   number     a number of at most 53 bits, NaN = absent
 *   wide       64 bits, undefined = absent
 *   bool       1, 0, or -1 = absent
 *   text       a text that cannot be remembered by key (evt.args), null = absent
 *   bytes      a byte buffer, null = absent
 *   each       several keyed values, one an ancestor: a test holds where any of them satisfies it
 *   list       a list of texts, null = absent
 *
 * Texts are "binary strings": one character a byte of the value, so that all comparisons are those of the bytes.
 */

/**
 * A key that stands for a value of this event alone (a path joined with a directory, an I/O buffer): `text` has to be asked for
 * every event and nothing may be remembered under it. Dense keys are smaller; sparse keys may be larger.
 */
export const UNKEYED = 0x4000_0000;

export interface KeyedField {
  readonly shape: "keyed";
  /** The key, -1 = absent, UNKEYED = not to be remembered. Allocates nothing. */
  key(e: EventView): number;
  /** The text that belongs to a key of this event; null = absent (the key then stands for "absent"). Pure in the key within a generation. */
  text(key: number, e: EventView): string | null;
  /** True where keys are dictionary ids or as dense: memos are arrays. False: keys are sparse, memos are maps. */
  readonly dense: boolean;
}

export interface NumberField {
  readonly shape: "number";
  get(e: EventView): number;
}

export interface WideField {
  readonly shape: "wide";
  readonly signed: boolean;
  /** A number where that is exact, or a bigint. */
  get(e: EventView): bigint | number | undefined;
}

export interface BoolField {
  readonly shape: "bool";
  get(e: EventView): number;
}

export interface TextField {
  readonly shape: "text";
  get(e: EventView): string | null;
}

export interface BytesField {
  readonly shape: "bytes";
  get(e: EventView): string | null;
}

export interface EachField {
  readonly shape: "each";
  /** Number of values for this event. Fills `keys` from 0; never more than keys.length. */
  keys(e: EventView, keys: Int32Array): number;
  text(key: number, e: EventView): string | null;
  /** The field's value in an output; null = absent. */
  output(e: EventView): string | null;
}

export interface ListField {
  readonly shape: "list";
  get(e: EventView): readonly string[] | null;
}

export type Extractor =
  | KeyedField
  | NumberField
  | WideField
  | BoolField
  | TextField
  | BytesField
  | EachField
  | ListField;

/**
 * How the operators of an address field compare: against both endpoints, or as a network. Only for keyed fields over socket
 * addresses. Their `text` is for comparisons alone (outputs use `value`) and holds bytes in network order:
 *
 *   ip, net            the address: 4 or 16 bytes
 *   ip-pair, net-pair  both addresses, the source's first: 8 or 32 bytes
 *   port-pair          both ports, the source's first, big-endian: 4 bytes
 *   around             no address: a distance in ns, which is to be at most the constant in ms
 *
 * Networks that are values themselves (of a plugin) are address and mask, one behind the other: 8 or 32 bytes.
 *
 * A pair field of an fd without such endpoints has the text "": it exists, and every comparison with it is false. Keyed
 * fields of other number types have their decimal digits as text, bools "true" or "false".
 */
export type AddressKind = "ip" | "net" | "ip-pair" | "net-pair" | "port-pair" | "around" | null;

/** A value ready for output: text for templates and, for output_fields, the JSON of its typed value. */
export interface FieldValue {
  /** Binary string; null = absent, printed as <NA>. */
  readonly text: string | null;
  /** JSON text: exact digits for numbers, null for absent. */
  readonly json: string;
}

/** What a field reads of annexes: AnnexPart bits, and the fd that it asks for by number. */
export interface AnnexNeed {
  readonly parts: number;
  readonly fd?: number;
}

/** A field as a rule or an output names it. */
export interface Field {
  /** As written, with its argument: `proc.aname[2]`. */
  readonly name: string;
  /** Catalog name: `proc.aname`. */
  readonly base: string;
  readonly arg: string | null;
  /** A ParamType. */
  readonly type: number;
  readonly list: boolean;
  readonly flags: readonly string[];
  readonly deprecated: boolean;
  readonly filterOnly: boolean;
  /** An event without a value satisfies a comparison for equality with this text. */
  readonly absentEquals?: "";
  readonly extract: Extractor;
  readonly address: AddressKind;
  /** What the field reads of the records' annexes; left out where that is nothing. */
  readonly annex?: AnnexNeed;
  /** Adds to `demand` the parameters that this field reads on an event of `type`. */
  demand(type: number, demand: Demand): void;
  /** The value of the view's event, for outputs. */
  value(e: EventView): FieldValue;
}

/** Finds a field by its text in a rule of `source`; an error message where there is none or its argument is bad. */
export type FieldResolver = (text: string, source: string) => Field | { readonly error: string };
