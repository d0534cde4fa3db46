// SPDX-License-Identifier: Apache-2.0

import type { Dictionary } from "../batch/dictionary.js";
import { FD_ROW_WORDS, FdKind, FdWord, Role } from "../batch/fd-rows.js";
import { ContainerAddress, containerHas, isContained } from "./container.js";
import { fdRowOf } from "./fd.js";
import { type AddressKind, UNKEYED } from "./field.js";
import { type Binders, bool, keyed, number, plain } from "./reading.js";
import { ADDR4_BYTES, ADDR6_BYTES, TUPLE4_BYTES, TUPLE6_BYTES } from "./render/address.js";
import { isInternet, portsOf } from "./render/fd.js";
import type { EventView, SourceInfo } from "./view.js";

/*
 * Everything about a socket's addresses is a function of the bytes that its row's SOCKET id names, so that the id is the key.
 * The client is the source of the tuple once the role is known; a listening socket has one address, the server's.
 *
 * Which end is the local one depends on the machine's addresses as well; it is worked out once a tuple and put into the key:
 * keys of fd.lip and its like are 2 * id + (1 if the source is local). An event in a container asks for the containers'
 * addresses first, and for the machine's only if its own is known. Addresses of version 6 are local when their first 64 bits
 * are those of one of the machine's, and never in a container. All this is as in Falco.
 *
 * Keys of pair fields (fd.ip and its like) are 2 * id, or one of the three below.
 */

/** Dictionary id of the socket's addresses; 0 where it has none or is no internet socket. */
function addresses(e: EventView, row: number): number {
  const base = row * FD_ROW_WORDS;
  return isInternet(e.fds[base + FdWord.KIND] as number) ? (e.fds[base + FdWord.SOCKET] as number) : 0;
}

/** Key of a field that needs the roles to be known: the addresses' id, -1 where there are none. */
function roleKey(e: EventView): number {
  const row = fdRowOf(e);
  if (row === 0) return -1;
  const id = addresses(e, row);
  if (id === 0 || (e.fds[row * FD_ROW_WORDS + FdWord.PROTOCOL_ROLE] as number) >> 8 === Role.NONE) return -1;
  return id;
}

function isListening(e: EventView, row: number): boolean {
  const kind = e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number;
  return kind === FdKind.IPV4_SERVSOCK || kind === FdKind.IPV6_SERVSOCK;
}

/** Key of the client's end: listening sockets have none. */
function clientKey(e: EventView): number {
  const key = roleKey(e);
  return key === -1 || isListening(e, e.fdRow) ? -1 : key;
}

/** Key of the server's end; a listening socket has it whatever its role. */
function serverKey(e: EventView): number {
  const row = fdRowOf(e);
  if (row === 0) return -1;
  if (!isListening(e, row)) return roleKey(e);
  return addresses(e, row) || -1;
}

/** Keys of pair fields where there is no id: an internet socket that is not connected has addresses and ports of zeros. */
const ZERO_PAIR_4 = 0;
const ZERO_PAIR_6 = 1;
const NO_PAIR = 2;

function pairKey(e: EventView): number {
  const row = fdRowOf(e);
  if (row === 0) return -1;
  const id = addresses(e, row);
  if (id !== 0) return id * 2;
  const kind = e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number;
  if (!isInternet(kind)) return NO_PAIR;
  return isVersion6(kind) ? ZERO_PAIR_6 : ZERO_PAIR_4;
}

function isVersion6(kind: number): boolean {
  return kind === FdKind.IPV6_SOCK || kind === FdKind.IPV6_SERVSOCK;
}

const ZERO_TUPLE_4 = "\x02".padEnd(TUPLE4_BYTES, "\0");
const ZERO_TUPLE_6 = "\x0a".padEnd(TUPLE6_BYTES, "\0");

/** The source's address; for a listening socket its own. */
export function sourceBytes(bytes: string): string {
  if (bytes.length === TUPLE4_BYTES || bytes.length === ADDR4_BYTES) return bytes.slice(1, 5);
  return bytes.length === TUPLE6_BYTES || bytes.length === ADDR6_BYTES ? bytes.slice(1, 17) : "";
}

/** The destination's address; for a listening socket its own. */
export function destinationBytes(bytes: string): string {
  if (bytes.length === TUPLE4_BYTES) return bytes.slice(7, 11);
  return bytes.length === TUPLE6_BYTES ? bytes.slice(19, 35) : sourceBytes(bytes);
}

/** The addresses of both ends; a listening socket has the same twice. */
function bothBytes(bytes: string): string {
  return sourceBytes(bytes) + destinationBytes(bytes);
}

