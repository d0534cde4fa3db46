// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { FdKind, L4 } from "../../src/batch/fd-rows.js";
import { ExeFlag } from "../../src/batch/process-rows.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { type ReadResult, readCapture } from "../support/capture-reader.js";
import { Block, ScapBuilder } from "../support/scap-builder.js";
import { encodeFd, encodeThread, inetAddress, inetTuple, type ThreadSpec, unixTuple } from "../support/scap-lists.js";

const THREAD: ThreadSpec = {
  tid: 101,
  pid: 100,
  ptid: 1,
  sid: 50,
  vpgid: 51,
  pgid: 52,
  vtid: 11,
  vpid: 10,
  comm: "worker",
  exe: "/opt/worker",
  exepath: "/opt/real",
  args: ["-v", "", "last"],
  env: ["A=1", "B=2"],
  cwd: "/srv/",
  root: "/jail",
  cgroups: ["cpu=/a", "memory=/b"],
  fdLimit: 1n << 63n,
  flags: 0x100,
  uid: 4294967294,
  gid: 7,
  vm: [1000, 200, 30],
  loginuid: 1000,
  tty: 34816,
  pidnsStart: 123n,
  writable: true,
  upperLayer: true,
  lowerLayer: true,
  memfd: true,
  caps: [1n, 2n, 1n << 40n],
  exeIno: [77n, 78n, 79n],
};

function readThreads(list: readonly ThreadSpec[], options: { version?: number; tail?: number } = {}): ReadResult {
  return readCapture(new ScapBuilder().section().threads(list, options).event("SYSCALL_CLOSE_X"));
}

test("process lists of all versions: what a version lacks has its default", () => {
  for (let version = 1; version <= 9; version++) {
    const read = readThreads([THREAD, { ...THREAD, tid: 102 }], { version });
    const [thread, second] = read.headers[0]?.threads ?? [];
    assert.ok(thread && second);
    assert.equal(second.tid, 102);
    const text = (id: number): string => read.dictionary.text(id);
    const since = <T>(first: number, value: T, otherwise: T): T => (version >= first ? value : otherwise);
    assert.deepEqual([thread.tid, thread.pid, thread.ptid], [101, 100, 1]);
    assert.deepEqual([thread.uid, thread.gid, thread.flags], [4294967294, 7, 0x100]);
    assert.equal(thread.fdLimit, 1n << 63n);
    assert.equal(thread.sid, since(6, 50, -1));
    assert.equal(thread.vpgid, since(8, 51, -1));
    assert.equal(thread.pgid, since(9, 52, -1));
    assert.deepEqual([thread.vtid, thread.vpid], since(4, [11, 10], [-1, -1]));
    assert.deepEqual([thread.vmSize, thread.vmRss, thread.vmSwap], since(2, [1000, 200, 30], [0, 0, 0]));
    assert.equal(text(thread.comm), "worker");
    assert.equal(text(thread.exe), "/opt/worker");
    assert.equal(text(thread.exepath), since(7, "/opt/real", ""));
    assert.equal(text(thread.args), "-v\0\0last");
    assert.equal(text(thread.env), since(3, "A=1\0B=2", ""));
    assert.equal(text(thread.cwd), "/srv/");
    assert.equal(text(thread.root), since(5, "/jail", ""));
    assert.equal(text(thread.cgroups), since(4, "cpu=/a\0memory=/b", ""));
    assert.equal(thread.loginuid, since(9, 1000, 4294967295));
    assert.equal(thread.tty, since(9, 34816, 0));
    assert.equal(thread.pidnsStart, since(9, 123n, 0n));
    const flags = ExeFlag.WRITABLE | ExeFlag.UPPER_LAYER | ExeFlag.LOWER_LAYER | ExeFlag.FROM_MEMFD;
    assert.equal(thread.exeFlags, since(9, flags, 0));
    assert.deepEqual(
      [thread.capInheritable, thread.capPermitted, thread.capEffective],
      since(9, [1n, 2n, 1n << 40n], [0n, 0n, 0n]),
    );
    assert.deepEqual([thread.exeIno, thread.exeCtime, thread.exeMtime], since(9, [77n, 78n, 79n], [0n, 0n, 0n]));
  }
});

