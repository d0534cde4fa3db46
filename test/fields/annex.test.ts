// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FdKind } from "../../src/batch/fd-rows.js";
import { ExtraWord } from "../../src/batch/process-rows.js";
import type { EventView } from "../../src/fields/view.js";
import { FieldBed, field, jsonOf, textOf } from "../support/field-bed.js";
import type { AnnexSpec } from "../support/records.js";

const READ = EventType.SYSCALL_READ_X;
const GETPID = EventType.SYSCALL_GETUID_X;

const texts = (e: EventView, ...names: string[]): (string | null)[] => names.map((name) => textOf(name, e));

test("evt.deltatime: since the source's event before, whatever it was", () => {
  const bed = new FieldBed();
  const since = (previous: bigint, time = 1_700_000_003_000_000_042n): (string | null)[] => {
    const e = bed.event({ type: READ, time, annex: { PREVIOUS: previous } });
    return texts(e, "evt.deltatime", "evt.deltatime.s", "evt.deltatime.ns");
  };
  assert.deepEqual(since(1_700_000_000_999_999_999n), ["2000000043", "2", "000000043"]);
  assert.deepEqual(since(1_700_000_003_000_000_042n), ["0", "0", "000000000"]);
  // Ten years, and a clock of another processor that is ahead.
  assert.deepEqual(since(1_384_640_003_000_000_042n), ["315360000000000000", "315360000", "000000000"]);
  assert.deepEqual(since(1_700_000_003_000_000_043n), ["0", "0", "000000000"]);
  // The first event has none before it.
  assert.deepEqual(since(0n), ["0", "0", "000000000"]);
  assert.equal(
    jsonOf("evt.deltatime", bed.event({ type: READ, annex: { PREVIOUS: 1_700_000_000_000_000_000n } })),
    "3000001042",
  );
});

test("threads and fds of the process", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10 });
  bed.extra(row, { [ExtraWord.FD_LIMIT]: 1024n });
  const names = ["proc.nthreads", "proc.nchilds", "proc.fdopencount", "proc.fdusage"];
  const of = (annex: AnnexSpec, leader = row): (string | null)[] =>
    texts(bed.event({ type: GETPID, tid: 10, annex }, { row, leader }), ...names);
  assert.deepEqual(of({ THREADS: 4, OTHERS: 3, FDS: 256 }), ["4", "3", "256", "25.0"]);
  // The leader is gone, others live on.
  assert.deepEqual(of({ THREADS: 3, OTHERS: 3, FDS: 3 }), ["3", "3", "3", "0.3"]);
  assert.deepEqual(of({ THREADS: 1, OTHERS: 0, FDS: 2000 }), ["1", "0", "2000", "100.0"]);
  const unlimited = bed.process({ TID: 11 });
  bed.extra(unlimited, { [ExtraWord.FD_LIMIT]: -1n });
  assert.deepEqual(of({ THREADS: 1, FDS: 7 }, unlimited), ["1", "0", "7", "0.0"]);
  assert.deepEqual(texts(bed.event({ type: GETPID, annex: { THREADS: 1 } }), ...names), [null, null, null, null]);
  assert.deepEqual(texts(bed.event({ type: GETPID }, { row }), ...names), [null, null, null, null]);
});

test("standard streams: the fds 0, 1 and 2 as they are at the event", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10 });
  const socket = bed.file({ kind: FdKind.IPV4_SOCK, name: "10.0.0.1:5->10.0.0.2:80" });
  const pipe = bed.file({ kind: FdKind.FIFO });
  const e = bed.event({ type: GETPID, tid: 10, annex: { streams: [socket, pipe, 0] } }, { row });
  assert.deepEqual(texts(e, "proc.stdin.type", "proc.stdin.name"), ["ipv4", "10.0.0.1:5->10.0.0.2:80"]);
  assert.deepEqual(texts(e, "proc.stdout.type", "proc.stdout.name"), ["pipe", ""]);
  assert.deepEqual(texts(e, "proc.stderr.type", "proc.stderr.name"), [null, null]);
});

test("fd.types: each kind that is open once, or the kind of one fd", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10 });
  const kinds = (1 << FdKind.FILE) | (1 << FdKind.FILE_V2) | (1 << FdKind.IPV6_SOCK) | (1 << FdKind.PIDFD);
  const memfd = bed.file({ kind: FdKind.MEMFD, name: "x" });
  const file = bed.file({ kind: FdKind.FILE });
  const annex: AnnexSpec = {
    KINDS: kinds,
    streams: [0, file, 0],
    fds: [
      [7, memfd],
      [9, 0],
    ],
  };
  const e = bed.event({ type: READ, tid: 10, annex }, { row });
  assert.deepEqual(texts(e, "fd.types", "fd.types[1]", "fd.types[7]", "fd.types[9]", "fd.types[0]", "fd.types[8]"), [
    "(file,ipv6,pidfd)",
    "(file)",
    "(memfd)",
    null,
    null,
    null,
  ]);
  assert.equal(jsonOf("fd.types", e), '["file","ipv6","pidfd"]');
  assert.equal(jsonOf("fd.types", bed.event({ type: READ, annex: { KINDS: 0 } }, { row })), "[]");
  // Only events that are about fds have it.
  assert.equal(textOf("fd.types", bed.event({ type: GETPID, annex }, { row })), null);
  assert.deepEqual(field("fd.types[7]").annex, { parts: 0, fd: 7 });
});

test("page faults and processor time", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10 });
  const e = bed.event(
    {
      type: EventType.SCHEDSWITCH_6_E,
      tid: 10,
      annex: { PF_MAJOR: 2n ** 40n, PF_MINOR: 7n, EXEC_TIME: 5_000n, TOTAL_EXEC_TIME: 2n ** 33n },
    },
    { row },
  );
  assert.deepEqual(texts(e, "thread.pfmajor", "thread.pfminor", "thread.exectime", "thread.totexectime"), [
    "1099511627776",
    "7",
    "5000",
    "8589934592",
  ]);
  const cpu = (before: readonly [number, number], now: readonly [number, number]): (string | null)[] => {
    const spec = { type: EventType.PROCINFO_E, tid: 10, params: { cpu_usr: now[0], cpu_sys: now[1] } };
    const annex = { CPU_USER: BigInt(before[0]), CPU_SYSTEM: BigInt(before[1]) };
    return texts(bed.event({ ...spec, annex }, { row }), "thread.cpu", "thread.cpu.user", "thread.cpu.system");
  };
  assert.deepEqual(cpu([100, 50], [130, 60]), ["40.0", "30.0", "10.0"]);
  // The first one of a thread, and more than a second's worth of several processors.
  assert.deepEqual(cpu([0, 0], [130, 60]), ["0.0", "0.0", "0.0"]);
  assert.deepEqual(cpu([100, 0], [350, 60]), ["100.0", "100.0", "0.0"]);
  const other = bed.event({ type: GETPID, tid: 10, annex: { CPU_USER: 1n } }, { row });
  assert.deepEqual(texts(other, "thread.cpu", "thread.cpu.user", "thread.cpu.system"), [null, null, null]);
});
