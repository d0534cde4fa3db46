// SPDX-License-Identifier: Apache-2.0

/** The UTF-8 text that a binary string (one character a byte) stands for; bytes that are no UTF-8 become U+FFFD. */
export function decodeUtf8(binary: string): string {
  for (let i = 0; i < binary.length; i++) {
    if (binary.charCodeAt(i) > 0x7f) return Buffer.from(binary, "latin1").toString("utf8");
  }
  return binary;
}

/**
 * A binary string as a JSON string: quote, backslash and control characters escaped (\b \f \n \r \t, else \u00xx), all else
 * as it is, bytes that are no UTF-8 as U+FFFD.
 */
export function jsonString(binary: string): string {
  return JSON.stringify(decodeUtf8(binary));
}
