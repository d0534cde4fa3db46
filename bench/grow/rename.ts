// SPDX-License-Identifier: Apache-2.0

/*
 * Other names of the same length for a fifth of the strings of a repetition. Which fifth, and the new names, follow from
 * the string and the number of the repetition alone, so that one string has one name within a repetition.
 *
 * Only letters and digits of the last part are replaced, and not those of an extension (`.conf`): a path stays in its
 * directory and keeps its kind, so that rules that look at these hit as often as on the original.
 */

const ALPHABET = Buffer.from("abcdefghijklmnopqrstuvwxyz0123456789", "latin1");
/** Enough for 2.8e12 names. */
const MOST_REPLACED = 8;
const FEWEST_REPLACED = 2;
/** One string in RENAMED_SHARE gets another name. */
export const RENAMED_SHARE = 5;

/** FNV-1a over the bytes. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function alphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/**
 * Where a string can be renamed: positions of the bytes to replace, last ones first; none where too few are left.
 * The string may end with NUL bytes, and hold arguments that are separated by them.
 */
export function replaceable(bytes: Uint8Array): number[] {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x2f)) end--;
  let start = end;
  while (start > 0 && bytes[start - 1] !== 0 && bytes[start - 1] !== 0x2f) start--;
  let stem = end;
  for (let i = end - 1; i > start && stem === end; i--) if (bytes[i] === 0x2e) stem = i;
  const inStem = positions(bytes, start, stem);
  return inStem.length >= FEWEST_REPLACED ? inStem : positions(bytes, start, end);
}

function positions(bytes: Uint8Array, start: number, end: number): number[] {
  const found: number[] = [];
  for (let i = end - 1; i >= start && found.length < MOST_REPLACED; i--) {
    if (alphanumeric(bytes[i] as number)) found.push(i);
  }
  return found.length >= FEWEST_REPLACED ? found : [];
}

/** Whether the string with this hash gets another name in this repetition. The first repetition (0) is the original. */
export function isRenamed(hash: number, repetition: number): boolean {
  return repetition > 0 && mix(hash ^ Math.imul(repetition, 0x9e3779b1)) % RENAMED_SHARE === 0;
}

/** The new name: a copy of `bytes` with `places` replaced. */
export function rename(bytes: Uint8Array, places: readonly number[], hash: number, repetition: number): Buffer {
  const name = Buffer.from(bytes);
  let state = mix(hash + Math.imul(repetition, 0x85ebca77));
  for (const place of places) {
    state = mix(state + 0x6d2b79f5);
    name[place] = ALPHABET[state % ALPHABET.length] as number;
  }
  return name;
}
