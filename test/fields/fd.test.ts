// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FdKind, FdState, L4, Role } from "../../src/batch/fd-rows.js";
import { RecordFlag } from "../../src/batch/record.js";
import { UNKEYED } from "../../src/fields/field.js";
import type { EventView } from "../../src/fields/view.js";
import { type FdSpec, FieldBed, field, jsonOf, TEST_SOURCE, textOf } from "../support/field-bed.js";
import { sockaddr, socktuple } from "../support/records.js";

const READ = EventType.SYSCALL_READ_X;

function onFd(bed: FieldBed, spec: FdSpec, type: number = READ): EventView {
  return bed.event({ type, tid: 10, params: [0] }, { row: 1, fdRow: bed.file(spec), fd: 3 });
}

const texts = (e: EventView, names: readonly string[]): (string | null)[] =>
  names.map((name) => textOf(`fd.${name}`, e));

test("kinds of fds", () => {
  const bed = new FieldBed();
  const cases: [number, string, string][] = [
    [FdKind.FILE, "file", "f"],
    [FdKind.FILE_V2, "file", "f"],
    [FdKind.DIRECTORY, "directory", "d"],
    [FdKind.IPV4_SOCK, "ipv4", "4"],
    [FdKind.IPV4_SERVSOCK, "ipv4", "4"],
    [FdKind.IPV6_SOCK, "ipv6", "6"],
    [FdKind.IPV6_SERVSOCK, "ipv6", "6"],
    [FdKind.UNIX_SOCK, "unix", "u"],
    [FdKind.FIFO, "pipe", "p"],
    [FdKind.EVENT, "event", "e"],
    [FdKind.SIGNALFD, "signalfd", "s"],
    [FdKind.EVENTPOLL, "eventpoll", "l"],
    [FdKind.INOTIFY, "inotify", "i"],
    [FdKind.TIMERFD, "timerfd", "t"],
    [FdKind.NETLINK, "netlink", "n"],
    [FdKind.BPF, "bpf", "b"],
    [FdKind.USERFAULTFD, "userfaultfd", "u"],
    [FdKind.IO_URING, "io_uring", "r"],
    [FdKind.MEMFD, "memfd", "m"],
    [FdKind.PIDFD, "pidfd", "P"],
    [FdKind.UNKNOWN, "<NA>", "o"],
  ];
  for (const [kind, type, char] of cases)
    assert.deepEqual(texts(onFd(bed, { kind }), ["type", "typechar"]), [type, char]);
});

test("files and directories", () => {
  const bed = new FieldBed();
  const names = ["name", "nameraw", "directory", "filename", "num", "dev", "dev.major", "dev.minor", "ino", "l4proto"];
  const file = onFd(bed, { name: "/etc/passwd", raw: "/etc//passwd", dev: 0x0ab1_2304, ino: 2n ** 40n });
  assert.deepEqual(texts(file, names), [
    "/etc/passwd",
    "/etc/passwd",
    "/etc",
    "passwd",
    "3",
    (0x0ab1_2304).toString(16).toUpperCase(),
    String(0x123),
    String(0x04 | ((0x0ab1_2304 >>> 12) & 0xfff00)),
    String(2n ** 40n),
    "<NA>",
  ]);
  assert.equal(jsonOf("fd.num", file), "3");
  assert.deepEqual(texts(onFd(bed, { kind: FdKind.DIRECTORY, name: "/var/tmp" }), names.slice(0, 4)), [
    "/var/tmp",
    "",
    "/var/tmp",
    null,
  ]);
  assert.deepEqual(texts(onFd(bed, { kind: FdKind.FIFO }), names.slice(0, 4)), ["", "", null, null]);
  assert.deepEqual(texts(onFd(bed, { name: "/x" }), ["directory", "filename"]), ["/", "x"]);
});

test("fd.num: a number that no fd can have is the one that the call was given", () => {
  const bed = new FieldBed();
  const given = (fd: bigint, type: number = EventType.SYSCALL_MMAP_X): (string | null)[] => {
    const e = bed.event({ type, tid: 10, params: { fd } }, { row: 1, fd: -1 });
    return texts(e, ["num", "uid"]);
  };
  assert.deepEqual(given(0xffff_ffffn), ["4294967295", "104294967295"]);
  assert.deepEqual(given(-1n), ["-1", "10-1"]);
  assert.deepEqual(given(-9n, EventType.SYSCALL_CLOSE_X), ["-9", "10-9"]);
  // A call that was to make an fd has none to work on.
  assert.deepEqual(given(-2n, EventType.SYSCALL_OPEN_X), ["-1", "10-1"]);
});

