// SPDX-License-Identifier: Apache-2.0

import { L4 } from "../batch/fd-rows.js";
import type { NetworkInterface } from "../capture/source.js";
import { ip4Text, ip6Text, writeIp4Tuple } from "./address-text.js";
import { PairMemo, type Strings } from "./strings.js";

/*
 * Socket addresses as events carry them, by dictionary id:
 *
 *   SOCKADDR   unix 1: path, NUL            inet 2: ip[4] port        inet6 10: ip[16] port
 *   SOCKTUPLE  unix 1: u64 u64 path, NUL    inet 2: ip port ip port   inet6 10: ip[16] port ip[16] port
 *
 * The first byte is the family; ports are little-endian, addresses in network order.
 */

export const Family = { UNIX: 1, INET: 2, INET6: 10 } as const;

const V4_TUPLE = 13;
const V6_TUPLE = 37;
const V4_ADDR = 7;
const V6_ADDR = 19;

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

function isZero(bytes: Uint8Array, at: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function equal(a: Uint8Array, b: Uint8Array, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return false;
  return true;
}

function masked(a: Uint8Array, mask: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => (byte & (mask[i] ?? 255)) === ((b[i] ?? 0) & (mask[i] ?? 255)));
}

/** Reads and rewrites addresses by id; what it makes is remembered. */
export class Addresses {
  private readonly memo = new PairMemo(1 << 13);
  private readonly scratch = new Uint8Array(V6_TUPLE);
  /** Room for the text of an IPv4 tuple. */
  private readonly line = new Uint8Array(64);
  private interfaces: readonly NetworkInterface[] = [];

  constructor(private readonly strings: Strings) {}

  forget(): void {
    this.memo.clear();
  }

