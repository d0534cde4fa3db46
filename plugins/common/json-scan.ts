// SPDX-License-Identifier: Apache-2.0

/**
 * Walks JSON text (UTF-8 bytes) without building values. All functions take positions in bytes, never read at or behind `end`,
 * and answer with a position, or with one of two negative numbers:
 */
export const INVALID = -1;
/** The text ends inside the value: with more bytes it may become valid. */
export const INCOMPLETE = -2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Deeper nesting is invalid, as it would exhaust the stack. */
const MAX_DEPTH = 512;

/** Position of the next byte that is no white space; `end` if there is none. */
export function skipSpace(b: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end) {
    const c = b[i] as number;
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    i++;
  }
  return i;
}

/** `from` is at the opening quote. Position behind the closing one. */
export function skipString(b: Uint8Array, from: number, end: number): number {
  let i = from + 1;
  while (i < end) {
    const c = b[i] as number;
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  return INCOMPLETE;
}

/**
 * Position behind the value that starts at `from`, found by its brackets and strings alone: what lies between them is not
 * looked at. For text that is known to be valid, and to find where a damaged value ends.
 */
export function skipValue(b: Uint8Array, from: number, end: number): number {
  const first = b[from] as number;
  if (first === QUOTE) return skipString(b, from, end);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return skipScalar(b, from, end);
  let depth = 0;
  let i = from;
  while (i < end) {
    const c = b[i] as number;
    if (c === QUOTE) {
      // skipString, in place: most of the bytes of a document are in strings.
      i++;
      for (;;) {
        if (i >= end) return INCOMPLETE;
        const s = b[i] as number;
        if (s === QUOTE) break;
        i += s === BACKSLASH ? 2 : 1;
      }
    } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++;
    else if ((c === CLOSE_OBJECT || c === CLOSE_ARRAY) && --depth === 0) return i + 1;
    i++;
  }
  return INCOMPLETE;
}

/** Position behind a number or a word. */
function skipScalar(b: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end) {
    const c = b[i] as number;
    if (c === COMMA || c === CLOSE_OBJECT || c === CLOSE_ARRAY || c <= 0x20) return i;
    i++;
  }
  return i;
}

/**
 * Position behind the value that starts at `from`, if it is valid JSON. As lenient as other readers of logs: strings may hold
 * control characters and unknown escapes.
 */
export function checkValue(b: Uint8Array, from: number, end: number, depth = 0): number {
  if (from >= end) return INCOMPLETE;
  switch (b[from]) {
    case QUOTE:
      return skipString(b, from, end);
    case OPEN_OBJECT:
      return depth < MAX_DEPTH ? checkObject(b, from, end, depth) : INVALID;
    case OPEN_ARRAY:
      return depth < MAX_DEPTH ? checkArray(b, from, end, depth) : INVALID;
    case 0x74:
      return checkWord(b, from, end, TRUE);
    case 0x66:
      return checkWord(b, from, end, FALSE);
    case 0x6e:
      return checkWord(b, from, end, NULL);
    default:
      return checkNumber(b, from, end);
  }
}

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

function checkWord(b: Uint8Array, from: number, end: number, word: Uint8Array): number {
  for (let k = 0; k < word.length; k++) {
    if (from + k >= end) return INCOMPLETE;
    if (b[from + k] !== word[k]) return INVALID;
  }
  return from + word.length;
}

function digits(b: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && (b[i] as number) >= 0x30 && (b[i] as number) <= 0x39) i++;
  return i;
}

/** A number that reaches `end` is taken as complete: it is never the outermost value of a record. */
function checkNumber(b: Uint8Array, from: number, end: number): number {
  let i = b[from] === 0x2d ? from + 1 : from;
  let next = digits(b, i, end);
  if (next === i) return next === end ? INCOMPLETE : INVALID;
  if (b[i] === 0x30 && next > i + 1) return INVALID;
  if (b[next] === 0x2e && next < end) {
    i = next + 1;
    next = digits(b, i, end);
    if (next === i) return next === end ? INCOMPLETE : INVALID;
  }
  if (next < end && (b[next] === 0x65 || b[next] === 0x45)) {
    i = next + 1;
    if (i < end && (b[i] === 0x2b || b[i] === 0x2d)) i++;
    next = digits(b, i, end);
    if (next === i) return next === end ? INCOMPLETE : INVALID;
  }
  return next;
}

function checkObject(b: Uint8Array, from: number, end: number, depth: number): number {
  let i = skipSpace(b, from + 1, end);
  if (i >= end) return INCOMPLETE;
  if (b[i] === CLOSE_OBJECT) return i + 1;
  for (;;) {
    if (i >= end) return INCOMPLETE;
    if (b[i] !== QUOTE) return INVALID;
    i = skipString(b, i, end);
    if (i < 0) return i;
    if (b[i] !== COLON) {
      i = skipSpace(b, i, end);
      if (i >= end) return INCOMPLETE;
      if (b[i] !== COLON) return INVALID;
    }
    i = skipSpace(b, i + 1, end);
    i = checkValue(b, i, end, depth + 1);
    if (i < 0) return i;
    i = skipSpace(b, i, end);
    if (i >= end) return INCOMPLETE;
    if (b[i] === CLOSE_OBJECT) return i + 1;
    if (b[i] !== COMMA) return INVALID;
    i = skipSpace(b, i + 1, end);
  }
}

function checkArray(b: Uint8Array, from: number, end: number, depth: number): number {
  let i = skipSpace(b, from + 1, end);
  if (i >= end) return INCOMPLETE;
  if (b[i] === CLOSE_ARRAY) return i + 1;
  for (;;) {
    i = checkValue(b, i, end, depth + 1);
    if (i < 0) return i;
    i = skipSpace(b, i, end);
    if (i >= end) return INCOMPLETE;
    if (b[i] === CLOSE_ARRAY) return i + 1;
    if (b[i] !== COMMA) return INVALID;
    i = skipSpace(b, i + 1, end);
  }
}