test("the same name as a file and as a directory", () => {
  const bed = new FieldBed();
  assert.equal(textOf("fd.directory", onFd(bed, { name: "/a/b" })), "/a");
  assert.equal(textOf("fd.directory", onFd(bed, { kind: FdKind.DIRECTORY, name: "/a/b" })), "/a/b");
});

test("events that are not about fds, and threads that are not known", () => {
  const bed = new FieldBed();
  const names = ["num", "name", "type", "typechar", "directory", "uid", "connected"];
  assert.deepEqual(
    texts(bed.event({ type: EventType.SYSCALL_KILL_X }, { row: 1 }), names),
    names.map(() => null),
  );
  assert.deepEqual(
    texts(bed.event({ type: READ }, { row: 0 }), names),
    names.map(() => null),
  );
  const unknown = bed.event({ type: READ, tid: 10, params: [0] }, { row: 1, fd: 5 });
  assert.deepEqual(texts(unknown, names), ["5", "", null, "o", "/", "105", null]);
});

test("a failed call's name is what it was given", () => {
  const bed = new FieldBed();
  const leader = bed.process({ TID: 10, PTID: 1, CWD: "/home/u/" });
  const directory = bed.file({ kind: FdKind.DIRECTORY, name: "/srv" });
  const of = (
    type: number,
    params: Record<string, string | number>,
    rows: Record<string, number> = {},
  ): (string | null)[] =>
    texts(bed.event({ type, params }, { row: leader, rows }), ["name", "nameraw", "directory", "filename", "typechar"]);
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: -100, name: "/a/b" }), [
    "/a/b",
    "/a/b",
    "/a",
    null,
    "f",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: -100, name: "x/../y" }), [
    "/home/u/y",
    "x/../y",
    "/home/u",
    null,
    "f",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPENAT2_X, { fd: -2, dirfd: 4, name: "y" }, { dirfd: directory }), [
    "/srv/y",
    "y",
    "/srv",
    null,
    "f",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: 9, name: "y" }), [
    "<UNKNOWN>/y",
    "y",
    "<UNKNOWN>",
    null,
    "f",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: 9, name: "/a//b/" }), [
    "/a/b",
    "/a/b/",
    "/a",
    null,
    "f",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPEN_X, { fd: -2, name: "y" }), [
    "/home/u/y",
    "/home/u/y",
    "/home/u",
    null,
    "o",
  ]);
  assert.deepEqual(of(EventType.SYSCALL_OPEN_X, { fd: -2, name: "/a//b" }), ["/a//b", "/a/b", "/a/", null, "o"]);
  assert.deepEqual(of(EventType.SYSCALL_OPEN_BY_HANDLE_AT_X, { fd: -2, path: "/h" }), ["/h", "/h", "/", null, "o"]);
  assert.deepEqual(of(EventType.SOCKET_ACCEPT4_6_X, { fd: -11 }), ["NULL", "NULL", "/", null, "4"]);
});

test("plain absolute paths are keyed by their own id, others are not remembered", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10, PTID: 1, CWD: "/" });
  const extract = field("fd.name").extract;
  const keyOf = (name: string): number => {
    const e = bed.event({ type: EventType.SYSCALL_OPENAT_2_X, params: { fd: -2, dirfd: -100, name } }, { row });
    return extract.shape === "keyed" ? extract.key(e) : -1;
  };
  assert.equal(keyOf("/a/b"), bed.id("/a/b"));
  assert.equal(keyOf("/a/../b"), UNKEYED);
  assert.equal(keyOf("b"), UNKEYED);
});

const LOCAL = "10.0.0.5";
const SOURCE = { ...TEST_SOURCE, addresses: new Set([String.fromCharCode(10, 0, 0, 5)]) };
const ENDS = ["cip", "cport", "sip", "sport", "lip", "lport", "rip", "rport", "l4proto", "is_server", "sockfamily"];

