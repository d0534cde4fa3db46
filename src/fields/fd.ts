// SPDX-License-Identifier: Apache-2.0

import { AnnexPart } from "../batch/annex.js";
import { EVENTS, EventFlag, EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdState, FdWord, L4 } from "../batch/fd-rows.js";
import { RecordFlag, RecordWord } from "../batch/record.js";
import { HAS_FD } from "./events.js";
import { type Binders, bool, keyed, number, plain, type Reading, text, wide } from "./reading.js";
import { isInternet, kindChar, kindName, shownProtocol } from "./render/fd.js";
import { big64, signed64 } from "./render/number.js";
import type { EventView } from "./view.js";

/** Row of the event's fd; 0 where the event has no fd or it is not known. */
export function fdRowOf(e: EventView): number {
  return HAS_FD[e.type] === 0 || e.row === 0 ? 0 : e.fdRow;
}

/** One word of the event's fd row; -1 where there is none. */
function kindKey(e: EventView): number {
  const row = fdRowOf(e);
  return row === 0 ? -1 : (e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number);
}

/** What kind of fd an event would have made that made none; "o" for the rest. */
const CHAR_OF_TYPE = Uint8Array.from(EVENTS, (event) => {
  switch (event.id) {
    case EventType.SYSCALL_OPENAT_2_X:
    case EventType.SYSCALL_OPENAT2_X:
      return "f".charCodeAt(0);
    case EventType.SYSCALL_CREAT_X:
      return "f".charCodeAt(0);
    case EventType.SOCKET_SOCKET_X:
    case EventType.SOCKET_ACCEPT_5_X:
    case EventType.SOCKET_ACCEPT4_6_X:
      return "4".charCodeAt(0);
    case EventType.SYSCALL_PIPE_X:
    case EventType.SYSCALL_PIPE2_X:
      return "p".charCodeAt(0);
    case EventType.SYSCALL_EVENTFD_X:
    case EventType.SYSCALL_EVENTFD2_X:
      return "e".charCodeAt(0);
    case EventType.SYSCALL_SIGNALFD_X:
    case EventType.SYSCALL_SIGNALFD4_X:
      return "s".charCodeAt(0);
    case EventType.SYSCALL_TIMERFD_CREATE_X:
      return "t".charCodeAt(0);
    case EventType.SYSCALL_INOTIFY_INIT_X:
    case EventType.SYSCALL_INOTIFY_INIT1_X:
      return "i".charCodeAt(0);
    default:
      return "o".charCodeAt(0);
  }
});

const CHAR_OF_KIND = Uint8Array.from({ length: 32 }, (_, kind) => kindChar(kind).charCodeAt(0));

/** Keys of fd.typechar: the character's code. */
function charKey(e: EventView): number {
  if (HAS_FD[e.type] === 0 || e.row === 0) return -1;
  if (e.fdRow === 0) return CHAR_OF_TYPE[e.type] as number;
  return CHAR_OF_KIND[(e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number) & 31] as number;
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  [L4.TCP]: "tcp",
  [L4.UDP]: "udp",
  [L4.ICMP]: "icmp",
  [L4.RAW]: "raw",
};

/** Keys of fd.l4proto: an L4 number. */
function protocolKey(e: EventView): number {
  const row = fdRowOf(e);
  if (row === 0) return -1;
  const base = row * FD_ROW_WORDS;
  if (!isInternet(e.fds[base + FdWord.KIND] as number)) return L4.NONE;
  return shownProtocol(e.fds[base + FdWord.PROTOCOL_ROLE] as number);
}

const IP_FAMILY = 0;
const UNIX_FAMILY = 1;

function familyKey(e: EventView): number {
  const kind = kindKey(e);
  if (isInternet(kind)) return IP_FAMILY;
  return kind === FdKind.UNIX_SOCK ? UNIX_FAMILY : -1;
}

