// SPDX-License-Identifier: Apache-2.0

import type { EventInfo, ParamInfo } from "../../src/batch/event.js";
import { DYNAMIC_TABLES, EVENTS, EventFlag, FLAG_TABLES, ParamType } from "../../src/batch/event-table.generated.js";
import { FdKind } from "../../src/batch/fd-rows.js";
import { ExtraWord } from "../../src/batch/process-rows.js";
import type { Attached, FieldBed } from "./field-bed.js";
import { type EventSpec, sockaddr, socktuple, unixAddr, unixTuple, type Value } from "./records.js";

/** A small generator with a seed: the same numbers on every run. */
export class Random {
  constructor(private state: number) {}

  next(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return Math.floor(((this.state >>> 0) / 4294967296) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)] as T;
  }
}

/** Event types that rules can see: exits of today's layout, and events that have one half only. */
export const DELIVERED: readonly EventInfo[] = EVENTS.filter(
  (event) =>
    (event.flags & (EventFlag.OLD_VERSION | EventFlag.UNUSED)) === 0 &&
    event.name !== "NA" &&
    (event.exit || !EVENTS[event.id + 1]?.exit || EVENTS[event.id + 1]?.name === "NA"),
);

const PATHS = ["/etc/passwd", "/", "/a//b/../c", "x", "../y/./z", "", "<NA>", "/tmp/caf\xc3\xa9", "/bad\xff\n"];
const TEXTS = ["", "bash", "a b", "<NA>", "x\ty", "\xff\xfe", "io.kubernetes"];

function fdValue(random: Random): number {
  return random.pick([0, 1, 3, 7, 255, -1, -2, -9, -100, -4096, 100000]);
}

function numberValue(random: Random): bigint {
  return random.pick([0n, 1n, 2n, 3n, 4097n, -1n, -2n, -115n, 0x7fff_ffffn, 140_000_000_000_000n, -5_000_000_000n]);
}

function dynamicValue(random: Random, param: ParamInfo): Uint8Array {
  const variants = DYNAMIC_TABLES[param.table] ?? [];
  const bytes = Array.from({ length: 9 }, () => random.next(256));
  bytes[0] = random.next(variants.length + 1);
  return Uint8Array.from(bytes);
}

function pollList(random: Random): Uint8Array {
  const count = random.next(3);
  const list = Buffer.alloc(2 + count * 10);
  list.writeUInt16LE(count);
  for (let i = 0; i < count; i++) {
    list.writeInt32LE(random.pick([3, 7, -1]), 2 + i * 10);
    list.writeInt32LE(random.pick([0, 1, 2]), 6 + i * 10);
    list.writeInt16LE(random.pick([0, 1, 4, 0x204]), 10 + i * 10);
  }
  return list;
}

const TUPLES = [
  socktuple("10.0.0.5", 43210, "127.0.0.1", 443),
  socktuple("::1", 40000, "::1", 80),
  socktuple("::ffff:10.0.0.1", 1, "::ffff:10.0.0.2", 2),
  unixTuple(0xffff_9c0a_0000n, 0n, "/run/x.sock"),
  Uint8Array.of(16, 0),
];
const ADDRESSES = [sockaddr("0.0.0.0", 8080), sockaddr("::1", 80), unixAddr("/run/y"), Uint8Array.of(16, 0)];

function valueFor(random: Random, param: ParamInfo): Value {
  if (random.next(6) === 0) return null;
  switch (param.type) {
    case ParamType.FSPATH:
    case ParamType.FSRELPATH:
      return random.pick(PATHS);
    case ParamType.CHARBUF:
      return random.pick(TEXTS);
    case ParamType.FD:
    case ParamType.FD32:
      return fdValue(random);
    case ParamType.PID:
    case ParamType.PID32:
      return random.pick([1, 10, 11, 12, 99, -1, 0]);
    case ParamType.UID:
    case ParamType.GID:
      return random.pick([0, 1, 1000, -1]);
    case ParamType.SOCKTUPLE:
      return random.pick(TUPLES);
    case ParamType.SOCKADDR:
      return random.pick(ADDRESSES);
    case ParamType.DYN:
      return dynamicValue(random, param);
    case ParamType.FDLIST:
      return pollList(random);
    case ParamType.SIGTYPE:
      return random.pick([0, 9, 15, 64]);
    case ParamType.SYSCALLID:
      return random.next(500);
    default:
  }
  if (param.kind === "int") {
    const table = FLAG_TABLES[param.table];
    return table === undefined || random.next(3) === 0
      ? Number(BigInt.asIntN(32, numberValue(random)))
      : random.pick(table).value;
  }
  if (param.kind === "wide") return random.next(3) === 0 ? 0n : numberValue(random);
  return random.pick(["", "a\0b", "GET / HTTP/1.0\r\n", "x".repeat(200), '{"id":"abc","name":"n"}']);
}

/** A world for random events to happen in: a family of processes, files and sockets, users. */
export interface World {
  readonly rows: readonly number[];
  readonly files: readonly number[];
}