test("connections: client and server by role, local and remote by the machine's addresses", () => {
  const bed = new FieldBed(SOURCE);
  const tcp = { kind: FdKind.IPV4_SOCK, l4: L4.TCP, role: Role.CLIENT };
  const out = onFd(bed, { ...tcp, socket: socktuple(LOCAL, 43210, "1.2.3.4", 443) });
  assert.deepEqual(texts(out, ENDS), [
    LOCAL,
    "43210",
    "1.2.3.4",
    "443",
    LOCAL,
    "43210",
    "1.2.3.4",
    "443",
    "tcp",
    "false",
    "ip",
  ]);
  const into = onFd(bed, { ...tcp, role: Role.SERVER, socket: socktuple("1.2.3.4", 43210, LOCAL, 443) });
  assert.deepEqual(texts(into, ENDS), [
    "1.2.3.4",
    "43210",
    LOCAL,
    "443",
    LOCAL,
    "443",
    "1.2.3.4",
    "43210",
    "tcp",
    "true",
    "ip",
  ]);
  const v6 = onFd(bed, {
    kind: FdKind.IPV6_SOCK,
    l4: L4.UDP,
    role: Role.CLIENT,
    socket: socktuple("2001:db8::1", 5, "::1", 53),
  });
  assert.deepEqual(texts(v6, ENDS).slice(0, 4), ["2001:db8::1", "5", "::1", "53"]);
  assert.equal(jsonOf("fd.sip", v6), '"::1"');
  assert.equal(jsonOf("fd.sport", v6), "53");
  assert.equal(textOf("fd.sproto", v6), "53");
  const open = onFd(bed, { kind: FdKind.IPV4_SOCK, l4: L4.TCP });
  assert.deepEqual(texts(open, ENDS), [null, null, null, null, null, null, null, null, "<NA>", "false", "ip"]);
  const raw = onFd(bed, { kind: FdKind.IPV4_SOCK, l4: L4.RAW });
  assert.equal(textOf("fd.l4proto", raw), "raw");
  const listening = onFd(bed, {
    kind: FdKind.IPV4_SERVSOCK,
    l4: L4.TCP,
    role: Role.SERVER,
    socket: sockaddr("0.0.0.0", 8080),
  });
  assert.deepEqual(texts(listening, ENDS), [
    null,
    null,
    "0.0.0.0",
    "8080",
    null,
    null,
    null,
    null,
    "tcp",
    "true",
    "ip",
  ]);
  const unix = onFd(bed, { kind: FdKind.UNIX_SOCK });
  assert.deepEqual(texts(unix, ENDS), [null, null, null, null, null, null, null, null, "<NA>", "false", "unix"]);
});

test("in a container its own address is the local one, and where that is not known those of other containers", () => {
  const address = (...bytes: number[]): string => String.fromCharCode(...bytes);
  const loopback6 = address(...new Array<number>(15).fill(0), 1);
  const bed = new FieldBed({ ...TEST_SOURCE, addresses: new Set([address(10, 0, 0, 5), loopback6]) });
  const json = bed.id('{"container":{"id":"aaaaaaaaaaaa","ip":"172.17.0.4"}}');
  bed.containers.put(bed.id("aaaaaaaaaaaa"), 0, 0, [json]);
  const rows = ["host", "aaaaaaaaaaaa", "bbbbbbbbbbbb"].map((id, i) =>
    bed.process({ TID: 10 + i, CONTAINER: bed.id(id) }),
  );
  const local = (row: number | undefined, spec: FdSpec): (string | null)[] => {
    const e = bed.event({ type: READ, tid: 10, params: [0] }, { row: row ?? 0, fdRow: bed.file(spec), fd: 3 });
    return texts(e, ["lip", "is_server"]);
  };
  const v4 = (from: string, to: string): FdSpec => ({
    kind: FdKind.IPV4_SOCK,
    l4: L4.TCP,
    role: Role.CLIENT,
    socket: socktuple(from, 1, to, 2),
  });
  const inward = v4("10.0.0.5", "172.17.0.4");
  assert.deepEqual(
    rows.map((row) => local(row, inward)),
    [
      ["10.0.0.5", "false"],
      ["10.0.0.5", "true"],
      ["172.17.0.4", "true"],
    ],
  );
  const elsewhere = v4("10.0.0.5", "172.17.0.9");
  assert.deepEqual(
    rows.map((row) => local(row, elsewhere)),
    [
      ["10.0.0.5", "false"],
      ["10.0.0.5", "false"],
      ["172.17.0.9", "false"],
    ],
  );
  // The other container is there until event 50 and has another address from then on.
  bed.containers.put(bed.id("aaaaaaaaaaaa"), 0, 50, [bed.id('{"container":{"id":"aaaaaaaaaaaa","ip":"172.17.0.9"}}')]);
  const at = (number: number, spec: FdSpec): string | null =>
    textOf(
      "fd.is_server",
      bed.event({ type: READ, number, params: [0] }, { row: rows[2] ?? 0, fdRow: bed.file(spec), fd: 3 }),
    );
  assert.deepEqual(
    [at(49, inward), at(50, inward), at(49, elsewhere), at(50, elsewhere)],
    ["true", "false", "false", "true"],
  );
  const v6: FdSpec = { ...inward, kind: FdKind.IPV6_SOCK, socket: socktuple("::7", 1, "::8", 2) };
  assert.deepEqual(
    rows.map((row) => local(row, v6)),
    [
      ["::7", "true"],
      ["::8", "false"],
      ["::8", "false"],
    ],
  );
  const blank: FdSpec = { kind: FdKind.IPV6_SOCK };
  assert.deepEqual(
    rows.map((row) => local(row, blank)[1]),
    ["true", "false", "false"],
  );
});