test("V9 tails of all ages", () => {
  const at = (tail: number): NonNullable<ReadResult["headers"][0]["threads"][0]> => {
    const thread = readThreads([THREAD, THREAD], { tail }).headers[0]?.threads[1];
    assert.ok(thread);
    return thread;
  };
  assert.deepEqual([at(0).loginuid, at(0).tty], [4294967295, 0]);
  assert.deepEqual([at(4).loginuid, at(4).exeFlags], [1000, 0]);
  assert.deepEqual([at(5).loginuid, at(5).exeFlags], [1000, ExeFlag.WRITABLE]);
  const with29 = at(29);
  assert.deepEqual([with29.loginuid, with29.capEffective, with29.tty, with29.pidnsStart], [1000, 1n << 40n, 0, 0n]);
  // 42 bytes: all up to the upper layer, with the two fields that were inserted.
  const with42 = at(42);
  assert.deepEqual([with42.tty, with42.loginuid, with42.pidnsStart, with42.capPermitted], [34816, 1000, 123n, 2n]);
  assert.equal(with42.exeFlags, ExeFlag.WRITABLE | ExeFlag.UPPER_LAYER);
  assert.equal(with42.exeIno, 0n);
});

test("fields of later versions at the end of an entry are skipped", () => {
  const read = readThreads([{ ...THREAD, extra: Buffer.alloc(13, 1) }, { tid: 5 }]);
  assert.deepEqual(
    read.headers[0]?.threads.map((thread) => [thread.tid, thread.pgid]),
    [
      [101, 52],
      [5, -1],
    ],
  );
});

test("fd lists of both versions", () => {
  const tuple = inetTuple("10.0.0.1", 1000, "10.0.0.2", 80);
  const v6 = (last: number): Uint8Array => Uint8Array.from([...new Uint8Array(15), last]);
  const tuple6 = inetTuple(v6(1), 1000, v6(2), 80);
  const listening6 = inetAddress(v6(0), 8080);
  for (const version of [1, 2] as const) {
    const read = readCapture(
      new ScapBuilder()
        .section()
        .fds(
          100,
          [
            { fd: 0, ino: 5n, file: "/etc/passwd", flags: 1, dev: 9 },
            { fd: 1, tuple, l4: L4.TCP },
            { fd: 2, tuple: tuple6, l4: L4.UDP },
            { fd: 3, listen: inetAddress("0.0.0.0", 22), l4: L4.TCP },
            { fd: 4, listen: listening6, l4: L4.RAW },
            { fd: 5, unix: "/run/x", source: 1n, peer: 1n << 63n },
            { fd: 6, type: FdKind.FIFO, name: "pipe:[1]" },
            { fd: 7, type: FdKind.UNKNOWN, payload: new Uint8Array() },
            { fd: 8, type: FdKind.PIDFD, name: "" },
          ],
          version,
        )
        .fds(101, [], version)
        .event("SYSCALL_CLOSE_X"),
    );
    const fds = read.headers[0]?.fds ?? [];
    const text = (id: number): string | null => (id === 0 ? null : read.dictionary.text(id));
    const binary = (bytes: Buffer): string => bytes.toString("latin1");
    assert.deepEqual(
      fds.map((fd) => [fd.fd, fd.kind, text(fd.name), text(fd.socket), fd.l4]),
      [
        [0, FdKind.FILE_V2, "/etc/passwd", null, 0],
        [1, FdKind.IPV4_SOCK, null, binary(tuple), L4.TCP],
        [2, FdKind.IPV6_SOCK, null, binary(tuple6), L4.UDP],
        [3, FdKind.IPV4_SERVSOCK, null, binary(inetAddress("0.0.0.0", 22)), L4.TCP],
        [4, FdKind.IPV6_SERVSOCK, null, binary(listening6), L4.RAW],
        [5, FdKind.UNIX_SOCK, "/run/x", binary(unixTuple(1n, 1n << 63n, "/run/x")), 0],
        [6, FdKind.FIFO, "pipe:[1]", null, 0],
        [7, FdKind.UNKNOWN, "", null, 0],
        [8, FdKind.PIDFD, "", null, 0],
      ],
    );
    assert.ok(fds.every((fd) => fd.tid === 100));
    assert.deepEqual([fds[0]?.ino, fds[0]?.openFlags, fds[0]?.dev], [5n, 1, version === 2 ? 9 : 0]);
  }
});

test("an fd of a kind from the future is named by its number where its entry has a length", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .fds(1, [
        { fd: 3, type: 99, payload: Buffer.alloc(7) },
        { fd: 4, file: "/x" },
      ])
      .event("SYSCALL_CLOSE_X"),
  );
  assert.deepEqual(
    read.headers[0]?.fds.map((fd) => [fd.kind, read.dictionary.text(fd.name)]),
    [
      [99, "unknown-type:[99]"],
      [FdKind.FILE_V2, "/x"],
    ],
  );
});

