// SPDX-License-Identifier: Apache-2.0

/*
 * Fd rows: what an open file or socket is. Immutable; a change (connect, bind, a new name) writes a new row and retires
 * the old one, which is freed when every batch that could read it is done. A record carries its row's number; which fd
 * number of which process has which row is private to the state stage. Row 0 is all zeros and means "none".
 *
 *   w0 kind   w1 open flags (PPM_O_*)   w2 name   w3 raw name   w4 socket address   w5 l4 | role << 8
 *   w6 dev    w7-8 inode                w9 pid (pidfd)          w10 FdState bits    w11-15 spare
 *
 * The socket address is a dictionary id, its bytes encoded as in an event (SOCKTUPLE: family, source address and port,
 * destination address and port; SOCKADDR for a listening socket: family, address, port), the client always the source
 * once the role is known. Everything that can be asked of it (fd.sip, fd.snet, fd.name ...) is a function of those bytes.
 */

export const FD_ROW_WORDS = 16;
/** fds a process may have; more are refused and counted. */
export const FD_LIMIT = 4096;

export const FdWord = {
  KIND: 0,
  OPEN_FLAGS: 1,
  NAME: 2,
  NAME_RAW: 3,
  SOCKET: 4,
  PROTOCOL_ROLE: 5,
  DEV: 6,
  INO: 7,
  PID: 9,
  STATE: 10,
} as const;

/** Kinds of fd; the numbers are those of the capture format's fd lists. */
export const FdKind = {
  UNKNOWN: 0,
  FILE: 1,
  DIRECTORY: 2,
  IPV4_SOCK: 3,
  IPV6_SOCK: 4,
  IPV4_SERVSOCK: 5,
  IPV6_SERVSOCK: 6,
  FIFO: 7,
  UNIX_SOCK: 8,
  EVENT: 9,
  UNSUPPORTED: 10,
  SIGNALFD: 11,
  EVENTPOLL: 12,
  INOTIFY: 13,
  TIMERFD: 14,
  NETLINK: 15,
  FILE_V2: 16,
  BPF: 17,
  USERFAULTFD: 18,
  IO_URING: 19,
  MEMFD: 20,
  PIDFD: 21,
} as const;

export const L4 = { UNKNOWN: 0, NONE: 1, TCP: 2, UDP: 3, ICMP: 4, RAW: 5 } as const;
export const Role = { NONE: 0, CLIENT: 1, SERVER: 2 } as const;
export const FdState = { CONNECTED: 1, UPPER_LAYER: 2, LOWER_LAYER: 4, CLOEXEC: 8 } as const;

export interface FdBuffers {
  readonly rows: SharedArrayBuffer;
}

export function createFdRows(rows: number): FdBuffers {
  return { rows: new SharedArrayBuffer(rows * FD_ROW_WORDS * 4) };
}