/** A number of the event's fd row. */
const fdNumber = (get: (e: EventView, base: number) => number): ReturnType<typeof plain> =>
  plain(
    number((e) => {
      const row = fdRowOf(e);
      return row === 0 ? Number.NaN : get(e, row * FD_ROW_WORDS);
    }),
  );

const stateFlag = (mask: number): ReturnType<typeof plain> =>
  plain(
    bool((e) => {
      const row = fdRowOf(e);
      return row === 0 ? -1 : ((e.fds[row * FD_ROW_WORDS + FdWord.STATE] as number) & mask) !== 0 ? 1 : 0;
    }),
  );

const recordFlag = (mask: number, more: Omit<Reading, "extract"> = {}): ReturnType<typeof plain> =>
  plain(
    bool((e) => {
      if (fdRowOf(e) === 0) return -1;
      return ((e.words[e.o + RecordWord.FLAGS] as number) & mask) !== 0 ? 1 : 0;
    }),
    more,
  );

/** Word and index of the parameter with the fd that an event works on; 0 and -1 where it has none. */
const FD_PARAM_WORD = Uint8Array.from(EVENTS, (event) =>
  (event.flags & EventFlag.USES_FD) === 0 ? 0 : (event.params[event.fdParam]?.word ?? 0),
);
const FD_PARAM = Int8Array.from(EVENTS, (event) => event.fdParam);

/**
 * The number of the event's fd. A number that no fd can have is shown as the call was given it: what is -1 for a system call
 * that takes 32 bits stands as 4294967295 in the event.
 */
function fdNumberOf(e: EventView): number {
  if (HAS_FD[e.type] === 0 || e.row === 0) return Number.NaN;
  const fd = e.words[e.o + RecordWord.FD] as number;
  const word = FD_PARAM_WORD[e.type] as number;
  if (fd !== -1 || word === 0 || !e.has(FD_PARAM[e.type] as number)) return fd;
  const at = e.o + word;
  return signed64(e.words[at] as number, e.words[at + 1] as number);
}

const demandFd = (type: number): number => (FD_PARAM_WORD[type] === 0 ? 0 : 1 << (FD_PARAM[type] as number));

/** What the event's fd is, but for its name and addresses. */
export const FD_FIELDS: Binders = {
  "fd.num": plain(number(fdNumberOf), { demand: demandFd }),
  "fd.type": plain(keyed(kindKey, kindName)),
  "fd.typechar": plain(keyed(charKey, (key) => String.fromCharCode(key))),
  "fd.l4proto": plain(keyed(protocolKey, (key) => PROTOCOLS[key] ?? "<NA>")),
  "fd.sockfamily": plain(keyed(familyKey, (key) => (key === IP_FAMILY ? "ip" : "unix"))),
  "fd.uid": plain(
    text((e) => {
      const fd = fdNumberOf(e);
      return Number.isNaN(fd) ? null : `${e.words[e.o + RecordWord.TID]}${fd}`;
    }),
    { demand: demandFd },
  ),
  "fd.connected": recordFlag(RecordFlag.CONNECTED, { annex: { parts: AnnexPart.CONNECTED } }),
  "fd.name_changed": recordFlag(RecordFlag.NAME_CHANGED),
  "fd.dev": fdNumber((e, base) => e.fds[base + FdWord.DEV] as number),
  "fd.dev.major": fdNumber((e, base) => ((e.fds[base + FdWord.DEV] as number) & 0xfff00) >> 8),
  "fd.dev.minor": fdNumber((e, base) => {
    const dev = e.fds[base + FdWord.DEV] as number;
    return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  }),
  "fd.ino": plain(
    wide((e) => {
      const row = fdRowOf(e);
      if (row === 0) return undefined;
      const at = row * FD_ROW_WORDS + FdWord.INO;
      return big64(e.fds[at] as number, e.fds[at + 1] as number, true);
    }, true),
  ),
  "fd.is_upper_layer": stateFlag(FdState.UPPER_LAYER),
  "fd.is_lower_layer": stateFlag(FdState.LOWER_LAYER),
};