test("fields of both ends give bytes to compare, and no output", () => {
  const bed = new FieldBed();
  const bytes = (name: string, view: EventView): string | null => {
    const extract = field(name).extract;
    assert.equal(extract.shape, "keyed");
    if (extract.shape !== "keyed") return null;
    const key = extract.key(view);
    return key === -1 ? null : extract.text(key, view);
  };
  const connection = onFd(bed, {
    kind: FdKind.IPV4_SOCK,
    role: Role.CLIENT,
    socket: socktuple("10.0.0.1", 0x1234, "1.2.3.4", 80),
  });
  assert.equal(bytes("fd.ip", connection), "\x0a\0\0\x01\x01\x02\x03\x04");
  assert.equal(bytes("fd.net", connection), "\x0a\0\0\x01\x01\x02\x03\x04");
  assert.equal(bytes("fd.port", connection), "\x12\x34\0\x50");
  assert.equal(bytes("fd.snet", connection), "\x01\x02\x03\x04");
  assert.equal(textOf("fd.ip", connection), null);
  assert.equal(textOf("fd.snet", connection), "<IPNET>");
  assert.deepEqual(
    ["fd.ip", "fd.cip", "fd.net", "fd.snet", "fd.port"].map((name) => field(name).address),
    ["ip-pair", "ip", "net-pair", "net", "port-pair"],
  );
  const file = onFd(bed, { name: "/x" });
  assert.equal(bytes("fd.ip", file), "");
  const server = onFd(bed, { kind: FdKind.IPV6_SERVSOCK, socket: sockaddr("::1", 80) });
  assert.equal(bytes("fd.ip", server)?.length, 32);
  assert.equal(bytes("fd.port", server), "\0\x50\0\x50");
  // Not connected: zeros, of which a test with != holds.
  const blank4 = onFd(bed, { kind: FdKind.IPV4_SOCK });
  assert.equal(bytes("fd.ip", blank4), "\0".repeat(8));
  assert.equal(bytes("fd.port", blank4), "\0".repeat(4));
  assert.equal(bytes("fd.ip", onFd(bed, { kind: FdKind.IPV6_SOCK })), "\0".repeat(32));
  assert.equal(bytes("fd.ip", bed.event({ type: READ, params: [0] }, { row: 1 })), null);
});

test("states of fds and of events", () => {
  const bed = new FieldBed();
  const layered = onFd(bed, { name: "/x", state: FdState.UPPER_LAYER });
  assert.deepEqual(texts(layered, ["is_upper_layer", "is_lower_layer", "connected", "name_changed"]), [
    "true",
    "false",
    "false",
    "false",
  ]);
  const flags = RecordFlag.CONNECTED | RecordFlag.NAME_CHANGED;
  const changed = bed.event({ type: READ, flags, params: [0] }, { row: 1, fdRow: bed.file({}) });
  assert.deepEqual(texts(changed, ["connected", "name_changed"]), ["true", "true"]);
});