test("interfaces, users and groups of both versions, and the machine", () => {
  const address6 = Uint8Array.from({ length: 16 }, (_, i) => i);
  for (const version of [1, 2] as const) {
    const read = readCapture(
      new ScapBuilder()
        .section()
        .machine({ cpus: 64, memory: 1n << 40n, hostname: "box", bootTime: 12345n })
        .interfaces(
          [
            { name: "eth0", address: "192.168.1.5", netmask: "255.255.255.0" },
            { name: "lo", address: "127.0.0.1", linkspeed: null },
            { name: "eth0", address: address6 },
          ],
          version,
        )
        .users(
          {
            users: [{ uid: 33, gid: 34, name: "www", home: "/var/www", shell: "/bin/false" }],
            groups: [
              { gid: 34, name: "www" },
              { gid: 4294967295, name: "" },
            ],
          },
          version,
        )
        .event("SYSCALL_CLOSE_X"),
    );
    const header = read.headers[0];
    assert.deepEqual(header?.machine, { cpus: 64, memoryBytes: 1n << 40n, hostname: "box", bootTime: 12345n });
    assert.deepEqual(
      header?.interfaces.map((entry) => [entry.name, [...entry.address]]),
      [
        ["eth0", [192, 168, 1, 5]],
        ["lo", [127, 0, 0, 1]],
        ["eth0", [...address6]],
      ],
    );
    assert.deepEqual([...(header?.interfaces[0]?.netmask ?? [])], [255, 255, 255, 0]);
    const text = (id: number | undefined): string => read.dictionary.text(id ?? 0);
    const user = header?.users[0];
    assert.deepEqual(
      [user?.uid, user?.gid, text(user?.name), text(user?.home), text(user?.shell)],
      [33, 34, "www", "/var/www", "/bin/false"],
    );
    assert.deepEqual(
      header?.groups.map((group) => [group.gid, text(group.name)]),
      [
        [34, "www"],
        [4294967295, ""],
      ],
    );
  }
});

test("lists that declare up to three bytes too many", () => {
  // With the padding of the block up to six bytes are left behind the last entry.
  for (let extra = 0; extra < 8; extra++) {
    const entry = Buffer.concat([encodeThread({ tid: 1, comm: "c".repeat(extra >> 1) }, 9), Buffer.alloc(extra & 3)]);
    const read = readCapture(new ScapBuilder().section().block(0x215, entry).event("SYSCALL_CLOSE_X"));
    assert.equal(read.headers[0]?.threads.length, 1);
  }
});

test("bad entries of lists fail with the place of the entry", () => {
  const thread = encodeThread({ tid: 1 }, 9);
  const fd = encodeFd({ fd: 1, file: "/x" }, 2);
  const tid = Buffer.alloc(8);
  const shortened = (entry: Buffer, length: number): Buffer => {
    const copy = Buffer.from(entry);
    copy.writeUInt32LE(length);
    return copy;
  };
  const cases: [number, Buffer, number][] = [
    [0x215, Buffer.concat([thread, shortened(thread, thread.length + 100)]), thread.length],
    [0x215, shortened(thread, 3), 0],
    [0x215, shortened(thread, 40), 0],
    [0x214, encodeThread({ tid: 1, comm: "x".repeat(2000) }, 8), 0],
    [0x202, Buffer.alloc(30), 0],
    [0x218, Buffer.concat([tid, fd, shortened(fd, 12)]), 8 + fd.length],
    [0x218, Buffer.alloc(4), 0],
    [0x203, Buffer.concat([tid, encodeFd({ fd: 1, type: 99, payload: Buffer.alloc(7) }, 1)]), 8],
    [0x219, Buffer.from([8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]), 0],
    [0x220, Buffer.from([5, 0, 0, 0, 0]), 0],
    [Block.MACHINE, Buffer.alloc(100), 0],
  ];
  for (const [type, body, position] of cases) {
    const builder = new ScapBuilder().section();
    const at = builder.offset + 8 + position;
    assert.throws(
      () => readCapture(builder.block(type, body).event("SYSCALL_CLOSE_X")),
      (error) => {
        assert.ok(error instanceof PeregrineError);
        assert.deepEqual([error.code, error.place.offset], ["CAPTURE_LIST_ENTRY", at], `block 0x${type.toString(16)}`);
        return true;
      },
    );
  }
});