/** Two bytes of a port, high byte first, from the little endian ones at `at`. */
function portBytes(bytes: string, at: number): string {
  return bytes.charAt(at + 1) + bytes.charAt(at);
}

function bothPorts(bytes: string): string {
  switch (bytes.length) {
    case TUPLE4_BYTES:
      return portBytes(bytes, 5) + portBytes(bytes, 11);
    case TUPLE6_BYTES:
      return portBytes(bytes, 17) + portBytes(bytes, 35);
    case ADDR4_BYTES:
      return portBytes(bytes, 5) + portBytes(bytes, 5);
    case ADDR6_BYTES:
      return portBytes(bytes, 17) + portBytes(bytes, 17);
    default:
      return "";
  }
}

/** Offset of the source's port, by the length of the address bytes. */
function sourcePortAt(length: number): number {
  return length === TUPLE4_BYTES || length === ADDR4_BYTES ? 5 : 17;
}

/** Offset of the destination's port; a listening socket's only one. */
function destinationPortAt(length: number): number {
  if (length === TUPLE4_BYTES) return 11;
  return length === TUPLE6_BYTES ? 35 : sourcePortAt(length);
}

function portOf(e: EventView, id: number, at: number): number {
  const dictionary = e.dictionary;
  return dictionary.byteAt(id, at) | (dictionary.byteAt(id, at + 1) << 8);
}

const sourcePort = (e: EventView, id: number): number => portOf(e, id, sourcePortAt(e.dictionary.length(id)));
const destinationPort = (e: EventView, id: number): number => portOf(e, id, destinationPortAt(e.dictionary.length(id)));

/** First bytes of an address of version 6 that must be those of one of the machine's. */
const PREFIX_BYTES = 8;

/** Whether an address, 4 or 16 bytes, is one of this machine's. */
function isOwn(address: string, own: ReadonlySet<string>): boolean {
  if (own.has(address)) return true;
  if (address.length !== 16) return false;
  const prefix = address.slice(0, PREFIX_BYTES);
  for (const other of own) if (other.length === 16 && other.startsWith(prefix)) return true;
  return false;
}

const KNOWN = 4;
const SOURCE_LOCAL = 1;
const DESTINATION_LOCAL = 2;

/** Remembers by addresses' id which ends are addresses of this machine. */
class LocalEnds {
  private memo = new Uint8Array(1024);
  private generation = -1;
  private source: SourceInfo | null = null;
  private dictionary: Dictionary | null = null;
  private unspecified = false;

  private renew(e: EventView): void {
    if (this.generation === e.generation && this.source === e.source && this.dictionary === e.dictionary) return;
    this.memo.fill(0);
    this.generation = e.generation;
    this.source = e.source;
    this.dictionary = e.dictionary;
    this.unspecified = isOwn("\0".repeat(16), e.source.addresses);
  }

  /** Whether the address `::` counts as local. */
  ofUnspecified(e: EventView): boolean {
    this.renew(e);
    return this.unspecified;
  }

  /** SOURCE_LOCAL and DESTINATION_LOCAL bits of the addresses. */
  of(e: EventView, id: number): number {
    this.renew(e);
    const known = this.memo[id] as number;
    return known !== 0 && known !== undefined ? known : this.find(e, id);
  }

  private find(e: EventView, id: number): number {
    if (id >= this.memo.length) {
      const larger = new Uint8Array(Math.min(Math.max(this.memo.length * 2, id + 1), e.dictionary.capacity));
      larger.set(this.memo);
      this.memo = larger;
    }
    const bytes = e.dictionary.text(id);
    let ends = KNOWN;
    if (isOwn(sourceBytes(bytes), e.source.addresses)) ends |= SOURCE_LOCAL;
    if (isOwn(destinationBytes(bytes), e.source.addresses)) ends |= DESTINATION_LOCAL;
    this.memo[id] = ends;
    return ends;
  }
}

const localEnds = new LocalEnds();

/** Whether one end (a byte offset in the addresses) is local to the event's thread. */
function isLocal(e: EventView, id: number, end: number, at: number): boolean {
  if (isContained(e)) {
    const length = e.dictionary.length(id);
    if (length === TUPLE6_BYTES || length === ADDR6_BYTES) return false;
    const known = containerHas(e, addressAt(e, id, at));
    if (known !== ContainerAddress.ASK_MACHINE) return known === ContainerAddress.LOCAL;
  }
  return (localEnds.of(e, id) & end) !== 0;
}

/** Four bytes as a number. */
function addressAt(e: EventView, id: number, at: number): number {
  const dictionary = e.dictionary;
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + dictionary.byteAt(id, at + i);
  return value;
}

const SOURCE_AT = 1;
const DESTINATION_AT = 7;

