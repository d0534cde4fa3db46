// SPDX-License-Identifier: Apache-2.0

import { EMPTY } from "../../batch/dictionary.js";
import { ERRNO_NAMES } from "../../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord, L4, Role } from "../../batch/fd-rows.js";
import type { EventView } from "../view.js";
import { addressText, type PortText, tupleText } from "./address.js";

/** The directory fd that stands for the working directory. */
export const AT_FDCWD = -100;

const TYPES: Readonly<Record<number, readonly [string, string]>> = {
  [FdKind.FILE]: ["f", "file"],
  [FdKind.FILE_V2]: ["f", "file"],
  [FdKind.DIRECTORY]: ["d", "directory"],
  [FdKind.IPV4_SOCK]: ["4", "ipv4"],
  [FdKind.IPV4_SERVSOCK]: ["4", "ipv4"],
  [FdKind.IPV6_SOCK]: ["6", "ipv6"],
  [FdKind.IPV6_SERVSOCK]: ["6", "ipv6"],
  [FdKind.UNIX_SOCK]: ["u", "unix"],
  [FdKind.USERFAULTFD]: ["u", "userfaultfd"],
  [FdKind.FIFO]: ["p", "pipe"],
  [FdKind.EVENT]: ["e", "event"],
  [FdKind.SIGNALFD]: ["s", "signalfd"],
  [FdKind.EVENTPOLL]: ["l", "eventpoll"],
  [FdKind.INOTIFY]: ["i", "inotify"],
  [FdKind.TIMERFD]: ["t", "timerfd"],
  [FdKind.NETLINK]: ["n", "netlink"],
  [FdKind.BPF]: ["b", "bpf"],
  [FdKind.IO_URING]: ["r", "io_uring"],
  [FdKind.MEMFD]: ["m", "memfd"],
  [FdKind.PIDFD]: ["P", "pidfd"],
  [FdKind.UNSUPPORTED]: ["X", "unsupported"],
};

const PROTOCOL_CHARS: Readonly<Record<number, string>> = {
  [L4.TCP]: "t",
  [L4.UDP]: "u",
  [L4.ICMP]: "i",
  [L4.RAW]: "r",
};

/** fd.type of a kind of fd. */
export function kindName(kind: number): string {
  return TYPES[kind]?.[1] ?? "<NA>";
}

/** fd.typechar of a kind of fd. */
export function kindChar(kind: number): string {
  return TYPES[kind]?.[0] ?? "o";
}

export function isInternet(kind: number): boolean {
  return kind >= FdKind.IPV4_SOCK && kind <= FdKind.IPV6_SERVSOCK;
}

export function isFile(kind: number): boolean {
  return kind === FdKind.FILE || kind === FdKind.FILE_V2;
}

/** Protocol of a socket's row as it is shown: a socket whose role is not known yet has none, but for raw ones. */
export function shownProtocol(protocolRole: number): number {
  const l4 = protocolRole & 0xff;
  return protocolRole >> 8 === Role.NONE && l4 !== L4.RAW ? L4.NONE : l4;
}

/** `<T>`, or `<Tp>` for an internet socket of a known protocol: what stands before an fd's name. */
export function kindMark(kind: number, l4: number): string {
  return `<${kindChar(kind)}${isInternet(kind) ? (PROTOCOL_CHARS[l4] ?? "") : ""}>`;
}

/** Whether the name of an fd's row is shown with names of ports: the row's own has their numbers. */
export function namesPorts(e: EventView, row: number): boolean {
  if (e.services === null) return false;
  const base = row * FD_ROW_WORDS;
  if (!isInternet(e.fds[base + FdWord.KIND] as number) || e.fds[base + FdWord.SOCKET] === 0) return false;
  const l4 = (e.fds[base + FdWord.PROTOCOL_ROLE] as number) & 0xff;
  // Names of other transports have no ports, and a socket may not be named yet.
  return l4 !== L4.ICMP && l4 !== L4.RAW && (e.fds[base + FdWord.NAME] as number) > EMPTY;
}

/** How ports of an fd's row are shown; 0 = of no fd. */
export function portsOf(e: EventView, row: number): PortText {
  const { services } = e;
  if (services === null) return String;
  const l4 = (e.fds[row * FD_ROW_WORDS + FdWord.PROTOCOL_ROLE] as number) & 0xff;
  return (port) => services.of(port, l4);
}

/** Name of an fd's row. */
export function rowName(e: EventView, row: number): string {
  const base = row * FD_ROW_WORDS;
  if (!namesPorts(e, row)) return e.dictionary.text(e.fds[base + FdWord.NAME] as number);
  const bytes = e.dictionary.text(e.fds[base + FdWord.SOCKET] as number);
  const kind = e.fds[base + FdWord.KIND] as number;
  const listening = kind === FdKind.IPV4_SERVSOCK || kind === FdKind.IPV6_SERVSOCK;
  return listening ? addressText(bytes, portsOf(e, row)) : tupleText(bytes, portsOf(e, row));
}

/** `<f>/etc/passwd`: the fd of a row, resolved. */
export function fdRowText(e: EventView, row: number): string {
  const base = row * FD_ROW_WORDS;
  const kind = e.fds[base + FdWord.KIND] as number;
  const l4 = shownProtocol(e.fds[base + FdWord.PROTOCOL_ROLE] as number);
  return kindMark(kind, l4) + rowName(e, row);
}

/** What a negative fd means: the working directory or an error; "" for other numbers. */
export function negativeFdText(fd: number): string {
  if (fd >= 0) return "";
  return fd === AT_FDCWD ? "AT_FDCWD" : (ERRNO_NAMES[-fd] ?? "");
}
