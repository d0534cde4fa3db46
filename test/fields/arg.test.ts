// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS, EventType } from "../../src/batch/event-table.generated.js";
import { FdKind, L4, Role } from "../../src/batch/fd-rows.js";
import { argumentText } from "../../src/fields/render/param.js";
import { textValue } from "../../src/fields/value.js";
import { type Attached, FieldBed, field, jsonOf, textOf } from "../support/field-bed.js";
import { DELIVERED, makeWorld, Random, randomEvent } from "../support/random-events.js";
import { sockaddr, socktuple, unixTuple, type Value } from "../support/records.js";

type Params = Readonly<Record<string, Value>>;

interface Case {
  readonly type: number;
  readonly params: Params;
  readonly attached?: (bed: FieldBed, row: number) => Attached;
  readonly nparams?: number;
  readonly args: string;
}

const CASES: readonly Case[] = [
  {
    type: EventType.SYSCALL_OPENAT_2_X,
    params: { fd: 3, dirfd: -100, name: "/etc/ld.so.cache", flags: 4097, mode: 0, dev: 0xfe00, ino: 1196042 },
    attached: (bed, row) => ({ row, rows: { fd: bed.file({ name: "/etc/ld.so.cache" }) } }),
    args: "fd=3(<f>/etc/ld.so.cache) dirfd=-100(AT_FDCWD) name=/etc/ld.so.cache flags=4097(O_RDONLY|O_CLOEXEC) mode=0 dev=FE00 ino=1196042",
  },
  {
    type: EventType.SYSCALL_OPENAT_2_X,
    params: { fd: -6, dirfd: 4, name: "tty", flags: 67, mode: 0o666, dev: 0, ino: 0 },
    attached: (bed, row) => ({ row, rows: { dirfd: bed.file({ kind: FdKind.DIRECTORY, name: "/dev" }) } }),
    args: "fd=-6(ENXIO) dirfd=4(<d>/dev) name=tty(/dev/tty) flags=67(O_NONBLOCK|O_RDWR) mode=0666 dev=0 ino=0",
  },
  {
    type: EventType.SYSCALL_OPENAT_2_X,
    params: { fd: -2, dirfd: 9, name: "x", flags: 0, mode: 0, dev: 0, ino: 0 },
    args: "fd=-2(ENOENT) dirfd=9 name=x(<UNKNOWN>/x) flags=0(O_NONE) mode=0 dev=0 ino=0",
  },
  {
    type: EventType.SYSCALL_OPEN_X,
    params: { fd: 3, name: "../x", flags: 1, mode: 0 },
    args: "fd=3 name=../x(/home/x) flags=1(O_RDONLY) mode=0 dev=<NA> ino=<NA>",
  },
  { type: EventType.SYSCALL_OPEN_X, params: { fd: 3, name: "/x" }, nparams: 2, args: "fd=3 name=/x" },
  {
    type: EventType.SYSCALL_READ_X,
    params: { res: 18, data: "/var/tmp/act.RtdW\n", fd: 3, size: 4096 },
    attached: (bed, row) => ({ row, rows: { fd: bed.file({ kind: FdKind.FIFO }) } }),
    args: "res=18 data=/var/tmp/act.RtdW. fd=3(<p>) size=4096",
  },
  { type: EventType.SYSCALL_READ_X, params: { res: 0, fd: 3, size: 1 }, args: "res=0 data=NULL fd=3 size=1" },
  {
    type: EventType.SOCKET_CONNECT_X,
    params: {
      res: -115,
      tuple: socktuple("10.0.0.1", 40000, "1.2.3.4", 443),
      fd: 4,
      addr: sockaddr("1.2.3.4", 443),
    },
    attached: (bed, row) => ({
      row,
      rows: { fd: bed.file({ kind: FdKind.IPV4_SOCK, name: "n", l4: L4.TCP, role: Role.CLIENT }) },
    }),
    args: "res=-115(EINPROGRESS) tuple=10.0.0.1:40000->1.2.3.4:443 fd=4(<4t>n) addr=1.2.3.4:443",
  },
  {
    type: EventType.SOCKET_CONNECT_X,
    params: { res: -2, tuple: unixTuple(0n, 0xffff94dc817b9400n, "/var/run/nscd/socket"), fd: 3 },
    args: "res=-2(ENOENT) tuple=0->ffff94dc817b9400 /var/run/nscd/socket fd=3 addr=<NA>",
  },
  {
    type: EventType.SOCKET_SENDTO_X,
    params: { res: 1, fd: 4, size: 1 },
    args: "res=1 data=NULL fd=4 size=1 tuple=NULL",
  },
  {
    type: EventType.SOCKET_SOCKET_X,
    params: { fd: 3, domain: 2, type: 1, proto: 6, flags: 0 },
    attached: (bed, row) => ({ row, rows: { fd: bed.file({ kind: FdKind.IPV4_SOCK, l4: L4.TCP }) } }),
    args: "fd=3(<4>) domain=2(AF_INET) type=1 proto=6 flags=0(O_NONE)",
  },
  {
    type: EventType.SYSCALL_KILL_X,
    params: { res: 0, pid: 10, sig: 15 },
    args: "res=0 pid=10(bash) sig=15(SIGTERM)",
  },
  { type: EventType.SYSCALL_KILL_X, params: { res: 0, pid: 99, sig: 0 }, args: "res=0 pid=99 sig=0" },
  { type: EventType.SYSCALL_SETUID_X, params: { res: 0, uid: 1000 }, args: "res=0 uid=1000(ana)" },
  { type: EventType.SYSCALL_SETUID_X, params: { res: 0, uid: 0 }, args: "res=0 uid=0(<NA>)" },
  { type: EventType.SYSCALL_SETUID_X, params: { res: 0, uid: 77 }, args: "res=0 uid=77(<NA>)" },
  { type: EventType.SYSCALL_SETUID_X, params: { res: 0, uid: -1 }, args: "res=0 uid=-1(<NONE>)" },
  { type: EventType.SYSCALL_SETGID_X, params: { res: 0, gid: 1000 }, args: "res=0 gid=1000(staff)" },
  {
    type: EventType.SYSCALL_FCHMODAT_X,
    params: { res: 0, dirfd: -100, filename: "d/f", mode: 0o4755 },
    args: "res=0 dirfd=-100(AT_FDCWD) filename=d/f(/home/u/d/f) mode=04755(S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID)",
  },
  { type: EventType.SYSCALL_MKDIR_2_X, params: { res: 0, path: "/a", mode: 0o700 }, args: "res=0 path=/a mode=1C0" },
  {
    type: EventType.SYSCALL_NANOSLEEP_X,
    params: { res: 0, interval: 500_000_000 },
    args: "res=0 interval=500000000(0.5s)",
  },
  { type: EventType.SYSCALL_NANOSLEEP_X, params: { res: 0, interval: -1n }, args: "res=0 interval=none" },
  {
    type: EventType.SYSCALL_PTRACE_X,
    params: {
      res: 0,
      addr: Uint8Array.of(0, 0x34, 0x12, 0, 0, 0, 0, 0, 0),
      data: Uint8Array.of(1, 9),
      request: 11,
      pid: 10,
    },
    args: "res=0 addr=1234 data=9(SIGKILL) request=11(PTRACE_ATTACH) pid=10(bash)",
  },
  {
    type: EventType.SOCKET_SETSOCKOPT_X,
    params: {
      res: 0,
      fd: 3,
      level: 1,
      optname: 15,
      val: Uint8Array.of(2, 1, 0, 0, 0),
      optlen: 4,
    },
    args: "res=0 fd=3 level=1(SOL_SOCKET) optname=15(SO_REUSEPORT) val=1 optlen=4",
  },
  {
    type: EventType.SYSCALL_POLL_X,
    params: { res: 1, fds: pollList([3, 0, 1], [7, 0, 4], [-1, -1, 0]), timeout: 5000 },
    args: "res=1 fds=3:?1 7:?4 18446744073709551615:?0 timeout=5000",
  },
  {
    type: EventType.SYSCALL_PPOLL_X,
    params: { res: 0, timeout: -1n, sigmask: 3 },
    args: "res=0 fds=NULL timeout=none sigmask=SIGHUP SIGINT",
  },
  {
    type: EventType.SYSCALL_BRK_4_X,
    params: { res: 0x562f6c86c000n, vm_size: 1656, vm_rss: 132, vm_swap: 0, addr: 0 },
    args: "res=562F6C86C000 vm_size=1656 vm_rss=132 vm_swap=0 addr=0",
  },
  {
    type: EventType.SYSCALL_MMAP_X,
    params: {
      res: 140324671336448n,
      vm_size: 1,
      vm_rss: 2,
      vm_swap: 0,
      addr: 0,
      length: 8192,
      prot: 3,
      flags: 10,
      fd: -1,
      offset: 0,
    },
    args: "res=140324671336448 vm_size=1 vm_rss=2 vm_swap=0 addr=0 length=8192 prot=3(PROT_READ|PROT_WRITE) flags=10(MAP_PRIVATE|MAP_ANONYMOUS) fd=-1(EPERM) offset=0",
  },
  {
    type: EventType.SYSCALL_GETRLIMIT_X,
    params: { res: 0, cur: 8388608, max: -1, resource: 3 },
    args: "res=0 cur=8388608 max=-1 resource=3(RLIMIT_STACK)",
  },
  { type: EventType.GENERIC_X, params: { ID: 3, nativeID: 0 }, args: "" },
];