/** Key of a field of the local or remote end: 2 * id + (1 if the source is local). */
function localKey(e: EventView): number {
  const id = clientKey(e);
  return id === -1 ? -1 : id * 2 + (isLocal(e, id, SOURCE_LOCAL, SOURCE_AT) ? 1 : 0);
}

const localBytes = (key: number, e: EventView): string =>
  (key & 1) === 1 ? sourceBytes(e.dictionary.text(key >> 1)) : destinationBytes(e.dictionary.text(key >> 1));
const remoteBytes = (key: number, e: EventView): string =>
  (key & 1) === 1 ? destinationBytes(e.dictionary.text(key >> 1)) : sourceBytes(e.dictionary.text(key >> 1));

const localPort = (e: EventView, key: number): number =>
  (key & 1) === 1 ? sourcePort(e, key >> 1) : destinationPort(e, key >> 1);
const remotePort = (e: EventView, key: number): number =>
  (key & 1) === 1 ? destinationPort(e, key >> 1) : sourcePort(e, key >> 1);

const ofBytes =
  (pick: (bytes: string) => string) =>
  (key: number, e: EventView): string =>
    pick(e.dictionary.text(key));

const ofPair =
  (pick: (bytes: string) => string) =>
  (key: number, e: EventView): string => {
    if (key === ZERO_PAIR_4) return pick(ZERO_TUPLE_4);
    if (key === ZERO_PAIR_6) return pick(ZERO_TUPLE_6);
    return key === NO_PAIR ? "" : pick(e.dictionary.text(key / 2));
  };

const address = (
  key: (e: EventView) => number,
  bytes: (key: number, e: EventView) => string,
  kind: AddressKind,
): ReturnType<typeof plain> => plain(keyed(key, bytes), { address: kind });

const port = (key: (e: EventView) => number, of: (e: EventView, key: number) => number): ReturnType<typeof plain> =>
  plain(
    number((e) => {
      const found = key(e);
      return found === -1 ? Number.NaN : of(e, found);
    }),
  );

/** A port as text. Its name depends on the transport as well, and is not remembered. */
const service = (key: (e: EventView) => number, of: (e: EventView, key: number) => number): ReturnType<typeof plain> =>
  plain(
    keyed(
      (e) => {
        const found = key(e);
        return found === -1 || e.services === null ? found : UNKEYED;
      },
      (found, e) => portsOf(e, e.fdRow)(of(e, found === UNKEYED ? key(e) : found)),
    ),
  );

/** Domain names of addresses are not looked up: always absent. */
const domain: ReturnType<typeof plain> = plain(
  keyed(
    () => -1,
    () => null,
  ),
);

function isServer(e: EventView): number {
  const row = fdRowOf(e);
  if (row === 0) return -1;
  if (isListening(e, row)) return 1;
  const id = addresses(e, row);
  if (id !== 0) return isLocal(e, id, DESTINATION_LOCAL, DESTINATION_AT) ? 1 : 0;
  const isBlank6 = (e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number) === FdKind.IPV6_SOCK;
  return isBlank6 && !isContained(e) && localEnds.ofUnspecified(e) ? 1 : 0;
}

/** The addresses of the event's socket. */
export const SOCKET_FIELDS: Binders = {
  "fd.ip": address(pairKey, ofPair(bothBytes), "ip-pair"),
  "fd.cip": address(clientKey, ofBytes(sourceBytes), "ip"),
  "fd.sip": address(serverKey, ofBytes(destinationBytes), "ip"),
  "fd.lip": address(localKey, localBytes, "ip"),
  "fd.rip": address(localKey, remoteBytes, "ip"),
  "fd.net": address(pairKey, ofPair(bothBytes), "net-pair"),
  "fd.cnet": address(clientKey, ofBytes(sourceBytes), "net"),
  "fd.snet": address(serverKey, ofBytes(destinationBytes), "net"),
  "fd.lnet": address(localKey, localBytes, "net"),
  "fd.rnet": address(localKey, remoteBytes, "net"),
  "fd.port": address(pairKey, ofPair(bothPorts), "port-pair"),
  "fd.proto": address(pairKey, ofPair(bothPorts), "port-pair"),
  "fd.cport": port(clientKey, sourcePort),
  "fd.sport": port(serverKey, destinationPort),
  "fd.lport": port(localKey, localPort),
  "fd.rport": port(localKey, remotePort),
  "fd.cproto": service(clientKey, sourcePort),
  "fd.sproto": service(serverKey, destinationPort),
  "fd.lproto": service(localKey, localPort),
  "fd.rproto": service(localKey, remotePort),
  "fd.cip.name": domain,
  "fd.sip.name": domain,
  "fd.lip.name": domain,
  "fd.rip.name": domain,
  "fd.is_server": plain(bool(isServer)),
};
