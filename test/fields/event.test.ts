// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType, SYSCALL_NAMES } from "../../src/batch/event-table.generated.js";
import { FdKind } from "../../src/batch/fd-rows.js";
import { FieldBed, field, jsonOf, textOf } from "../support/field-bed.js";

test("evt.type: table names, system calls without an event of their own, names that async events carry", () => {
  const bed = new FieldBed();
  const code = SYSCALL_NAMES.indexOf("fadvise64");
  const generic = bed.event({ type: EventType.GENERIC_X, params: { ID: code } });
  assert.equal(textOf("evt.type", generic), "fadvise64");
  assert.equal(textOf("syscall.type", generic), "fadvise64");
  assert.equal(textOf("evt.category", generic), "other");
  assert.equal(textOf("evt.res", generic), null);
  // Written by a driver that did not know the call: code 0 and the kernel's number, 221 = fadvise64 on x86-64.
  for (const [native, name] of [
    [221, "fadvise64"],
    [0, "read"],
    [471, "rseq_slice_yield"],
    [134, "unknown"],
    [60000, "unknown"],
  ] as const) {
    const unknown = bed.event({ type: EventType.GENERIC_X, params: { ID: 0, nativeID: native } });
    assert.equal(textOf("evt.type", unknown), name);
    assert.equal(textOf("syscall.type", unknown), name);
  }
  assert.equal(textOf("evt.type", bed.event({ type: EventType.GENERIC_X, params: { ID: 0 }, nparams: 1 })), "unknown");
  const async = bed.event({ type: EventType.ASYNCEVENT_E, params: { plugin_id: 0, name: "container", data: "{}" } });
  assert.equal(textOf("evt.type", async), "container");
  assert.equal(textOf("evt.asynctype", async), "container");
  assert.equal(textOf("syscall.type", async), null);
  assert.equal(textOf("evt.is_async", async), "true");
  const open = bed.event({ type: EventType.SYSCALL_OPENAT_2_X });
  assert.equal(textOf("evt.type", open), "openat");
  assert.equal(textOf("evt.asynctype", open), null);
  assert.equal(textOf("evt.type.is.openat", open), "1");
  assert.equal(textOf("evt.type.is.open", open), "0");
  assert.equal(textOf("evt.type.is.307", open), "1");
});

test("evt.category", () => {
  const bed = new FieldBed();
  const of = (type: number, kind?: number): string | null =>
    textOf("evt.category", bed.event({ type }, kind === undefined ? {} : { row: 1, fdRow: bed.file({ kind }) }));
  assert.equal(of(EventType.SYSCALL_OPENAT_2_X), "file");
  assert.equal(of(EventType.SOCKET_CONNECT_X), "net");
  assert.equal(of(EventType.SYSCALL_PIPE_X), "IPC");
  assert.equal(of(EventType.SYSCALL_EPOLLWAIT_X), "wait");
  assert.equal(of(EventType.SCHEDSWITCH_6_E), "scheduler");
  assert.equal(of(EventType.PROCINFO_E), "internal");
  assert.equal(of(EventType.SYSCALL_READ_X), "unknown");
  assert.equal(of(EventType.SYSCALL_READ_X, FdKind.FILE), "file");
  assert.equal(of(EventType.SYSCALL_CLOSE_X, FdKind.DIRECTORY), "file");
  assert.equal(of(EventType.SYSCALL_WRITE_X, FdKind.IPV6_SERVSOCK), "net");
  assert.equal(of(EventType.SYSCALL_WRITE_X, FdKind.UNIX_SOCK), "ipc");
  assert.equal(of(EventType.SYSCALL_WRITE_X, FdKind.SIGNALFD), "ipc");
  assert.equal(of(EventType.SYSCALL_WRITE_X, FdKind.TIMERFD), "unknown");
  assert.equal(of(EventType.SYSCALL_WRITE_X, FdKind.MEMFD), "unknown");
});

