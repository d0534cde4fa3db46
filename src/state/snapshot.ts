// SPDX-License-Identifier: Apache-2.0

import { ABSENT, EMPTY } from "../batch/dictionary.js";
import { FD_ROW_WORDS, FdKind, FdWord, L4, Role } from "../batch/fd-rows.js";
import { EXTRA_WORDS, ExtraWord, RowWord, TID_LIMIT } from "../batch/process-rows.js";
import type { FdEntry, SectionHeader, ThreadEntry } from "../capture/source.js";
import { Family } from "./address.js";
import { OpenFlag } from "./open.js";
import { loadPeople } from "./people.js";
import type { Tables } from "./tables.js";
import { ThreadFlag } from "./threads.js";

/**
 * Fills the tables with what was there when a section began. Rows are valid from the event in hand (c.now). Threads of an
 * earlier section are gone from that event on.
 */
export function loadSection(c: Tables, header: SectionHeader, hostRoot: string | null): void {
  c.endingThread = 0;
  c.closingOwner = 0;
  c.closingFd = -1;
  c.recentExits.clear();
  c.threads.removeAll();
  const boot = header.machine?.bootTime ?? 0n;
  c.bootLow = low(boot);
  c.bootHigh = high(boot);
  c.addresses.setInterfaces(header.interfaces);
  loadPeople(c, header, hostRoot);
  const added: number[] = [];
  for (const entry of header.threads) {
    const t = addThread(c, entry);
    if (t !== 0) added.push(t);
  }
  // Parents and leaders can come behind their children in the list.
  for (const t of added) c.threads.link(t);
  loadFds(c, header.fds);
}

