// SPDX-License-Identifier: Apache-2.0

/** The UTF-8 text that a binary string (one character a byte) stands for; bytes that are no UTF-8 become U+FFFD. */
export function decodeUtf8(binary: string): string {
  for (let i = 0; i < binary.length; i++) {
    if (binary.charCodeAt(i) > 0x7f) return Buffer.from(binary, "latin1").toString("utf8");
  }
  return binary;
}

/** Control characters that JSON allows as they are, and terminals obey. */
const C1 = /[\x80-\x9f]/g;

/**
 * A binary string as a JSON string: quote, backslash and control characters escaped (\b \f \n \r \t, else \u00xx; those
 * from U+0080 to U+009F too), all else as it is, bytes that are no UTF-8 as U+FFFD.
 */
export function jsonString(binary: string): string {
  const text = decodeUtf8(binary);
  const json = JSON.stringify(text);
  // What needed no decoding is ASCII.
  return text === binary ? json : json.replace(C1, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
