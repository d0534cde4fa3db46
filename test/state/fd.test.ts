// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { FdKind, FdState, FdWord, L4, Role } from "../../src/batch/fd-rows.js";
import { RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import { RecordFlag } from "../../src/batch/record.js";
import { type EventSpec, sockaddr, socktuple, unixTuple } from "../support/records.js";
import { Bed, cloneCaller, close, EMPTY_HEADER, exec, fdEntry, open, read, thread, X } from "./harness.js";

const TID = 100;

function shell(): Bed {
  return new Bed(({ id }) => ({
    ...EMPTY_HEADER,
    interfaces: [
      { address: Uint8Array.of(127, 0, 0, 1), netmask: Uint8Array.of(255, 0, 0, 0), name: "lo" },
      { address: Uint8Array.of(10, 0, 0, 1), netmask: Uint8Array.of(255, 255, 255, 0), name: "eth0" },
    ],
    threads: [thread(1, { ptid: 0, comm: id("init") }), thread(TID, { comm: id("sh"), cwd: id("/home") })],
    fds: [fdEntry(TID, 0, FdKind.FILE_V2, id("/dev/tty"))],
  }));
}

const socket = (fd: number, domain = 2, type = 1, proto = 0): EventSpec => ({
  type: X.SOCKET_SOCKET_X,
  tid: TID,
  params: { fd, domain, type, proto, flags: 0 },
});
const connect = (fd: number, tuple: Uint8Array, addr: Uint8Array | null = null, res = 0): EventSpec => ({
  type: X.SOCKET_CONNECT_X,
  tid: TID,
  params: { res, tuple, fd, addr },
});
const bind = (fd: number, addr: Uint8Array): EventSpec => ({
  type: X.SOCKET_BIND_X,
  tid: TID,
  params: { res: 0, addr, fd },
});
const sendto = (fd: number, tuple: Uint8Array, res = 1): EventSpec => ({
  type: X.SOCKET_SENDTO_X,
  tid: TID,
  params: { res, data: "x", fd, size: 1, tuple },
});
const recvfrom = (fd: number, tuple: Uint8Array): EventSpec => ({
  type: X.SOCKET_RECVFROM_X,
  tid: TID,
  params: { res: 1, data: "x", tuple, fd, size: 1 },
});

function role(bed: Bed, row: number): number {
  return bed.fdWord(row, FdWord.PROTOCOL_ROLE) >>> 8;
}

test("open: names, kinds, layers and what enter events say", () => {
  const bed = shell();
  const at = (dirfd: number, name: string, flags = 1): EventSpec => ({
    type: X.SYSCALL_OPENAT_2_X,
    tid: TID,
    params: { fd: 7, dirfd, name, flags, mode: 0, dev: 3, ino: 0x1_0000_0002n },
  });
  const name = (event: EventSpec): string | undefined => bed.fdName(bed.one(event).fdRow);
  assert.equal(name(open(TID, 5, "../x")), "/x");
  assert.equal(name(open(TID, 5, "/a/./b/../c")), "/a/c");
  const dir = bed.one(open(TID, 6, "/etc", 1 | (1 << 10)));
  assert.equal(bed.fdWord(dir.fdRow, FdWord.KIND), FdKind.DIRECTORY);
  assert.equal(name(at(6, "passwd")), "/etc/passwd");
  assert.equal(name(at(-100, "f")), "/home/f");
  assert.equal(name(at(77, "f")), "<UNKNOWN>/f");
  const upper = bed.one(at(-100, "f", 1 | (1 << 15)));
  assert.equal(bed.fdWord(upper.fdRow, FdWord.STATE), FdState.UPPER_LAYER);
  assert.equal(bed.fdWord(upper.fdRow, FdWord.INO), 2);
  assert.equal(bed.fdWord(upper.fdRow, FdWord.INO + 1), 1);
  assert.equal(bed.interner.text(bed.fdWord(upper.fdRow, FdWord.NAME_RAW)), "f");
  const enter: EventSpec = {
    type: X.SYSCALL_OPENAT_2_E,
    tid: TID,
    flags: RecordFlag.STATE_ONLY,
    params: { dirfd: 6, name: "shadow", flags: 1, mode: 0 },
  };
  assert.equal(bed.fdName(bed.run(enter, at(-100, "harmless", 2 | (1 << 14)))[1]?.fdRow ?? 0), "/etc/shadow");
  const failed: EventSpec = { type: X.SYSCALL_OPENAT_2_X, tid: TID, params: { fd: -2, dirfd: -100, name: "shadow" } };
  bed.run(enter, failed);
  assert.equal(name(at(-100, "later")), "/home/later", "an enter event belongs to one exit");
  const bare = { ...at(-100, ""), params: { fd: 9, dirfd: -100, name: null } };
  assert.equal(name(bare), "/home/<NA>");
});

test("the fd of a close is there for the close and gone for the next event", () => {
  const bed = shell();
  bed.run(open(TID, 5, "/f"));
  const [end, after] = bed.run(close(TID, 5), read(TID, 5));
  assert.equal(bed.fdName(end?.fdRow ?? 0), "/f");
  assert.equal(after?.fdRow, 0);
  assert.equal(after?.fd, 5);
  bed.run(open(TID, 5, "/g"), close(TID, 5, -9));
  assert.equal(bed.fdName(bed.one(read(TID, 5)).fdRow), "/g", "a close that failed");
});

test("fd rows stay for as long as an event in flight names them", () => {
  const bed = shell();
  const [opened] = bed.run(open(TID, 5, "/f"));
  assert.ok(opened);
  bed.run(close(TID, 5), read(TID, 0));
  bed.stage.settle(bed.writer.last - 1);
  assert.equal(bed.fdName(opened.fdRow), "/f");
  bed.stage.settle(bed.writer.last);
  assert.equal(bed.fdName(opened.fdRow), undefined, "poisoned");
});

test("dup, dup3, fcntl and exec: close on exec belongs to the number", () => {
  const bed = shell();
  const dup3: EventSpec = { type: X.SYSCALL_DUP3_X, tid: TID, params: { res: 11, oldfd: 5, newfd: 11, flags: 4096 } };
  const fcntl = (res: number, cmd: number, arg = 0): EventSpec => ({
    type: X.SYSCALL_FCNTL_X,
    tid: TID,
    params: { res, fd: 5, cmd, arg },
  });
  bed.run(open(TID, 5, "/f", 4097));
  const [dup] = bed.run({ type: X.SYSCALL_DUP_1_X, tid: TID, params: { res: 10, oldfd: 5 } }, dup3);
  assert.equal(dup?.fd, 10);
  assert.equal(bed.fdName(dup?.fdRow ?? 0), "/f");
  bed.run(fcntl(12, 1), fcntl(13, 26));
  bed.run(exec(TID, "ls"));
  const left = [5, 10, 11, 12, 13].filter((fd) => bed.one(read(TID, fd)).fdRow !== 0);
  assert.deepEqual(left, [10, 12]);
  bed.run(open(TID, 5, "/g"), fcntl(0, 3, 1), exec(TID, "ls"));
  assert.equal(bed.one(read(TID, 5)).fdRow, 0, "F_SETFD");
  const stdin = bed.one({ type: X.SYSCALL_DUP2_X, tid: TID, params: { res: 0, oldfd: 10, newfd: 0 } });
  assert.notEqual(bed.word(stdin.row, RowWord.FLAGS) & ThreadFlag.PIPE_DST, 0);
  assert.equal(bed.fdName(bed.one(read(TID, 0)).fdRow), "/f");
});

test("close_range", () => {
  const bed = shell();
  const range = (first: number, last: number, flags: number): EventSpec => ({
    type: X.SYSCALL_CLOSE_RANGE_X,
    tid: TID,
    params: { res: 0, first, last, flags },
  });
  bed.run(open(TID, 5, "/a"), open(TID, 6, "/b"), open(TID, 9000, "/far"), range(6, 0xffff_ffff, 0));
  assert.deepEqual(
    [5, 6, 9000].map((fd) => bed.one(read(TID, fd)).fdRow !== 0),
    [true, false, false],
  );
  bed.run(range(0, 5, 4));
  assert.notEqual(bed.one(read(TID, 5)).fdRow, 0);
  bed.run(exec(TID, "ls"));
  assert.equal(bed.one(read(TID, 5)).fdRow, 0);
});

test("fork copies the table, threads share it", () => {
  const bed = shell();
  bed.run(open(TID, 5, "/f"), cloneCaller(TID, 200), cloneCaller(TID, 101, { flags: ThreadFlag.THREAD }));
  bed.run(close(200, 5), open(101, 6, "/t"));
  assert.equal(bed.fdName(bed.one(read(TID, 5)).fdRow), "/f");
  assert.equal(bed.one(read(200, 5)).fdRow, 0);
  assert.equal(bed.fdName(bed.one(read(TID, 6)).fdRow), "/t");
  assert.equal(bed.one(read(200, 6)).fdRow, 0);
});

test("socket, connect: the client is the source; a failed attempt changes nothing", () => {
  const bed = shell();
  const made = bed.one(socket(3));
  assert.equal(bed.fdWord(made.fdRow, FdWord.PROTOCOL_ROLE), L4.TCP);
  const refused = bed.one(connect(3, socktuple("10.0.0.1", 1, "10.0.0.9", 2), null, -111));
  assert.equal(refused.fdRow, made.fdRow);
  const pending = bed.one(connect(3, socktuple("10.0.0.1", 40000, "1.2.3.4", 443), null, -115));
  assert.equal(bed.fdName(pending.fdRow), "10.0.0.1:40000->1.2.3.4:443");
  assert.equal(pending.flags & RecordFlag.CONNECTED, 0);
  assert.notEqual(pending.flags & RecordFlag.NAME_CHANGED, 0);
  assert.equal(role(bed, pending.fdRow), Role.CLIENT);
  const asked = bed.one({
    type: X.SOCKET_GETSOCKOPT_X,
    tid: TID,
    params: { res: 0, fd: 3, level: 1, optname: 4, val: Uint8Array.of(1, 0, 0, 0, 0), optlen: 4 },
  });
  assert.notEqual(asked.flags & RecordFlag.CONNECTED, 0);
  assert.equal(asked.flags & RecordFlag.NAME_CHANGED, 0);
});

test("connect: what the call was given counts, v4-mapped addresses are IPv4", () => {
  const bed = shell();
  const enter = (addr: Uint8Array): EventSpec => ({
    type: X.SOCKET_CONNECT_E,
    tid: TID,
    flags: RecordFlag.STATE_ONLY,
    params: { fd: 3, addr },
  });
  bed.run(socket(3), enter(sockaddr("9.9.9.9", 53)));
  const seen = bed.one(connect(3, socktuple("10.0.0.1", 7, "8.8.8.8", 53), sockaddr("8.8.8.8", 53)));
  assert.equal(bed.fdName(seen.fdRow), "10.0.0.1:7->9.9.9.9:53");
  bed.run(socket(4, 10));
  const mapped = bed.one(connect(4, socktuple("::ffff:10.0.0.1", 7, "::ffff:8.8.8.8", 53)));
  assert.equal(bed.fdName(mapped.fdRow), "10.0.0.1:7->8.8.8.8:53");
  assert.equal(bed.fdWord(mapped.fdRow, FdWord.KIND), FdKind.IPV4_SOCK);
  bed.run(socket(5, 10));
  const six = bed.one(connect(5, socktuple("::1", 7, "2001:db8::2", 53)));
  assert.equal(bed.fdName(six.fdRow), "::1:7->2001:db8::2:53");
});

test("bind and accept", () => {
  const bed = shell();
  bed.run(socket(3));
  const any = bed.one(bind(3, sockaddr("0.0.0.0", 8080)));
  assert.equal(bed.fdName(any.fdRow), "0.0.0.0:8080");
  assert.equal(bed.fdWord(any.fdRow, FdWord.KIND), FdKind.IPV4_SERVSOCK);
  const accepted = bed.one({
    type: X.SOCKET_ACCEPT4_6_X,
    tid: TID,
    params: { fd: 4, tuple: socktuple("5.6.7.8", 1234, "10.0.0.1", 8080), flags: 4096 },
  });
  assert.equal(accepted.fd, 4);
  assert.equal(bed.fdName(accepted.fdRow), "5.6.7.8:1234->10.0.0.1:8080");
  assert.equal(role(bed, accepted.fdRow), Role.SERVER);
  assert.notEqual(accepted.flags & RecordFlag.CONNECTED, 0);
  bed.run(socket(6));
  const none = bed.one(bind(6, sockaddr("127.0.0.1", 0)));
  assert.equal(bed.fdWord(none.fdRow, FdWord.KIND), FdKind.IPV4_SOCK);
  assert.equal(bed.fdName(none.fdRow), "127.0.0.1:0");
});

test("datagrams: who sends first is the client, an unbound source is filled in, ICMP has no ports", () => {
  const bed = shell();
  bed.run(socket(3, 2, 2), socket(4, 2, 2), socket(5, 2, 2, 1));
  const sent = bed.one(sendto(3, socktuple("0.0.0.0", 40000, "10.0.0.7", 53)));
  assert.equal(bed.fdName(sent.fdRow), "10.0.0.1:40000->10.0.0.7:53");
  assert.equal(role(bed, sent.fdRow), Role.CLIENT);
  const reply = bed.one(recvfrom(3, socktuple("10.0.0.7", 53, "10.0.0.1", 40000)));
  assert.equal(reply.fdRow, sent.fdRow, "the same two ends");
  const asked = bed.one(recvfrom(4, socktuple("5.5.5.5", 9, "10.0.0.1", 53)));
  assert.equal(bed.fdName(asked.fdRow), "5.5.5.5:9->10.0.0.1:53");
  assert.equal(role(bed, asked.fdRow), Role.SERVER);
  const answered = bed.one(sendto(4, socktuple("10.0.0.1", 53, "6.6.6.6", 9)));
  assert.equal(bed.fdName(answered.fdRow), "6.6.6.6:9->10.0.0.1:53", "the client is the source");
  const ping = bed.one(sendto(5, socktuple("10.0.0.1", 0, "8.8.8.8", 0)));
  assert.equal(bed.fdName(ping.fdRow), "10.0.0.1->8.8.8.8");
  const unknown = bed.one(sendto(30, socktuple("10.0.0.1", 1, "8.8.8.8", 2)));
  assert.equal(bed.fdWord(unknown.fdRow, FdWord.PROTOCOL_ROLE) & 0xff, L4.UDP);
  assert.equal(bed.one(recvfrom(31, socktuple("10.0.0.1", 1, "8.8.8.8", 2))).fdRow, 0);
});

test("unix sockets, pipes and the fds without a name", () => {
  const bed = shell();
  bed.run(socket(3, 1));
  const unix = bed.one(connect(3, unixTuple(0xffff9c0an, 0n, "/run/x.sock")));
  assert.equal(bed.fdName(unix.fdRow), "ffff9c0a->0 /run/x.sock");
  const pipe = bed.one({ type: X.SYSCALL_PIPE2_X, tid: TID, params: { res: 0, fd1: 8, fd2: 9, ino: 44, flags: 0 } });
  assert.equal(pipe.fd, 9);
  assert.equal(bed.fdWord(pipe.fdRow, FdWord.KIND), FdKind.FIFO);
  assert.equal(bed.fdName(pipe.fdRow), "");
  const kinds: [number, Record<string, number | string>, number][] = [
    [X.SYSCALL_EVENTFD2_X, { res: 20, flags: 0, initval: 1 }, FdKind.EVENT],
    [X.SYSCALL_SIGNALFD4_X, { res: 20, flags: 0, fd: -1, mask: 0 }, FdKind.SIGNALFD],
    [X.SYSCALL_TIMERFD_CREATE_X, { res: 20, clockid: 1, flags: 0 }, FdKind.TIMERFD],
    [X.SYSCALL_INOTIFY_INIT1_X, { res: 20, flags: 0 }, FdKind.INOTIFY],
    [X.SYSCALL_BPF_2_X, { fd: 20, cmd: 0 }, FdKind.BPF],
    [X.SYSCALL_USERFAULTFD_X, { res: 20, flags: 0 }, FdKind.USERFAULTFD],
    [X.SYSCALL_IO_URING_SETUP_X, { res: 20 }, FdKind.IO_URING],
    [X.SYSCALL_EPOLL_CREATE1_X, { res: 20, flags: 1 }, FdKind.EVENTPOLL],
    [X.SYSCALL_MEMFD_CREATE_X, { fd: 20, name: "m", flags: 0 }, FdKind.MEMFD],
  ];
  for (const [type, params, kind] of kinds) {
    const seen = bed.one({ type, tid: TID, params });
    assert.equal(bed.fdWord(seen.fdRow, FdWord.KIND), kind);
    assert.equal(seen.fd, 20);
  }
  bed.run(cloneCaller(TID, 200), open(200, 5, "/theirs"));
  const pidfd = bed.one({ type: X.SYSCALL_PIDFD_OPEN_X, tid: TID, params: { fd: 21, pid: 200, flags: 0 } });
  assert.equal(bed.fdName(pidfd.fdRow), "/proc/200");
  const got = bed.one({
    type: X.SYSCALL_PIDFD_GETFD_X,
    tid: TID,
    params: { fd: 22, pid_fd: 21, target_fd: 5, flags: 0 },
  });
  assert.equal(bed.fdName(got.fdRow), "/theirs");
});

test("connections of the initial list: who listens is the server", () => {
  const bed = new Bed(({ id }) => {
    const bytes = (value: Uint8Array): number => id(Buffer.from(value).toString("latin1"));
    const local = socktuple("10.0.0.1", 80, "5.5.5.5", 999);
    return {
      ...EMPTY_HEADER,
      threads: [thread(TID)],
      fds: [
        fdEntry(TID, 3, FdKind.IPV4_SERVSOCK, 0, { socket: bytes(sockaddr("0.0.0.0", 80)), l4: L4.TCP }),
        fdEntry(TID, 4, FdKind.IPV4_SOCK, 0, { socket: bytes(local), l4: L4.TCP }),
        fdEntry(TID, 5, FdKind.IPV4_SOCK, 0, { socket: bytes(socktuple("10.0.0.1", 81, "5.5.5.5", 9)), l4: L4.TCP }),
      ],
    };
  });
  const names = [3, 4, 5].map((fd) => bed.fdName(bed.one(read(TID, fd)).fdRow));
  assert.deepEqual(names, ["0.0.0.0:80", "5.5.5.5:999->10.0.0.1:80", "10.0.0.1:81->5.5.5.5:9"]);
});

test("rows stand beside the fd parameters that rules want, at this event", () => {
  const bed = shell();
  bed.run(open(TID, 5, "/f"));
  const seen = bed.one({ type: X.SYSCALL_SPLICE_X, tid: TID, params: { res: 1, fd_in: 5, fd_out: 0, size: 1 } });
  assert.equal(bed.fdName(bed.words[seen.o + 20] as number), "/f");
  assert.equal(bed.fdName(bed.words[seen.o + 23] as number), "/dev/tty");
  assert.equal(bed.fdName(seen.fdRow), "/dev/tty", "the fd of a splice is where it goes");
});
