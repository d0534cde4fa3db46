// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdState, FdWord, L4, Role } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { Family } from "./address.js";
import { type Rule, wordOf } from "./handler.js";
import type { Tables } from "./tables.js";

/*
 * Messages tell who talks to whom where no connect or accept did: their tuple goes from here to there when sending, from
 * there to here when receiving. A record keeps the client as the source, once it is known which of the two that is.
 */

function transferred(c: Tables, res: number, tupleAt: number, sending: boolean, mayCreate: boolean): void {
  if (!c.succeeded(res) || c.t === 0) return;
  const given = c.int(tupleAt);
  if (!c.addresses.isTuple(given)) return;
  const family = c.addresses.family(given);
  if (c.fdRow === 0) {
    if (!mayCreate || family === Family.UNIX || c.fd < 0) return;
    const fresh = c.fdPool.make(family === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK, 0, 0);
    if (fresh !== 0) c.fdPool.words[fresh * FD_ROW_WORDS + FdWord.PROTOCOL_ROLE] = L4.UDP;
    c.addFd(c.fd, fresh, false);
    if (c.fdRow === 0) return;
  }
  const rows = c.fdPool.words;
  const old = c.fdRow * FD_ROW_WORDS;
  const protocol = rows[old + FdWord.PROTOCOL_ROLE] as number;
  const kind = rows[old + FdWord.KIND] as number;
  const unnamed = (c.strings.lengths[rows[old + FdWord.NAME] as number] as number) === 0;
  const v4Tcp = (kind === FdKind.IPV4_SOCK || kind === FdKind.IPV4_SERVSOCK) && (protocol & 0xff) === L4.TCP;
  if (!unnamed && v4Tcp) return;
  if (family === Family.UNIX) {
    setUnixName(c, given);
    return;
  }
  const tuple = c.addresses.completed(c.addresses.canonical(given));
  const newKind = c.addresses.family(tuple) === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK;
  const before = rows[old + FdWord.SOCKET] as number;
  if (kind === newKind && (before === tuple || (before !== 0 && before === c.addresses.swapped(tuple)))) return;
  setPeers(c, tuple, newKind, sending);
}

function setUnixName(c: Tables, tuple: number): void {
  const name = c.addresses.tupleText(tuple, L4.UNKNOWN);
  if (c.fdPool.words[c.fdRow * FD_ROW_WORDS + FdWord.NAME] === name) return;
  const row = c.copyFd();
  if (row === 0) return;
  c.fdPool.words[row * FD_ROW_WORDS + FdWord.NAME] = name;
  c.fdPool.words[row * FD_ROW_WORDS + FdWord.SOCKET] = tuple;
  c.replaceFd(row);
}

function setPeers(c: Tables, tuple: number, kind: number, sending: boolean): void {
  const row = c.copyFd();
  if (row === 0) return;
  const rows = c.fdPool.words;
  const base = row * FD_ROW_WORDS;
  const protocol = rows[base + FdWord.PROTOCOL_ROLE] as number;
  const l4 = (protocol & 0xff) === L4.UNKNOWN ? L4.UDP : protocol & 0xff;
  const role = protocol >>> 8 === Role.NONE ? guessRole(kind, sending) : protocol >>> 8;
  const turn = sending ? role === Role.SERVER : role === Role.CLIENT;
  const socket = turn ? c.addresses.swapped(tuple) : tuple;
  rows[base + FdWord.KIND] = kind;
  rows[base + FdWord.SOCKET] = socket;
  rows[base + FdWord.PROTOCOL_ROLE] = l4 | (role << 8);
  rows[base + FdWord.NAME] = c.addresses.tupleText(socket, l4);
  rows[base + FdWord.STATE] = (rows[base + FdWord.STATE] as number) | FdState.CONNECTED;
  c.replaceFd(row);
}

/**
 * Which end this process is, where neither connect nor accept has told. Over IPv4 who sends first is the client, who
 * receives first the server; over IPv6 the process counts as the client.
 */
function guessRole(kind: number, sending: boolean): number {
  return kind === FdKind.IPV4_SOCK && !sending ? Role.SERVER : Role.CLIENT;
}

/** A rule for one call: its tuple is parameter `tuple`, its fd parameter `fd`. */
function mover(type: number, tuple: number, fd: number, sending: boolean, mayCreate: boolean): Rule {
  const res = wordOf(type, 0);
  const at = wordOf(type, tuple);
  return {
    type,
    params: [0, tuple, fd],
    test: [PlanTest.NOT_EMPTY, tuple],
    run: (c) => transferred(c, res, at, sending, mayCreate),
  };
}

export const transferRules: readonly Rule[] = [
  mover(EventType.SOCKET_SEND_X, 4, 2, true, true),
  mover(EventType.SOCKET_SENDTO_X, 4, 2, true, true),
  mover(EventType.SOCKET_SENDMSG_X, 4, 2, true, true),
  mover(EventType.SOCKET_SENDMMSG_X, 4, 1, true, false),
  mover(EventType.SOCKET_RECV_X, 4, 2, false, false),
  mover(EventType.SOCKET_RECVFROM_X, 2, 3, false, false),
  mover(EventType.SOCKET_RECVMSG_X, 3, 5, false, false),
  mover(EventType.SOCKET_RECVMMSG_X, 4, 1, false, false),
];
