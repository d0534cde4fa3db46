// SPDX-License-Identifier: Apache-2.0

/*
 * Socket addresses as they stand in events and in the dictionary, one character a byte:
 *
 *   SOCKADDR    family, address (4 or 16), port u16 little endian          7 or 19 bytes
 *               1, path up to a NUL
 *   SOCKTUPLE   family, source, port, destination, port                    13 or 37 bytes
 *               1, source u64, peer u64, path up to a NUL
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

export const ADDR4_BYTES = 7;
export const ADDR6_BYTES = 19;
export const TUPLE4_BYTES = 13;
export const TUPLE6_BYTES = 37;

const MAPPED_PREFIX = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

function ipv4(bytes: string): string {
  return `${bytes.charCodeAt(0)}.${bytes.charCodeAt(1)}.${bytes.charCodeAt(2)}.${bytes.charCodeAt(3)}`;
}

/** RFC 5952 as inet_ntop writes it: the longest run of two or more zero groups is "::", IPv4 tails dotted. */
function ipv6(bytes: string): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes.charCodeAt(i) << 8) | bytes.charCodeAt(i + 1));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  // ::a.b.c.d and ::ffff:a.b.c.d; not ::1 and the like, whose run is longer.
  const dotted = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const shown = dotted ? 6 : 8;
  let text = "";
  for (let i = 0; i < shown; i++) {
    if (start !== -1 && i >= start && i < start + length) {
      if (i === start) text += ":";
      continue;
    }
    if (i > 0) text += ":";
    text += (groups[i] as number).toString(16);
  }
  if (dotted) return `${text}:${ipv4(bytes.slice(12))}`;
  return start !== -1 && start + length === 8 ? `${text}:` : text;
}

/** Text of an address of 4 or 16 bytes; "" for any other length. */
export function ipText(bytes: string): string {
  if (bytes.length === 4) return ipv4(bytes);
  return bytes.length === 16 ? ipv6(bytes) : "";
}

/** How a port is shown. */
export type PortText = (port: number) => string;

function portAt(bytes: string, at: number, show: PortText): string {
  return show(bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8));
}

function hexBackwards(bytes: string, from: number): string {
  let text = "";
  for (let i = from + 7; i >= from; i--) text += bytes.charCodeAt(i).toString(16).padStart(2, "0");
  return text.replace(/^0+(?=.)/, "");
}

function cString(bytes: string, from: number): string {
  const end = bytes.indexOf("\0", from);
  return end < 0 ? bytes.slice(from) : bytes.slice(from, end);
}

/** Text of a SOCKADDR: `ip:port` (IPv6 without brackets), a unix path. */
export function addressText(bytes: string, port: PortText = String): string {
  const family = bytes.charCodeAt(0);
  if (family === AF_UNIX) return cString(bytes, 1);
  if (family === AF_INET)
    return bytes.length === ADDR4_BYTES ? `${ipv4(bytes.slice(1))}:${portAt(bytes, 5, port)}` : "INVALID IPv4";
  if (family === AF_INET6)
    return bytes.length === ADDR6_BYTES ? `${ipv6(bytes.slice(1))}:${portAt(bytes, 17, port)}` : "INVALID IPv6";
  return `family ${family}`;
}

/** Text of a SOCKTUPLE: `a:p->b:p`, the IPv4 form where both ends are v4-mapped; `%x->%x path` for unix sockets. */
export function tupleText(bytes: string, port: PortText = String): string {
  const family = bytes.charCodeAt(0);
  if (family === AF_UNIX) return `${hexBackwards(bytes, 1)}->${hexBackwards(bytes, 9)} ${cString(bytes, 17)}`;
  if (family === AF_INET) {
    if (bytes.length !== TUPLE4_BYTES) return "INVALID IPv4";
    return `${ipv4(bytes.slice(1))}:${portAt(bytes, 5, port)}->${ipv4(bytes.slice(7))}:${portAt(bytes, 11, port)}`;
  }
  if (family === AF_INET6) {
    if (bytes.length !== TUPLE6_BYTES) return "INVALID IPv6";
    const source = bytes.slice(1, 17);
    const destination = bytes.slice(19, 35);
    const mapped = source.startsWith(MAPPED_PREFIX) && destination.startsWith(MAPPED_PREFIX);
    const from = mapped ? ipv4(source.slice(12)) : ipv6(source);
    const to = mapped ? ipv4(destination.slice(12)) : ipv6(destination);
    return `${from}:${portAt(bytes, 17, port)}->${to}:${portAt(bytes, 35, port)}`;
  }
  return `family ${family}`;
}
