// SPDX-License-Identifier: Apache-2.0
import type { Extract } from "peregrine/sdk";
import { type JsonReader, type Span, type Step, step } from "../common/json-reader.js";
import { type Key, slotOf } from "./keys.js";

export type Text = Extract<JsonReader, string>;
export type Texts = Extract<JsonReader, readonly string[]>;

const AUDIT_ID = slotOf("auditID");

/** Only what has an auditID is an audit event; everything else has no fields. */
export function isAudit(record: JsonReader): boolean {
  return record.member(AUDIT_ID).start !== -1;
}

export function steps(...path: readonly string[]): readonly Step[] {
  return path.map(step);
}

export const copy = ({ start, end }: Span): Span => ({ start, end });

/** The value at a path: strings as they are, anything else as JSON; null is no value. */
export function text(key: Key, ...path: readonly string[]): Text {
  const slot = slotOf(key);
  const below = steps(...path);
  return (record) => {
    if (!isAudit(record)) return undefined;
    return textOf(record, record.find(slot, below));
  };
}

export function textOf(record: JsonReader, span: Span): string | undefined {
  return span.start === -1 || record.isNull(span) ? undefined : record.text(span);
}

/** undefined instead of an empty list. */
export function someOf(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** The elements of the list at a path; with an index that one of them. */
export function list(index: number | undefined, key: Key, ...path: readonly string[]): Texts {
  const slot = slotOf(key);
  const below = steps(...path);
  return (record) => {
    if (!isAudit(record)) return undefined;
    const values: string[] = [];
    eachOf(record, copy(record.find(slot, below)), index, (element) => add(values, textOf(record, element)));
    return someOf(values);
  };
}

/** Calls `visit` with the elements of a list; with an index only with that one. */
export function eachOf(
  record: JsonReader,
  span: Span,
  index: number | undefined,
  visit: (element: Span, n: number) => void,
): void {
  let n = 0;
  record.elements(span, (element) => {
    if (index === undefined || n === index) visit(element, n);
    n++;
  });
}

export function add(values: string[], value: string | undefined): void {
  if (value !== undefined) values.push(value);
}

/** Of each element of the list at `path`, the value at `member`; lists there are taken apart. */
export function each(index: number | undefined, key: Key, path: readonly string[], member: readonly string[]): Texts {
  const slot = slotOf(key);
  const below = steps(...path);
  const inside = steps(...member);
  return (record) => {
    if (!isAudit(record)) return undefined;
    const values: string[] = [];
    eachOf(record, copy(record.find(slot, below)), index, (element) => {
      const span = record.below(element, inside);
      if (record.typeAt(span) === 0x5b) record.elements(span, (one) => add(values, textOf(record, one)));
      else add(values, textOf(record, span));
    });
    return someOf(values);
  };
}