function low(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function high(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** A tid of the list as a slot; rows carry slots. */
function slotOf(c: Tables, tid: number): number {
  if (tid >= 0 && tid < TID_LIMIT) return tid;
  return tid < 0 ? -1 : c.threads.slotFor(tid | 0, Math.floor(tid / 4_294_967_296));
}

function addThread(c: Tables, entry: ThreadEntry): number {
  const threads = c.threads;
  const slot = slotOf(c, entry.tid);
  if (slot <= 0 || threads.find(slot) !== 0) return 0;
  const t = threads.create(slot);
  if (t === 0) return 0;
  const pid = slotOf(c, entry.pid);
  threads.setIds(t, pid, slotOf(c, entry.ptid));
  threads.setFlags(t, pid === slot ? entry.flags : entry.flags | ThreadFlag.FILES | ThreadFlag.THREAD);
  const row = threads.writable(t);
  const rows = threads.versions.words;
  rows[row + RowWord.SID] = entry.sid;
  rows[row + RowWord.COMM] = entry.comm;
  rows[row + RowWord.EXE] = entry.exe;
  rows[row + RowWord.EXEPATH] = entry.exepath;
  rows[row + RowWord.ARGS] = entry.args;
  rows[row + RowWord.CMDLINE] = c.strings.cmdline(entry.comm, entry.args);
  rows[row + RowWord.CWD] = entry.cwd === ABSENT ? EMPTY : c.strings.folder(entry.cwd);
  rows[row + RowWord.UID] = entry.uid;
  rows[row + RowWord.GID] = entry.gid;
  rows[row + RowWord.LOGINUID] = entry.loginuid;
  rows[row + RowWord.TTY] = entry.tty;
  rows[row + RowWord.PGID] = entry.pgid;
  rows[row + RowWord.VPGID] = entry.vpgid;
  rows[row + RowWord.VPID] = entry.vpid;
  rows[row + RowWord.VTID] = entry.vtid;
  rows[row + RowWord.CONTAINER] = c.containerIds.of(entry.cgroups);
  rows[row + RowWord.ENV] = entry.env;
  rows[row + RowWord.EXE_FLAGS] = entry.exeFlags;
  const extra = c.extras.make(0, c.now);
  rows[row + RowWord.EXTRA] = extra;
  if (extra !== 0) fillExtra(c, extra * EXTRA_WORDS, entry);
  return t;
}

function fillExtra(c: Tables, to: number, entry: ThreadEntry): void {
  const extras = c.extras.words;
  const wide = (word: number, value: bigint): void => {
    extras[to + word] = low(value);
    extras[to + word + 1] = high(value);
  };
  wide(ExtraWord.CAP_INHERITABLE, entry.capInheritable);
  wide(ExtraWord.CAP_PERMITTED, entry.capPermitted);
  wide(ExtraWord.CAP_EFFECTIVE, entry.capEffective);
  wide(ExtraWord.EXE_INO, entry.exeIno);
  wide(ExtraWord.EXE_CTIME, entry.exeCtime);
  wide(ExtraWord.EXE_MTIME, entry.exeMtime);
  wide(ExtraWord.PIDNS_START, entry.pidnsStart);
  wide(ExtraWord.FD_LIMIT, entry.fdLimit);
  extras[to + ExtraWord.CGROUPS] = entry.cgroups;
  extras[to + ExtraWord.ROOT] = entry.root;
  extras[to + ExtraWord.VM_SIZE] = entry.vmSize;
  extras[to + ExtraWord.VM_RSS] = entry.vmRss;
  extras[to + ExtraWord.VM_SWAP] = entry.vmSwap;
}

function loadFds(c: Tables, entries: readonly FdEntry[]): void {
  const listening = new Set<number>();
  for (const entry of entries) {
    if (entry.kind === FdKind.IPV4_SERVSOCK || entry.kind === FdKind.IPV6_SERVSOCK) {
      listening.add(c.addresses.sourcePort(entry.socket));
    }
  }
  for (const entry of entries) {
    const t = c.threads.find(slotOf(c, entry.tid));
    if (t === 0) continue;
    const row = c.fdPool.make(entry.kind, entry.openFlags, entry.name);
    if (row !== 0) describe(c, row * FD_ROW_WORDS, entry, listening);
    c.fds.set(c.ownerOf(t, c.threads.leader(t)), entry.fd, row, (entry.openFlags & OpenFlag.CLOEXEC) !== 0);
  }
}

function describe(c: Tables, base: number, entry: FdEntry, listening: ReadonlySet<number>): void {
  const rows = c.fdPool.words;
  rows[base + FdWord.DEV] = entry.dev;
  rows[base + FdWord.INO] = low(entry.ino);
  rows[base + FdWord.INO + 1] = high(entry.ino);
  rows[base + FdWord.PROTOCOL_ROLE] = entry.l4;
  rows[base + FdWord.SOCKET] = entry.socket;
  const addresses = c.addresses;
  switch (entry.kind) {
    case FdKind.FILE:
    case FdKind.FILE_V2:
    case FdKind.DIRECTORY:
      rows[base + FdWord.NAME_RAW] = entry.name;
      break;
    case FdKind.IPV4_SERVSOCK:
    case FdKind.IPV6_SERVSOCK: {
      const addr = addresses.canonical(entry.socket);
      rows[base + FdWord.SOCKET] = addr;
      rows[base + FdWord.KIND] = addresses.family(addr) === Family.INET ? FdKind.IPV4_SERVSOCK : FdKind.IPV6_SERVSOCK;
      rows[base + FdWord.NAME] = addresses.addressText(addr);
      rows[base + FdWord.PROTOCOL_ROLE] = entry.l4 | (Role.SERVER << 8);
      break;
    }
    case FdKind.IPV4_SOCK:
    case FdKind.IPV6_SOCK: {
      // The list has the local end first; who listens there was called, and the caller is to be the source.
      const tuple = addresses.canonical(entry.socket);
      const connection = entry.l4 === L4.TCP || entry.l4 === L4.UDP;
      const server = connection && listening.has(addresses.sourcePort(tuple));
      const socket = server ? addresses.swapped(tuple) : tuple;
      const role = !connection ? Role.NONE : server ? Role.SERVER : Role.CLIENT;
      rows[base + FdWord.SOCKET] = socket;
      rows[base + FdWord.KIND] = addresses.family(socket) === Family.INET ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK;
      rows[base + FdWord.NAME] = addresses.tupleText(socket, entry.l4);
      rows[base + FdWord.PROTOCOL_ROLE] = entry.l4 | (role << 8);
      break;
    }
    case FdKind.UNIX_SOCK: {
      const named = c.strings.lengths[entry.name] !== 0;
      rows[base + FdWord.PROTOCOL_ROLE] = (named ? Role.SERVER : Role.CLIENT) << 8;
      break;
    }
    default:
  }
}