function pollList(...entries: [fd: number, row: number, flags: number][]): Uint8Array {
  const list = Buffer.alloc(2 + entries.length * 10);
  list.writeUInt16LE(entries.length);
  entries.forEach(([fd, row, flags], i) => {
    list.writeInt32LE(fd, 2 + i * 10);
    list.writeInt32LE(row, 6 + i * 10);
    list.writeInt16LE(flags, 10 + i * 10);
  });
  return list;
}

function withBash(): { bed: FieldBed; row: number } {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10, PTID: 1, COMM: "bash", CWD: "/home/u/", UID: 1000, CONTAINER: "host" });
  bed.users.put(1, 1000, 0, [bed.id("ana")]);
  bed.groups.put(1, 1000, 0, [bed.id("staff")]);
  return { bed, row };
}

test("evt.args of each kind of parameter", () => {
  for (const { type, params, attached, nparams, args } of CASES) {
    const { bed, row } = withBash();
    const spec = nparams === undefined ? { type, params } : { type, params, nparams };
    const e = bed.event(spec, attached?.(bed, row) ?? { row });
    assert.equal(textOf("evt.args", e), args);
    assert.equal(textOf("evt.info", e), args);
  }
});

test("execve: vectors end as they were passed, times are local, names are those of the thread", () => {
  const { bed, row } = withBash();
  const e = bed.event(
    {
      type: EventType.SYSCALL_EXECVE_19_X,
      params: {
        res: 0,
        exe: "/bin/sh",
        args: "-c\0ls",
        tid: 10,
        cap_permitted: 0x1fffefffffffn,
        loginuid: -1,
        exe_ino_mtime: 1n,
      },
      nparams: 26,
    },
    { row },
  );
  const args = textOf("evt.args", e) ?? "";
  assert.match(args, /^res=0 exe=\/bin\/sh args=-c\.ls\. tid=10\(bash\) pid=<NA> /);
  assert.match(args, / loginuid=-1\(<NONE>\) /);
  assert.match(args, / cap_permitted=1FFFEFFFFFFF /);
  assert.match(args, / exe_ino_ctime=<NA> exe_ino_mtime=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000000001$/);
  assert.match(args, / env=NULL /);
});