  /** The addresses of the machine that the events come from. */
  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.interfaces = interfaces;
    this.memo.clear();
  }

  /** Family of an address or tuple; 0 where it is empty or too short for its family. */
  family(id: number): number {
    const length = this.strings.lengths[id] as number;
    if (id === 0 || length === 0) return 0;
    return this.strings.arena[this.strings.offsets[id] as number] as number;
  }

  isTuple(id: number): boolean {
    const length = this.strings.lengths[id] as number;
    switch (this.family(id)) {
      case Family.INET:
        return length >= V4_TUPLE;
      case Family.INET6:
        return length >= V6_TUPLE;
      case Family.UNIX:
        return length >= 17;
      default:
        return false;
    }
  }

  isInternetAddress(id: number): boolean {
    const length = this.strings.lengths[id] as number;
    const family = this.family(id);
    return (family === Family.INET && length >= V4_ADDR) || (family === Family.INET6 && length >= V6_ADDR);
  }

  /** Source port of an internet tuple, or the port of an internet address. */
  sourcePort(id: number): number {
    return this.port(id, this.family(id) === Family.INET ? 5 : 17);
  }

  destinationPort(id: number): number {
    return this.port(id, this.family(id) === Family.INET ? 11 : 35);
  }

  private port(id: number, at: number): number {
    const base = (this.strings.offsets[id] as number) + at;
    return (this.strings.arena[base] as number) | ((this.strings.arena[base + 1] as number) << 8);
  }

  /** The tuple or address itself, or its IPv4 form where it is IPv6 and all its addresses are v4-mapped. */
  canonical(id: number): number {
    if (this.family(id) !== Family.INET6) return id;
    const known = this.memo.get(id, 1);
    if (known !== 0) return known;
    const { arena, offsets, lengths } = this.strings;
    const at = offsets[id] as number;
    const tuple = (lengths[id] as number) >= V6_TUPLE;
    if (!isMapped(arena, at + 1) || (tuple && !isMapped(arena, at + 19))) return id;
    const out = this.scratch;
    out[0] = Family.INET;
    for (let i = 0; i < 6; i++) out[1 + i] = arena[at + 13 + i] as number;
    if (tuple) for (let i = 0; i < 6; i++) out[7 + i] = arena[at + 31 + i] as number;
    return this.keep(id, 1, tuple ? V4_TUPLE : V4_ADDR);
  }

  /** An internet tuple with source and destination exchanged. */
  swapped(id: number): number {
    const known = this.memo.get(id, 2);
    if (known !== 0) return known;
    const { arena, offsets } = this.strings;
    const at = offsets[id] as number;
    const half = this.family(id) === Family.INET ? 6 : 18;
    const out = this.scratch;
    out[0] = arena[at] as number;
    for (let i = 0; i < half; i++) {
      out[1 + i] = arena[at + 1 + half + i] as number;
      out[1 + half + i] = arena[at + 1 + i] as number;
    }
    return this.keep(id, 2, 1 + 2 * half);
  }

  /**
   * An internet tuple with an unspecified end (a socket that was never bound) filled in: with the address of the machine
   * that reaches the other end.
   */
  completed(id: number): number {
    const { arena, offsets } = this.strings;
    const at = offsets[id] as number;
    const size = this.family(id) === Family.INET ? 4 : 16;
    const source = at + 1;
    const destination = at + 3 + size;
    const noSource = isZero(arena, source, size);
    if (!noSource && !isZero(arena, destination, size)) return id;
    const known = this.memo.get(id, 7);
    if (known !== 0) return known;
    const other = arena.slice(noSource ? destination : source, (noSource ? destination : source) + size);
    const address = this.reaching(other);
    const samePorts = this.sourcePort(id) === this.destinationPort(id);
    if (address === null || (samePorts && equal(address, other, size))) return this.remember(id, 7, id);
    this.scratch.set(arena.subarray(at, at + 1 + 2 * (size + 2)));
    this.scratch.set(address, noSource ? 1 : 3 + size);
    return this.keep(id, 7, 1 + 2 * (size + 2));
  }

  /** The machine's address that is `other`, else one in its network, else the first that is not loopback. */
  private reaching(other: Uint8Array): Uint8Array | null {
    const size = other.length;
    const candidates = this.interfaces.filter((entry) => entry.address.length === size);
    const inNetwork = (entry: NetworkInterface): boolean =>
      size === 16 ? equal(entry.address, other, 8) : masked(entry.address, entry.netmask, other);
    const loopback = (address: Uint8Array): boolean =>
      size === 4 ? ip4Text(address, 0) === "127.0.0.1" : ip6Text(address, 0) === "::1";
    const found =
      candidates.find((entry) => equal(entry.address, other, size)) ??
      candidates.find(inNetwork) ??
      candidates.find((entry) => !loopback(entry.address));
    return found?.address ?? null;
  }

  /** The destination of an internet tuple as an address. */
  destination(id: number): number {
    const known = this.memo.get(id, 3);
    if (known !== 0) return known;
    const { arena, offsets } = this.strings;
    const at = offsets[id] as number;
    const half = this.family(id) === Family.INET ? 6 : 18;
    const out = this.scratch;
    out[0] = arena[at] as number;
    for (let i = 0; i < half; i++) out[1 + i] = arena[at + 1 + half + i] as number;
    return this.keep(id, 3, 1 + half);
  }

  /** A tuple from the source of `tuple` (0: an unknown one) to the internet address `addr`. */
  toward(tuple: number, addr: number): number {
    const { arena, offsets } = this.strings;
    const half = this.family(addr) === Family.INET ? 6 : 18;
    const out = this.scratch;
    out[0] = arena[offsets[addr] as number] as number;
    for (let i = 0; i < half; i++) {
      out[1 + i] = tuple === 0 ? 0 : (arena[(offsets[tuple] as number) + 1 + i] as number);
      out[1 + half + i] = arena[(offsets[addr] as number) + 1 + i] as number;
    }
    return this.strings.interner.internBytes(out, 0, 1 + 2 * half);
  }

  /** The text of a tuple as fd.name has it: `a:p->b:p`, without ports for ICMP and raw sockets, `%x->%x path` for unix. */
  tupleText(id: number, l4: number): number {
    const portless = l4 === L4.ICMP || l4 === L4.RAW;
    const key = portless ? 5 : 4;
    const known = this.memo.get(id, key);
    if (known !== 0) return known;
    const { arena, offsets } = this.strings;
    const at = offsets[id] as number;
    const family = this.family(id);
    // Every connection has a text of its own, so the common kind is put together as bytes.
    if (family === Family.INET) {
      const length = writeIp4Tuple(this.line, arena, at + 1, portless);
      return this.remember(id, key, this.strings.interner.internBytes(this.line, 0, length));
    }
    let text: string;
    if (family === Family.UNIX) text = this.unixText(id);
    else {
      const from = ip6Text(arena, at + 1);
      const to = ip6Text(arena, at + 19);
      text = portless ? `${from}->${to}` : `${from}:${this.sourcePort(id)}->${to}:${this.destinationPort(id)}`;
    }
    return this.remember(id, key, this.strings.interner.intern(text));
  }

  private unixText(id: number): string {
    const { arena, offsets, lengths } = this.strings;
    const at = offsets[id] as number;
    const view = new DataView(arena.buffer, arena.byteOffset + at, lengths[id] as number);
    const source = view.getBigUint64(1, true);
    const peer = view.getBigUint64(9, true);
    return `${source.toString(16)}->${peer.toString(16)} ${this.tail(id, 17)}`;
  }

  /** Text of an address: `ip:port`, or the path of a unix socket. */
  addressText(id: number): number {
    const known = this.memo.get(id, 6);
    if (known !== 0) return known;
    const { arena, offsets } = this.strings;
    const at = offsets[id] as number;
    const family = this.family(id);
    const text =
      family === Family.INET
        ? `${ip4Text(arena, at + 1)}:${this.sourcePort(id)}`
        : family === Family.INET6
          ? `${ip6Text(arena, at + 1)}:${this.sourcePort(id)}`
          : this.tail(id, 1);
    return this.remember(id, 6, this.strings.interner.intern(text));
  }

  /** The text behind `skip` bytes, up to the first NUL. */
  private tail(id: number, skip: number): string {
    const text = this.strings.text(id).slice(skip);
    const end = text.indexOf("\0");
    return end < 0 ? text : text.slice(0, end);
  }

  private keep(id: number, key: number, length: number): number {
    return this.remember(id, key, this.strings.interner.internBytes(this.scratch, 0, length));
  }

  private remember(id: number, key: number, value: number): number {
    if (value !== 0) this.memo.set(id, key, value);
    return value;
  }
}
