// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType as X } from "../../src/batch/event-table.generated.js";
import { createMemory, DEFAULT_SHAPE } from "../../src/batch/memory.js";
import { RecordFlag, RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { createInterner } from "../../src/capture/scap.js";
import { makePlan, StateStage } from "../../src/state/stage.js";
import { type EventSpec, RecordWriter, sockaddr, socktuple } from "../../test/support/records.js";
import { median } from "../stats.js";
import { printLine } from "./measure.js";

/*
 * The state stage on synthetic mixes: what applying a record costs, user and system time. Every mix leaves the tables as
 * it found them, so the same batches are applied again and again, each time with later numbers.
 */

const SLOTS = 8;
const PROCESSES = 2000;
const EVENTS_A_SLOT = 2048;

type Maker = (tid: number, i: number) => EventSpec[];

const open = (tid: number, fd: number, name: string): EventSpec => ({
  type: X.SYSCALL_OPENAT_2_X,
  tid,
  params: { fd, dirfd: -100, name, flags: 4097, mode: 0, dev: 1, ino: 2 },
});
const close = (tid: number, fd: number): EventSpec => ({ type: X.SYSCALL_CLOSE_X, tid, params: { res: 0, fd } });
const read = (tid: number, fd: number): EventSpec => ({ type: X.SYSCALL_READ_X, tid, params: { res: 1, fd, size: 1 } });
const touch = (tid: number): EventSpec => ({
  type: X.SYSCALL_BRK_4_X,
  tid,
  flags: RecordFlag.TOUCH | RecordFlag.STATE_ONLY,
});

const program = { fdlimit: 1024, vm_size: 1, vm_rss: 1, vm_swap: 0, cgroups: "cpu=/a", uid: 0, gid: 0 };
const born = (parent: number, child: number): EventSpec[] => {
  const params = { ...program, exe: "sh", args: "-c", comm: "sh", flags: 0 };
  const ids = (tid: number, pid: number, ptid: number) => ({ tid, pid, ptid, vtid: tid, vpid: pid });
  return [
    { type: X.SYSCALL_CLONE_20_X, tid: parent, params: { ...params, ...ids(parent, parent, 1), res: child } },
    { type: X.SYSCALL_CLONE_20_X, tid: child, params: { ...params, ...ids(child, child, parent), res: 0 } },
  ];
};
const exec = (tid: number, comm: string): EventSpec => ({
  type: X.SYSCALL_EXECVE_19_X,
  tid,
  params: { ...program, res: 0, exe: comm, args: "-l\0/tmp", tid, pid: tid, ptid: 1, comm, env: "A=1", pgid: tid },
});
const exit = (tid: number): EventSpec => ({ type: X.PROCEXIT_1_E, tid, params: { status: 0, reaper_tid: 0 } });

const connection = (tid: number): EventSpec[] => [
  { type: X.SOCKET_SOCKET_X, tid, params: { fd: 9, domain: 2, type: 1, proto: 6, flags: 0 } },
  {
    type: X.SOCKET_CONNECT_X,
    tid,
    params: { res: 0, tuple: socktuple("10.0.0.1", 4000, "10.0.0.2", 80), fd: 9, addr: sockaddr("10.0.0.2", 80) },
  },
  close(tid, 9),
];

const files: Maker = (tid, i) => [open(tid, 5, `/usr/lib/file${i % 997}`), read(tid, 5), read(tid, 5), close(tid, 5)];
const life: Maker = (tid, i) => [...born(tid, 100_000 + i), exec(100_000 + i, `tool${i % 50}`), exit(100_000 + i)];

/** About what passes the reader of a busy host: half files, a fifth of reads, threads, connections, a tenth of processes. */
const mix: Maker = (tid, i) => [
  ...files(tid, i),
  read(tid, 0),
  touch(tid),
  read(tid, 1),
  ...files(tid, i * 7),
  ...(i % 4 === 0 ? connection(tid) : [read(tid, 0)]),
  ...(i % 3 === 0 ? life(tid, i) : [touch(tid)]),
];

function bench(name: string, maker: Maker): void {
  const shape = { ...DEFAULT_SHAPE, ring: { ...DEFAULT_SHAPE.ring, slots: SLOTS, events: EVENTS_A_SLOT } };
  const memory = createMemory(shape);
  const interner = createInterner(memory);
  const plan = makePlan(EVENTS.map(() => 0));
  const stage = new StateStage({ memory, interner, plan, hostRoot: null });
  stage.begin({ machine: null, interfaces: [], users: [], groups: [], threads: [], fds: [] }, 0);
  const writer = new RecordWriter(memory, interner);
  for (let done = 0; done < PROCESSES; done += 1000) {
    writer.write(
      0,
      Array.from({ length: 1000 }, (_, i) => exec(10_000 + done + i, `daemon${i % 100}`)),
    );
    stage.apply(0);
  }
  const layout = new RingLayout(shape.ring);
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  let count = 0;
  let turn = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const events: EventSpec[] = [];
    for (;;) {
      const group = maker(10_000 + ((turn * 7919) % PROCESSES), turn);
      if (events.length + group.length > EVENTS_A_SLOT) break;
      events.push(...group);
      turn++;
    }
    writer.write(slot, events);
    count += events.length;
  }
  let number = writer.last;
  const times: number[] = [];
  for (let pass = 0; pass < 25; pass++) {
    for (let slot = 0; slot < SLOTS; slot++) {
      const base = layout.slotWord(slot);
      let o = base + layout.recordsWord;
      for (let i = 0; i < (words[base + SlotWord.RECORDS] as number); i++) {
        floats[(o + RecordWord.NUMBER) >> 1] = ++number;
        o += words[o + RecordWord.SIZE] as number;
      }
    }
    const start = process.cpuUsage();
    for (let slot = 0; slot < SLOTS; slot++) {
      stage.settle(number - count);
      stage.apply(slot);
    }
    const { user, system } = process.cpuUsage(start);
    if (pass >= 5) times.push(((user + system) * 1000) / count);
  }
  printLine(`${name}, an event`, median(times));
}

bench("reads", (tid) => [read(tid, 0), read(tid, 1), read(tid, 2)]);
bench("open, read, read, close", files);
bench("clone (both sides), exec, exit", life);
bench("socket, connect, close", connection);
bench("mix", mix);