test("poll lists show the kinds of the fds that are known", () => {
  const { bed, row } = withBash();
  const file = bed.file({ name: "/x" });
  const pipe = bed.file({ kind: FdKind.FIFO, name: "" });
  const fds = pollList([5, file, 0x204], [3, pipe, -1]);
  const e = bed.event({ type: EventType.SYSCALL_POLL_X, params: { res: 1, fds, timeout: 0 } }, { row });
  assert.equal(textOf("evt.arg.fds", e), "5:f204 3:pffffffff");
  assert.equal(textOf("fdlist.nums", e), "5,3");
  assert.equal(textOf("fdlist.names", e), "/x,<NA>");
  assert.equal(textOf("fdlist.cips", e), null);
});

test("evt.arg: the resolved text where there is one, else the raw one, absent where there is no such parameter", () => {
  const { bed, row } = withBash();
  const e = bed.event(
    { type: EventType.SYSCALL_OPENAT_2_X, params: { fd: -2, dirfd: -100, name: "x", flags: 3 }, nparams: 4 },
    { row },
  );
  assert.equal(textOf("evt.arg.flags", e), "O_RDWR");
  assert.equal(textOf("evt.arg[3]", e), "O_RDWR");
  assert.equal(textOf("evt.arg.name", e), "/home/u/x");
  assert.equal(textOf("evt.arg.dirfd", e), "AT_FDCWD");
  assert.equal(textOf("evt.arg[0]", e), "ENOENT");
  assert.equal(textOf("evt.arg.mode", e), null);
  assert.equal(textOf("evt.arg[9]", e), null);
  assert.equal(textOf("evt.arg.addr", e), null);
});