export function makeWorld(bed: FieldBed): World {
  const host = "host";
  const text = {
    COMM: "init",
    EXE: "/sbin/init",
    EXEPATH: "/sbin/init",
    ARGS: "-x\0y z",
    CMDLINE: "init -x y z",
    CWD: "/",
  };
  const rest = {
    SID: 1,
    PGID: 1,
    VPGID: 1,
    UID: 0,
    GID: 0,
    LOGINUID: -1,
    TTY: 34816,
    CONTAINER: host,
    ENV: "A=1\0B= two \0",
  };
  const rows = [0];
  rows.push(bed.process({ TID: 1, PTID: 0, ...text, ...rest }));
  rows.push(
    bed.process({
      TID: 10,
      PTID: 1,
      ...text,
      ...rest,
      COMM: "bash",
      CWD: "/home/u/",
      CLONE_TIME: 1_600_000_000_000_000_000n,
    }),
  );
  rows.push(
    bed.process({
      TID: 11,
      PTID: 10,
      ...text,
      ...rest,
      COMM: "cat",
      UID: 1000,
      GID: 1000,
      EXE_FLAGS: 5,
      CONTAINER: "abcdef012345",
    }),
  );
  rows.push(bed.process({ TID: 12, PID: 11, PTID: 10, ...text, ...rest, COMM: "cat-thread", LOGINUID: 1000 }));
  rows.push(
    bed.process({
      TID: 13,
      PID: -1,
      PTID: -1,
      VPID: -1,
      VTID: -1,
      COMM: "<NA>",
      EXE: "<NA>",
      CMDLINE: "<NA>",
      UID: -1,
      GID: -1,
    }),
  );
  for (const row of rows.slice(1, 4)) {
    bed.extra(row, {
      [ExtraWord.CAP_EFFECTIVE]: 0x1ff_ffff_ffffn,
      [ExtraWord.EXE_INO]: 77n,
      [ExtraWord.EXE_CTIME]: 1_500_000_000_000_000_000n,
      [ExtraWord.PIDNS_START]: 1_400_000_000_000_000_000n,
      [ExtraWord.FD_LIMIT]: 1024n,
      [ExtraWord.CGROUPS]: bed.id("cpu=/a\0mem_cgroup=/b"),
      [ExtraWord.VM_SIZE]: 4096,
    });
  }
  bed.users.put(1, 1000, 0, [bed.id("ana"), bed.id("/home/ana"), bed.id("/bin/sh"), 1000]);
  bed.groups.put(1, 1000, 0, [bed.id("staff")]);
  bed.containers.put(bed.id("abcdef012345"), 0, 0, [
    bed.id('{"container":{"id":"abcdef012345","name":"n","privileged":true}}'),
  ]);
  const files = [
    0,
    bed.file({ kind: FdKind.FILE_V2, name: "/etc/passwd", raw: "/etc//passwd", dev: 0x801, ino: 5n }),
    bed.file({ kind: FdKind.DIRECTORY, name: "/var/tmp" }),
    bed.file({ kind: FdKind.FIFO }),
    bed.file({ kind: FdKind.UNIX_SOCK, name: "1->2 /run/x" }),
    ...TUPLES.slice(0, 2).map((socket, i) =>
      bed.file({
        kind: i === 0 ? FdKind.IPV4_SOCK : FdKind.IPV6_SOCK,
        name: `tuple ${i}`,
        socket,
        l4: 2 + i,
        role: 1 + i,
      }),
    ),
    bed.file({ kind: FdKind.IPV4_SERVSOCK, name: "0.0.0.0:8080", socket: sockaddr("0.0.0.0", 8080), l4: 2, role: 2 }),
    bed.file({ kind: FdKind.IPV4_SOCK, l4: 3 }),
    bed.file({ kind: FdKind.FILE, name: "/dev/log" }),
  ];
  return { rows, files };
}

/** A random event of a type, and what the state stage would attach to it. */
export function randomEvent(random: Random, world: World, info: EventInfo): { spec: EventSpec; attached: Attached } {
  const params: Record<string, Value> = {};
  for (const param of info.params) if (param.kind !== "none") params[param.name] = valueFor(random, param);
  const row = random.pick(world.rows);
  const thread = world.rows.indexOf(row);
  const leader = thread === 4 ? (world.rows[3] as number) : thread === 5 ? 0 : row;
  const rows: Record<string, number> = {};
  for (const param of info.params) {
    if (param.kind === "fd" || param.kind === "fd32") rows[param.name] = random.pick(world.files);
  }
  return {
    spec: {
      type: info.id,
      tid: 10,
      params,
      annex: {
        THREADS: random.next(5),
        FDS: random.next(2000),
        KINDS: random.next(1 << 22),
        streams: [random.pick(world.files), random.pick(world.files), random.pick(world.files)],
        PREVIOUS: 1_700_000_000_000_000_000n,
        CPU_USER: BigInt(random.next(200)),
      },
      nparams: random.next(8) === 0 ? random.next(info.params.length + 1) : info.params.length,
    },
    attached: { row, leader, rows, fdRow: random.pick(world.files), fd: fdValue(random) },
  };
}
