// SPDX-License-Identifier: Apache-2.0

/** inet_ntop: the longest run of zero groups (two or more, the first of equals) becomes "::"; IPv4 tails as dotted. */
export function ip6Text(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[at + i] as number) << 8) | (bytes[at + i + 1] as number));
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) {
      best = i;
      bestLength = n;
    }
    if (n > 0) i += n - 1;
  }
  const v4 =
    best === 0 &&
    (bestLength === 6 || (bestLength === 7 && groups[7] !== 1) || (bestLength === 5 && groups[5] === 0xffff));
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (best >= 0 && i >= best && i < best + bestLength) {
      if (i === best) text += ":";
      continue;
    }
    if (i > 0) text += ":";
    if (i === 6 && v4) return text + ip4Text(bytes, at + 12);
    text += (groups[i] as number).toString(16);
  }
  return best >= 0 && best + bestLength === 8 ? `${text}:` : text;
}

export function ip4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

const DOT = 0x2e;
const COLON = 0x3a;
const DASH = 0x2d;
const GREATER = 0x3e;

/** Writes a number of up to five digits. @returns the place behind it */
function writeNumber(out: Uint8Array, at: number, value: number): number {
  let end = at + (value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : value < 10_000 ? 4 : 5);
  const behind = end;
  let rest = value;
  do {
    out[--end] = 0x30 + (rest % 10);
    rest = (rest / 10) | 0;
  } while (end > at);
  return behind;
}

/**
 * Writes `a.b.c.d:port->a.b.c.d:port` (without the ports where `portless`) for the IPv4 tuple at bytes[at]: address and
 * port (little-endian), twice. `out` has room for 43 characters. @returns how many were written
 */
export function writeIp4Tuple(out: Uint8Array, bytes: Uint8Array, at: number, portless: boolean): number {
  let end = 0;
  for (let side = 0; side < 2; side++) {
    const from = at + side * 6;
    if (side === 1) {
      out[end++] = DASH;
      out[end++] = GREATER;
    }
    for (let i = 0; i < 4; i++) {
      if (i > 0) out[end++] = DOT;
      end = writeNumber(out, end, bytes[from + i] as number);
    }
    if (portless) continue;
    out[end++] = COLON;
    end = writeNumber(out, end, (bytes[from + 4] as number) | ((bytes[from + 5] as number) << 8));
  }
  return end;
}