test("results", () => {
  const bed = new FieldBed();
  const cases: [number, Record<string, number | bigint>, string | null, string, string][] = [
    [EventType.SYSCALL_CLOSE_X, { res: 0 }, "SUCCESS", "0", "false"],
    [EventType.SYSCALL_CLOSE_X, { res: -9 }, "EBADF", "-9", "true"],
    [EventType.SYSCALL_OPENAT_2_X, { fd: -2 }, "ENOENT", "-2", "true"],
    [EventType.SYSCALL_FUTEX_X, { res: -512 }, "ERESTARTSYS", "-512", "true"],
    [EventType.SYSCALL_CLOSE_X, { res: -4000 }, "-4000", "-4000", "true"],
    [EventType.SYSCALL_CLOSE_X, { res: -5000 }, "-5000", "-5000", "true"],
    [EventType.SYSCALL_GETUID_X, { uid: 4294967295 }, "SUCCESS", "4294967295", "false"],
    [EventType.SYSCALL_BRK_4_X, { res: 94761684221952n }, "SUCCESS", "94761684221952", "false"],
  ];
  for (const [type, params, res, raw, failed] of cases) {
    const e = bed.event({ type, params });
    assert.equal(textOf("evt.res", e), res);
    assert.equal(jsonOf("evt.rawres", e), raw);
    assert.equal(jsonOf("evt.failed", e), failed);
    assert.equal(textOf("evt.count.error", e), failed === "true" ? "1" : "0");
  }
  for (const e of [
    bed.event({ type: EventType.PROCEXIT_1_E, params: { status: -1 } }),
    bed.event({ type: EventType.SOCKET_SETSOCKOPT_X, nparams: 0 }),
  ]) {
    assert.equal(textOf("evt.res", e), null);
    assert.equal(textOf("evt.rawres", e), null);
    assert.equal(textOf("evt.failed", e), null);
  }
});

test("error counts by class", () => {
  const bed = new FieldBed();
  const failing = (type: number, kind?: number): (string | null)[] => {
    const attached = kind === undefined ? {} : { row: 1, fdRow: bed.file({ kind }) };
    const e = bed.event({ type, params: [-1] }, attached);
    return ["file", "net", "memory", "other"].map((name) => textOf(`evt.count.error.${name}`, e));
  };
  assert.deepEqual(failing(EventType.SYSCALL_OPENAT_2_X), ["1", null, null, null]);
  assert.deepEqual(failing(EventType.SOCKET_CONNECT_X), [null, "1", null, null]);
  assert.deepEqual(failing(EventType.SYSCALL_MUNMAP_X), [null, null, "1", null]);
  assert.deepEqual(failing(EventType.SYSCALL_KILL_X), [null, null, null, "1"]);
  assert.deepEqual(failing(EventType.SYSCALL_READ_X, FdKind.FILE), ["1", null, null, null]);
  assert.deepEqual(failing(EventType.SYSCALL_READ_X, FdKind.UNIX_SOCK), [null, "1", null, null]);
  assert.deepEqual(failing(EventType.SYSCALL_READ_X, FdKind.FIFO), [null, null, null, "1"]);
});