test("evt.rawarg: the value in its own type and format", () => {
  const { bed, row } = withBash();
  const open = bed.event(
    { type: EventType.SYSCALL_OPENAT_2_X, params: { fd: -2, name: "x", flags: 4097, mode: 0o644, ino: 2n ** 60n } },
    { row },
  );
  assert.equal(jsonOf("evt.rawarg.fd", open), "-2");
  assert.equal(jsonOf("evt.rawarg.name", open), '"x"');
  assert.equal(jsonOf("evt.rawarg.flags", open), '"1001"');
  assert.equal(jsonOf("evt.rawarg.mode", open), '"644"');
  assert.equal(jsonOf("evt.rawarg.ino", open), "1152921504606846976");
  assert.equal(jsonOf("evt.rawarg.dev", open), "null");
  const failed = bed.event({ type: EventType.SYSCALL_EPOLL_CREATE_X, params: { res: -22 } }, { row });
  const res = field("evt.rawarg.res").extract;
  assert.equal(res.shape === "number" ? res.get(failed) : undefined, -22);
});

test("the text of a key is what the parameter itself shows", () => {
  const bed = new FieldBed();
  const world = makeWorld(bed);
  const random = new Random(17);
  for (const info of DELIVERED) {
    if (info.id === EventType.GENERIC_X) continue;
    const fields = info.params.map((param, i) => [field(`evt.arg.${param.name}`), field(`evt.arg[${i}]`)] as const);
    for (let round = 0; round < 4; round++) {
      const { spec, attached } = randomEvent(random, world, info);
      const e = bed.event(spec, attached);
      for (const [i, [named, numbered]] of fields.entries()) {
        const first = info.params.findIndex((param) => param.name === info.params[i]?.name);
        const expected = first < e.nparams ? argumentText(e, info, first) : null;
        assert.equal(named.value(e).text, textValue(expected).text, `${named.name} on ${info.name}`);
        const own = i < e.nparams ? argumentText(e, info, i) : null;
        assert.equal(numbered.value(e).text, textValue(own).text);
      }
    }
  }
});

test("evt.arg fields of texts are keyed by dictionary id, of numbers by number", () => {
  for (const [text, dense] of [
    ["evt.arg.path", true],
    ["evt.arg.oldpath", true],
    ["evt.arg.comm", true],
    ["evt.arg.flags", false],
    ["evt.arg.uid", false],
    ["evt.arg.fd", false],
  ] as const) {
    const extract = field(text).extract;
    assert.equal(extract.shape === "keyed" && extract.dense, dense, text);
  }
  assert.ok(EVENTS.length > 400);
});
