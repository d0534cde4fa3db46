// SPDX-License-Identifier: Apache-2.0

/** Node's own decoder, which works on any view of bytes and, unlike Buffer's toString, needs no Buffer around them. */
const { utf8Slice, latin1Slice } = Buffer.prototype as unknown as Readonly<
  Record<"utf8Slice" | "latin1Slice", (this: Uint8Array, start: number, end: number) => string>
>;

/** Bytes as text; what is no UTF-8 becomes U+FFFD. */
export function decode(b: Uint8Array, start: number, end: number): string {
  return utf8Slice.call(b, start, end);
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Undoes the escapes of a JSON string. What is no escape of JSON stays as it is written. */
export function unescapeText(raw: string): string {
  return raw.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
    (all: string, hex: string | undefined, c: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (c === '"' || c === "\\" || c === "/") return c;
      return (c === undefined ? undefined : ESCAPES[c]) ?? all;
    },
  );
}

/** Strings up to so many bytes are looked up; longer ones are rarely the same twice. */
const LONGEST = 48;
const CACHE_SIZE = 4096;

/**
 * Makes strings of bytes, and gives the string made last time where the bytes are the same again: names and regions come in every
 * record, and comparing twenty bytes is cheaper than making a string. A fixed number of places; a string takes the place of another.
 */
export class StringCache {
  readonly #texts: string[] = new Array<string>(CACHE_SIZE).fill("");
  readonly #bytes = new Uint8Array(CACHE_SIZE * LONGEST);
  readonly #lengths = new Uint8Array(CACHE_SIZE);

  /** The text of the bytes from `start` to `end`, without undoing any escapes. */
  get(b: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > LONGEST) return decode(b, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (b[i] as number), 0x01000193);
    hash ^= hash >>> 15;
    const place = hash & (CACHE_SIZE - 1);
    const at = place * LONGEST;
    const bytes = this.#bytes;
    if (this.#lengths[place] === length) {
      let i = 0;
      while (i < length && bytes[at + i] === b[start + i]) i++;
      if (i === length) return this.#texts[place] as string;
    }
    let ascii = true;
    for (let i = 0; i < length; i++) {
      const c = b[start + i] as number;
      bytes[at + i] = c;
      if (c > 127) ascii = false;
    }
    this.#lengths[place] = length;
    const text = ascii ? latin1Slice.call(b, start, end) : decode(b, start, end);
    this.#texts[place] = text;
    return text;
  }
}

/** The value from `start` to `end` without the white space between its parts; all else stays as it is written. */
export function compactText(b: Uint8Array, start: number, end: number): string {
  const parts = new Uint8Array(end - start);
  let n = 0;
  let inString = false;
  for (let i = start; i < end; i++) {
    const c = b[i] as number;
    if (inString) {
      parts[n++] = c;
      if (c === 0x5c && i + 1 < end) parts[n++] = b[++i] as number;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) {
      parts[n++] = c;
      inString = true;
    } else if (c > 0x20) parts[n++] = c;
  }
  return decode(parts, 0, n);
}