test("how files are opened", () => {
  const bed = new FieldBed();
  const names = ["read", "write", "exec", "create"];
  const of = (type: number, params: Record<string, number>): (string | null)[] => {
    const e = bed.event({ type, params });
    return names.map((name) => textOf(`evt.is_open_${name}`, e));
  };
  const yes = (...wanted: string[]): string[] => names.map((name) => String(wanted.includes(name)));
  assert.deepEqual(of(EventType.SYSCALL_OPEN_X, { fd: 3, flags: 1 }), yes("read"));
  assert.deepEqual(of(EventType.SYSCALL_OPEN_X, { fd: -2, flags: 3 }), yes("read", "write"));
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, flags: 2 | 4, mode: 0o755 }), yes("write", "exec"));
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, flags: 2, mode: 0o755 }), yes("write"));
  assert.deepEqual(
    of(EventType.SYSCALL_OPENAT2_X, { fd: 3, flags: 2 | 4 | (1 << 14), mode: 0o644 }),
    yes("write", "create"),
  );
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, flags: 1 << 13, mode: 0 }), yes("create"));
  assert.deepEqual(of(EventType.SYSCALL_OPENAT_2_X, { fd: -1, flags: 1 << 13, mode: 0 }), yes());
  assert.deepEqual(of(EventType.SYSCALL_OPEN_BY_HANDLE_AT_X, { fd: 3, flags: 3 | 4 }), yes("read", "write"));
  assert.deepEqual(of(EventType.SYSCALL_CREAT_X, { fd: 3, mode: 0o100 }), yes("exec"));
  assert.deepEqual(of(EventType.SYSCALL_READ_X, { res: 3 }), yes());
});

test("I/O: direction, length and buffer", () => {
  const bed = new FieldBed();
  const file = bed.file({ kind: FdKind.FILE_V2, name: "/x" });
  const socket = bed.file({ kind: FdKind.IPV4_SOCK });
  const read = bed.event(
    { type: EventType.SYSCALL_READ_X, params: { res: 5, data: "a\0b\xff\n", fd: 3 } },
    { row: 1, fdRow: file },
  );
  const flags = (name: string): string | null => textOf(`evt.${name}`, read);
  assert.deepEqual(["is_io", "is_io_read", "is_io_write", "is_wait", "io_dir"].map(flags), [
    "true",
    "true",
    "false",
    "false",
    "read",
  ]);
  const lengths = ["", ".in", ".out", ".file", ".file.in", ".file.out", ".net", ".net.in", ".net.out"];
  assert.deepEqual(
    lengths.map((name) => flags(`buflen${name}`)),
    ["5", "5", null, "5", "5", null, null, null, null],
  );
  const extract = field("evt.buffer").extract;
  assert.equal(extract.shape === "bytes" ? extract.get(read) : "", "a\0b\xff\n");
  assert.equal(textOf("evt.buffer", read), "a.b..");
  const sent = bed.event({ type: EventType.SOCKET_SENDTO_X, params: { res: 7, fd: 3 } }, { row: 1, fdRow: socket });
  assert.deepEqual(
    lengths.map((name) => textOf(`evt.buflen${name}`, sent)),
    ["7", null, "7", null, null, null, "7", null, "7"],
  );
  assert.equal(textOf("evt.buffer", sent), "NULL");
  assert.equal(textOf("evt.io_dir", sent), "write");
  const failed = bed.event({ type: EventType.SYSCALL_READ_X, params: { res: -11, fd: 3 } }, { row: 1, fdRow: file });
  assert.equal(textOf("evt.buflen", failed), null);
  const unknown = bed.event({ type: EventType.SYSCALL_READ_X, params: { res: 4, fd: 9 } }, { row: 1 });
  assert.equal(textOf("evt.buflen", unknown), null);
  const open = bed.event({ type: EventType.SYSCALL_OPENAT_2_X });
  assert.equal(textOf("evt.buffer", open), null);
  assert.equal(textOf("evt.io_dir", open), null);
});

test("evt.is_syslog", () => {
  const bed = new FieldBed();
  const log = bed.file({ kind: FdKind.UNIX_SOCK, name: "1->2 /dev/log" });
  const other = bed.file({ kind: FdKind.FILE, name: "/dev/null" });
  assert.equal(textOf("evt.is_syslog", bed.event({ type: EventType.SYSCALL_WRITE_X }, { row: 1, fdRow: log })), "true");
  assert.equal(textOf("evt.is_syslog", bed.event({ type: EventType.SYSCALL_READ_X }, { row: 1, fdRow: log })), "false");
  assert.equal(
    textOf("evt.is_syslog", bed.event({ type: EventType.SYSCALL_WRITE_X }, { row: 1, fdRow: other })),
    "false",
  );
});
