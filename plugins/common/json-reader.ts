// SPDX-License-Identifier: Apache-2.0
import { skipSpace, skipString, skipValue } from "./json-scan.js";
import { compactText, decode, StringCache, unescapeText } from "./json-text.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const NULL = 0x6e;

/** A step on the way to a value: a key, and its number where it may be an index of an array. */
export interface Step {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** -1: no index. */
  readonly index: number;
}

export function step(key: string): Step {
  return { key, bytes: Buffer.from(key), index: /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : -1 };
}

/** Where a value lies. `start` is -1 where there is none. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Reads single values of one JSON object after the other, straight from their bytes. The members of the object itself are walked
 * once, and only as far as somebody asks; what lies in an unwanted member is passed over. Of two members with one key the
 * first counts. The text must be valid JSON for the answers to mean anything, but no text makes it read out of bounds.
 *
 * `keys` are the members that may be asked for, by their place in the list.
 */
export class JsonReader {
  readonly #strings = new StringCache();
  readonly #byLength: { readonly bytes: Uint8Array; readonly slot: number }[][] = [];
  readonly #slots = new Map<string, number>();
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the next member starts (its key); -1: all are read. */
  #next = -1;
  readonly #span: Span = { start: -1, end: -1 };

  constructor(keys: readonly string[]) {
    for (const [slot, key] of keys.entries()) {
      const bytes = Buffer.from(key);
      this.#slots.set(key, slot);
      const list = this.#byLength[bytes.length] ?? [];
      this.#byLength[bytes.length] = list;
      list.push({ bytes, slot });
    }
    for (let n = 0; n < this.#byLength.length; n++) this.#byLength[n] ??= [];
    this.#starts = new Int32Array(keys.length);
    this.#ends = new Int32Array(keys.length);
  }

  /** Goes on to another text. Kept until the next load. */
  load(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#starts.fill(-1);
    const end = bytes.length;
    const open = skipSpace(bytes, 0, end);
    this.#next = bytes[open] === OPEN_OBJECT ? skipSpace(bytes, open + 1, end) : -1;
    if (this.#next >= end) this.#next = -1;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Where member `slot` lies; start is -1 where there is none. The same object each time. */
  member(slot: number): Span {
    const span = this.#span;
    while (this.#starts[slot] === -1 && this.#next !== -1) this.#advance();
    span.start = this.#starts[slot] as number;
    span.end = this.#ends[slot] as number;
    return span;
  }

  /** The value at `path` inside member `slot`. */
  find(slot: number, path: readonly Step[]): Span {
    return this.#descend(this.member(slot), path);
  }

  /** The first byte of the value, which tells its type; 0 where there is none. */
  typeAt(span: Span): number {
    return span.start === -1 ? 0 : (this.#bytes[span.start] as number);
  }

  isString(span: Span): boolean {
    return this.typeAt(span) === QUOTE;
  }

  isNull(span: Span): boolean {
    return this.typeAt(span) === NULL;
  }

  /** The string at `span`, its escapes undone. */
  string(span: Span): string {
    const text = this.#strings.get(this.#bytes, span.start + 1, span.end - 1);
    return text.includes("\\") ? unescapeText(text) : text;
  }

  /** The value as JSON text without white space, numbers and escapes as they are written. */
  compact(span: Span): string {
    return compactText(this.#bytes, span.start, span.end);
  }

  /** Strings as they are, everything else as compact JSON. */
  text(span: Span): string {
    return this.isString(span) ? this.string(span) : this.compact(span);
  }

  /** Calls `visit` with each element of the array at `span`; nothing where it is no array. Spans are only good during the call. */
  elements(span: Span, visit: (element: Span) => void): void {
    const b = this.#bytes;
    const { start, end } = span;
    if (start === -1 || b[start] !== OPEN_ARRAY) return;
    let i = skipSpace(b, start + 1, end);
    while (i < end && b[i] !== CLOSE_ARRAY) {
      const after = skipValue(b, i, end);
      if (after <= i) return;
      visit({ start: i, end: after });
      i = skipSpace(b, after, end);
      if (b[i] === COMMA) i = skipSpace(b, i + 1, end);
    }
  }

  /** Calls `visit` with each member of the object at `span`; nothing where it is no object. */
  members(span: Span, visit: (key: string, value: Span) => void): void {
    const b = this.#bytes;
    const { start, end } = span;
    if (start === -1 || b[start] !== OPEN_OBJECT) return;
    let i = skipSpace(b, start + 1, end);
    while (i < end && b[i] === QUOTE) {
      const keyEnd = skipString(b, i, end);
      if (keyEnd < 0) return;
      const value = valueAfter(b, keyEnd, end);
      const after = value === -1 ? -1 : skipValue(b, value, end);
      if (after <= value) return;
      visit(this.string({ start: i, end: keyEnd }), { start: value, end: after });
      i = nextMember(b, after, end);
    }
  }

  /** The value at `path` below `from`, which is a span of this text. */
  below(from: Span, path: readonly Step[]): Span {
    return this.#descend({ start: from.start, end: from.end }, path);
  }

  /** Moves `span` to the value at `path` below it. */
  #descend(span: Span, path: readonly Step[]): Span {
    for (const next of path) {
      if (span.start === -1) return span;
      const open = this.#bytes[span.start];
      if (open === OPEN_OBJECT) this.#inObject(span, next);
      else if (open === OPEN_ARRAY && next.index !== -1) this.#inArray(span, next.index);
      else span.start = -1;
    }
    return span;
  }

  /** Reads one member of the object. */
  #advance(): void {
    const b = this.#bytes;
    const end = b.length;
    const key = this.#next;
    this.#next = -1;
    if (b[key] !== QUOTE) return;
    const keyEnd = skipString(b, key, end);
    if (keyEnd < 0) return;
    const value = valueAfter(b, keyEnd, end);
    if (value === -1) return;
    const after = skipValue(b, value, end);
    if (after <= value) return;
    const slot = this.#slotOf(key + 1, keyEnd - 1);
    if (slot !== -1 && this.#starts[slot] === -1) {
      this.#starts[slot] = value;
      this.#ends[slot] = after;
    }
    const next = nextMember(b, after, end);
    if (next < end && b[next] !== CLOSE_OBJECT) this.#next = next;
  }

  #slotOf(start: number, end: number): number {
    const b = this.#bytes;
    const list = this.#byLength[end - start];
    if (list !== undefined) {
      for (let k = 0; k < list.length; k++) {
        const { bytes, slot } = list[k] as { bytes: Uint8Array; slot: number };
        if (same(b, start, bytes)) return slot;
      }
    }
    // A key may be written with escapes; then its bytes say nothing.
    for (let i = start; i < end; i++) {
      if (b[i] === BACKSLASH) return this.#slots.get(unescapeText(decode(b, start, end))) ?? -1;
    }
    return -1;
  }

  #inObject(span: Span, wanted: Step): void {
    const b = this.#bytes;
    const { end } = span;
    let i = skipSpace(b, span.start + 1, end);
    span.start = -1;
    while (i < end && b[i] === QUOTE) {
      const keyEnd = skipString(b, i, end);
      if (keyEnd < 0) return;
      const value = valueAfter(b, keyEnd, end);
      if (value === -1) return;
      const after = skipValue(b, value, end);
      if (after <= value) return;
      if (keyIs(b, i + 1, keyEnd - 1, wanted)) {
        span.start = value;
        span.end = after;
        return;
      }
      i = nextMember(b, after, end);
    }
  }

  #inArray(span: Span, index: number): void {
    const b = this.#bytes;
    const { end } = span;
    let i = skipSpace(b, span.start + 1, end);
    span.start = -1;
    for (let n = 0; i < end && b[i] !== CLOSE_ARRAY; n++) {
      const after = skipValue(b, i, end);
      if (after <= i) return;
      if (n === index) {
        span.start = i;
        span.end = after;
        return;
      }
      i = skipSpace(b, after, end);
      if (b[i] === COMMA) i = skipSpace(b, i + 1, end);
    }
  }
}

/** Where the value behind a key starts: behind the colon. -1: there is no colon, or no value. */
function valueAfter(b: Uint8Array, keyEnd: number, end: number): number {
  const colon = b[keyEnd] === COLON ? keyEnd : skipSpace(b, keyEnd, end);
  if (colon >= end || b[colon] !== COLON) return -1;
  const value = skipSpace(b, colon + 1, end);
  return value < end ? value : -1;
}

/** Where the next key starts, or the closing brace stands. */
function nextMember(b: Uint8Array, after: number, end: number): number {
  let i = skipSpace(b, after, end);
  if (i < end && b[i] === COMMA) i = skipSpace(b, i + 1, end);
  return i;
}

function same(b: Uint8Array, start: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (b[start + i] !== bytes[i]) return false;
  return true;
}

function keyIs(b: Uint8Array, start: number, end: number, wanted: Step): boolean {
  if (end - start === wanted.bytes.length && same(b, start, wanted.bytes)) return true;
  for (let i = start; i < end; i++) {
    if (b[i] === BACKSLASH) return unescapeText(decode(b, start, end)) === wanted.key;
  }
  return false;
}
