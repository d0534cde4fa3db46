// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdState, FdWord, L4, Role } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { Family } from "./address.js";
import { type Rule, wordOf, wordsOf } from "./handler.js";
import { OpenFlag } from "./open.js";
import type { Tables } from "./tables.js";

const SUCCESS = [PlanTest.SUCCESS, 0];
const AF_NETLINK = 16;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;

/** The transport of a socket from the arguments of socket(): domain, type, protocol. */
function l4Of(type: number, protocol: number): number {
  switch (protocol) {
    case 6:
      return type === SOCK_RAW ? L4.RAW : L4.TCP;
    case 17:
      return type === SOCK_RAW ? L4.RAW : L4.UDP;
    case 1:
      return type === SOCK_RAW ? L4.RAW : L4.ICMP;
    case 255:
      return L4.RAW;
    case 0:
      return (type & 0xff) === SOCK_STREAM ? L4.TCP : (type & 0xff) === SOCK_DGRAM ? L4.UDP : L4.UNKNOWN;
    default:
      return L4.UNKNOWN;
  }
}

const SOCKET = wordsOf(EventType.SOCKET_SOCKET_X);

function socketMade(c: Tables): void {
  if (!c.succeeded(SOCKET[0] as number)) return;
  const domain = c.int(SOCKET[1] as number);
  const flags = c.int(SOCKET[4] as number);
  let kind: number = FdKind.UNKNOWN;
  let l4: number = L4.UNKNOWN;
  if (domain === Family.UNIX) kind = FdKind.UNIX_SOCK;
  else if (domain === AF_NETLINK) kind = FdKind.NETLINK;
  else if (domain === Family.INET || domain === Family.INET6) {
    kind = domain === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK;
    l4 = l4Of(c.int(SOCKET[2] as number), c.int(SOCKET[3] as number));
  }
  const row = c.fdPool.make(kind, flags, 0);
  if (row !== 0) c.fdPool.words[row * FD_ROW_WORDS + FdWord.PROTOCOL_ROLE] = l4;
  c.addFd(c.fdAt(SOCKET[0] as number), row, (flags & OpenFlag.CLOEXEC) !== 0);
}

const PAIR = wordsOf(EventType.SOCKET_SOCKETPAIR_X);

function pairMade(c: Tables): void {
  if (!c.succeeded(PAIR[0] as number)) return;
  const first = c.fdAt(PAIR[1] as number);
  const second = c.fdAt(PAIR[2] as number);
  if (first === second) return;
  c.addFd(first, c.fdPool.make(FdKind.UNIX_SOCK, 0, 0), false);
  c.addFd(second, c.fdPool.make(FdKind.UNIX_SOCK, 0, 0), false);
}

const BIND_RES = wordOf(EventType.SOCKET_BIND_X, 0);
const BIND_ADDR = wordOf(EventType.SOCKET_BIND_X, 1);

function bound(c: Tables): void {
  if (!c.succeeded(BIND_RES) || c.fdRow === 0) return;
  const addr = c.int(BIND_ADDR);
  const family = c.addresses.family(addr);
  if (family === 0) return;
  const row = c.copyFd();
  if (row === 0) return;
  const rows = c.fdPool.words;
  const base = row * FD_ROW_WORDS;
  const canonical = c.addresses.isInternetAddress(addr) ? c.addresses.canonical(addr) : addr;
  if (c.addresses.isInternetAddress(addr) && c.addresses.sourcePort(addr) > 0) {
    const v4 = c.addresses.family(canonical) === Family.INET;
    rows[base + FdWord.KIND] = v4 ? FdKind.IPV4_SERVSOCK : FdKind.IPV6_SERVSOCK;
    rows[base + FdWord.SOCKET] = canonical;
    rows[base + FdWord.PROTOCOL_ROLE] = ((rows[base + FdWord.PROTOCOL_ROLE] as number) & 0xff) | (Role.SERVER << 8);
  }
  if (c.addresses.isInternetAddress(addr) || family === Family.UNIX) {
    rows[base + FdWord.NAME] = c.addresses.addressText(canonical);
  }
  c.replaceFd(row);
}

const ACCEPT_TUPLE = wordOf(EventType.SOCKET_ACCEPT_5_X, 1);
const ACCEPT_FD = wordOf(EventType.SOCKET_ACCEPT_5_X, 0);
const ACCEPT4_FLAGS = wordOf(EventType.SOCKET_ACCEPT4_6_X, 5);

function accepted(c: Tables): void {
  accept(c, 0);
}

function accepted4(c: Tables): void {
  accept(c, c.int(ACCEPT4_FLAGS));
}

function accept(c: Tables, flags: number): void {
  if (!c.succeeded(ACCEPT_FD)) return;
  const fd = c.fdAt(ACCEPT_FD);
  const given = c.int(ACCEPT_TUPLE);
  if (!c.addresses.isTuple(given)) {
    c.fd = fd;
    return;
  }
  const tuple = c.addresses.canonical(given);
  const family = c.addresses.family(tuple);
  const unix = family === Family.UNIX;
  const kind = unix ? FdKind.UNIX_SOCK : family === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK;
  const l4 = unix ? L4.UNKNOWN : L4.TCP;
  const row = c.fdPool.make(kind, 0, c.addresses.tupleText(tuple, l4));
  if (row !== 0) {
    const rows = c.fdPool.words;
    const base = row * FD_ROW_WORDS;
    rows[base + FdWord.SOCKET] = tuple;
    rows[base + FdWord.PROTOCOL_ROLE] = l4 | (Role.SERVER << 8);
    rows[base + FdWord.STATE] = FdState.CONNECTED;
  }
  c.addFd(fd, row, (flags & OpenFlag.CLOEXEC) !== 0);
}

export const socketRules: readonly Rule[] = [
  { type: EventType.SOCKET_SOCKET_X, run: socketMade, params: [0, 1, 2, 3, 4], test: SUCCESS },
  { type: EventType.SOCKET_SOCKETPAIR_X, run: pairMade, params: [0, 1, 2], test: SUCCESS },
  { type: EventType.SOCKET_BIND_X, run: bound, params: [0, 1, 2], test: SUCCESS },
  { type: EventType.SOCKET_ACCEPT_5_X, run: accepted, params: [0, 1], test: SUCCESS },
  { type: EventType.SOCKET_ACCEPT4_6_X, run: accepted4, params: [0, 1, 5], test: SUCCESS },
];
