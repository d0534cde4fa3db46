// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdState, FdWord, L4, Role } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { Family } from "./address.js";
import { takeEnter } from "./enter.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { Thread } from "./threads.js";

const W = wordsOf(EventType.SOCKET_CONNECT_X);
const RES = W[0] as number;
const TUPLE = W[1] as number;
const ADDR = W[3] as number;
const EINPROGRESS = -115;

function connected(c: Tables): void {
  const enter = takeEnter(c, EventType.SOCKET_CONNECT_E) !== 0;
  if (c.fdRow === 0 || (!c.succeeded(RES) && c.int(RES) !== EINPROGRESS)) return;
  const tuple = target(c, enter ? (c.threads.words[(c.t << Thread.SHIFT) + Thread.ENTER_NAME] as number) : 0);
  if (tuple === 0) return;
  const row = c.copyFd();
  if (row === 0) return;
  const rows = c.fdPool.words;
  const base = row * FD_ROW_WORDS;
  const protocol = rows[base + FdWord.PROTOCOL_ROLE] as number;
  const l4 = protocol & 0xff;
  const role = protocol >>> 8;
  const family = c.addresses.family(tuple);
  const unix = family === Family.UNIX;
  rows[base + FdWord.KIND] = unix ? FdKind.UNIX_SOCK : family === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK;
  const turn = !unix && role === Role.SERVER && l4 === L4.UDP;
  const socket = turn ? c.addresses.swapped(tuple) : tuple;
  rows[base + FdWord.SOCKET] = socket;
  rows[base + FdWord.NAME] = c.addresses.tupleText(socket, l4);
  rows[base + FdWord.PROTOCOL_ROLE] = l4 | ((role === Role.NONE ? Role.CLIENT : role) << 8);
  const state = rows[base + FdWord.STATE] as number;
  rows[base + FdWord.STATE] = c.succeeded(RES) ? state | FdState.CONNECTED : state & ~FdState.CONNECTED;
  c.replaceFd(row);
}

/** The connection's tuple: the destination is what the call was given, where the event has not a better one. */
function target(c: Tables, given: number): number {
  const addresses = c.addresses;
  const tuple = c.int(TUPLE);
  if (!addresses.isTuple(tuple)) {
    return addresses.isInternetAddress(given) ? addresses.canonical(addresses.toward(0, given)) : 0;
  }
  if (addresses.family(tuple) === Family.UNIX) return tuple;
  const after = c.int(ADDR);
  if (given !== 0 && given !== after && addresses.isInternetAddress(given)) {
    const sameFamily = addresses.family(given) === addresses.family(tuple);
    if (sameFamily && after === addresses.destination(tuple))
      return addresses.canonical(addresses.toward(tuple, given));
  }
  return addresses.canonical(tuple);
}

const GETSOCKOPT = wordsOf(EventType.SOCKET_GETSOCKOPT_X);
const SOL_SOCKET = 1;
const SO_ERROR = 4;

/** SO_ERROR tells how a connection attempt that did not block has ended. */
function errorAsked(c: Tables): void {
  if (c.fdRow === 0 || !c.succeeded(GETSOCKOPT[0] as number)) return;
  if (c.int(GETSOCKOPT[2] as number) !== SOL_SOCKET || c.int(GETSOCKOPT[3] as number) !== SO_ERROR) return;
  const at = c.int(GETSOCKOPT[4] as number);
  const length = c.int((GETSOCKOPT[4] as number) + 1);
  // A byte that selects the variant, then the errno.
  let failed = 0;
  for (let i = 1; i < length; i++) failed |= c.bytes[at + i] as number;
  const row = c.copyFd();
  if (row === 0) return;
  const state = row * FD_ROW_WORDS + FdWord.STATE;
  const rows = c.fdPool.words;
  rows[state] =
    failed === 0 ? (rows[state] as number) | FdState.CONNECTED : (rows[state] as number) & ~FdState.CONNECTED;
  c.replaceFd(row);
}

export const connectRules: readonly Rule[] = [
  { type: EventType.SOCKET_CONNECT_X, run: connected, params: [0, 1, 2, 3] },
  {
    type: EventType.SOCKET_GETSOCKOPT_X,
    run: errorAsked,
    params: [0, 1, 2, 3, 4],
    test: [PlanTest.ONE_OF, 3, SO_ERROR, SO_ERROR, SO_ERROR],
  },
];
