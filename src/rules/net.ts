// SPDX-License-Identifier: Apache-2.0

import type { Address, Network } from "./constants.js";

/*
 * Addresses of events are binary strings of 4 or 16 bytes in network order, pairs the two one behind the other
 * (fields/field.ts). Families never equal each other.
 */

/** An address constant in the form in which events carry addresses. */
export function addressText(address: Address): string {
  return Buffer.from(address.bytes).toString("latin1");
}

/** Whether the address of `width` bytes at `at` in `text` lies in `network`; host bits of the constant do not count. */
export function inNetwork(text: string, at: number, width: number, network: Network): boolean {
  const bytes = network.bytes;
  if (bytes.length !== width || text.length < at + width) return false;
  const whole = network.prefix >> 3;
  for (let i = 0; i < whole; i++) if (text.charCodeAt(at + i) !== bytes[i]) return false;
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  return ((text.charCodeAt(at + whole) ^ (bytes[whole] as number)) & (0xff00 >> rest) & 0xff) === 0;
}

/** Whether an address, or a whole network (address and mask, 8 or 32 bytes), lies in `network`. */
export function liesIn(text: string, network: Network): boolean {
  const width = text.length === 8 ? 4 : text.length === 32 ? 16 : 0;
  if (width === 0) return inNetwork(text, 0, text.length, network);
  if (!inNetwork(text, 0, width, network)) return false;
  // Its mask must say at least as much as the network's.
  for (let bit = 0; bit < network.prefix; bit++) {
    if (((text.charCodeAt(width + (bit >> 3)) >> (7 - (bit & 7))) & 1) === 0) return false;
  }
  return true;
}

/** Bytes of one address of a pair's text; 0 where it holds none. */
export function pairWidth(text: string): number {
  return text.length === 8 ? 4 : text.length === 32 ? 16 : 0;
}
