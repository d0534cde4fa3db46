// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnexPart, AnnexWord } from "../../src/batch/annex.js";
import { FdKind, FdWord } from "../../src/batch/fd-rows.js";
import { EXTRA_WORDS, ExtraWord, RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import { RecordFlag, RecordWord } from "../../src/batch/record.js";
import type { EventSpec } from "../support/records.js";
import { Bed, cloneCaller, EMPTY_HEADER, exec, exit, fdEntry, open, read, type Seen, thread, X } from "./harness.js";

const TID = 100;

function bedOf(parts: number, fds: number[] = []): Bed {
  return new Bed(
    ({ id }) => ({
      ...EMPTY_HEADER,
      threads: [
        thread(TID, { comm: id("sh"), cwd: id("/"), pfMajor: 3n, pfMinor: 2n ** 33n }),
        thread(1, { ptid: 0, comm: id("init") }),
      ],
      fds: [
        fdEntry(TID, 0, FdKind.FILE, id("/dev/null")),
        fdEntry(TID, 1, FdKind.FIFO, id("pipe:[7]")),
        fdEntry(TID, 9, FdKind.MEMFD, id("x")),
      ],
    }),
    { annex: { parts, fds } },
  );
}

/** The event with room for an annex, as the reader writes it. */
const withAnnex = (event: EventSpec, fds = 0): EventSpec => ({
  ...event,
  annex: { fds: Array.from({ length: fds }, () => [0, 0] as const) },
});

function annexOf(bed: Bed, { o }: Seen): Int32Array {
  const at = bed.words[o + RecordWord.ANNEX] as number;
  assert.ok(at > 0);
  return bed.words.slice(o + at, o + (bed.words[o + RecordWord.SIZE] as number));
}

const wide = (annex: Int32Array, word: number): bigint =>
  (BigInt(annex[word + 1] as number) << 32n) | BigInt((annex[word] as number) >>> 0);

test("threads: the living ones of the group, with and without the leader, at each event", () => {
  const bed = bedOf(AnnexPart.THREADS);
  const of = (...events: EventSpec[]): number[][] =>
    bed.run(...events.map((event) => withAnnex(event))).map((seen) => {
      const annex = annexOf(bed, seen);
      return [annex[AnnexWord.THREADS] as number, annex[AnnexWord.OTHERS] as number];
    });
  const flags = ThreadFlag.THREAD;
  assert.deepEqual(
    of(
      read(TID, 0),
      cloneCaller(TID, 101, { flags }),
      cloneCaller(TID, 102, { flags }),
      read(102, 0),
      exit(101),
      exit(TID),
      // The leader is dead, and its thread lives on.
      read(102, 0),
      // A thread of which only the number is known.
      read(555, 0),
    ),
    [
      [1, 0],
      [2, 1],
      [3, 2],
      [3, 2],
      [2, 1],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
  );
});

test("fds: how many, of which kinds, the first three and those asked for, as they are at each event", () => {
  const bed = bedOf(AnnexPart.FDS | AnnexPart.KINDS | AnnexPart.STREAMS, [9, 4]);
  const events = [
    read(TID, 0),
    open(TID, 4, "/etc/passwd"),
    { type: X.SYSCALL_CLOSE_X, tid: TID, params: { res: 0, fd: 9 } },
    read(TID, 0),
  ];
  const annexes = bed.run(...events.map((event) => withAnnex(event, 2))).map((seen) => annexOf(bed, seen));
  assert.deepEqual(
    annexes.map((annex) => annex[AnnexWord.FDS]),
    [3, 4, 4, 3],
  );
  const kinds = (...list: number[]): number => list.reduce((mask, kind) => mask | (1 << kind), 0);
  const first = kinds(FdKind.FILE, FdKind.FIFO, FdKind.MEMFD);
  assert.deepEqual(
    annexes.map((annex) => annex[AnnexWord.KINDS]),
    [
      first,
      first | kinds(FdKind.FILE_V2),
      first | kinds(FdKind.FILE_V2),
      kinds(FdKind.FILE, FdKind.FIFO, FdKind.FILE_V2),
    ],
  );
  const names = (annex: Int32Array, words: number[]): (string | undefined)[] =>
    words.map((word) => (annex[word] === 0 ? undefined : bed.fdName(annex[word] as number)));
  const [before, opened, closing, after] = annexes as [Int32Array, Int32Array, Int32Array, Int32Array];
  const streams = [AnnexWord.STREAMS, AnnexWord.STREAMS + 1, AnnexWord.STREAMS + 2];
  assert.deepEqual(names(before, streams), ["/dev/null", "pipe:[7]", undefined]);
  assert.deepEqual([before[AnnexWord.PAIRS], before[AnnexWord.PAIRS + 2]], [9, 4]);
  const pairs = [AnnexWord.PAIRS + 1, AnnexWord.PAIRS + 3];
  assert.deepEqual(names(before, pairs), ["x", undefined]);
  assert.deepEqual(names(opened, pairs), ["x", "/etc/passwd"]);
  // The event that closes an fd still sees it.
  assert.deepEqual(names(closing, pairs), ["x", "/etc/passwd"]);
  assert.deepEqual(names(after, pairs), [undefined, "/etc/passwd"]);
});

test("threads that share their fds have those of the process", () => {
  const bed = bedOf(AnnexPart.FDS);
  bed.run(withAnnex(cloneCaller(TID, 101, { flags: ThreadFlag.THREAD | ThreadFlag.FILES })));
  const [seen] = bed.run(withAnnex(read(101, 0)));
  assert.equal(annexOf(bed, seen as Seen)[AnnexWord.FDS], 3);
});

test("page faults: of the list, of clone and exec, of switches", () => {
  const bed = bedOf(AnnexPart.FAULTS);
  const of = (event: EventSpec): bigint[] => {
    const annex = annexOf(bed, bed.one(withAnnex(event)));
    return [wide(annex, AnnexWord.PF_MAJOR), wide(annex, AnnexWord.PF_MINOR)];
  };
  assert.deepEqual(of(read(TID, 0)), [3n, 2n ** 33n]);
  const params = { next: 1, pgft_maj: 5, pgft_min: 6, vm_size: 1, vm_rss: 2, vm_swap: 3 };
  assert.deepEqual(of({ type: X.SCHEDSWITCH_6_E, tid: TID, params }), [5n, 6n]);
  of(cloneCaller(TID, 101, { pgft_maj: 7, pgft_min: 8 }));
  assert.deepEqual(of(read(101, 0)), [7n, 8n]);
  assert.deepEqual(of(exec(101, "x", { pgft_maj: 1, pgft_min: 2, vm_swap: 0 })), [1n, 2n]);
  // Memory was not asked for.
  const row = bed.now(TID);
  assert.equal(bed.rows.extras[bed.word(row, RowWord.EXTRA) * EXTRA_WORDS + ExtraWord.VM_SIZE], 0);
  // Another thread of the same number has its own.
  of(exit(101));
  of({ ...cloneCaller(TID, 101, { pgft_maj: 0, pgft_min: 1 }), time: 1_700_000_100_000_000_000n });
  assert.deepEqual(of(read(101, 0)), [0n, 1n]);
});

test("processor time: between switches on one processor, summed up by thread", () => {
  const bed = bedOf(AnnexPart.EXEC_TIME);
  const at = (tid: number, cpu: number, time: bigint): bigint[] => {
    const annex = annexOf(bed, bed.one(withAnnex({ type: X.SCHEDSWITCH_6_E, tid, cpu, time, params: { next: 1 } })));
    return [wide(annex, AnnexWord.EXEC_TIME), wide(annex, AnnexWord.TOTAL_EXEC_TIME)];
  };
  assert.deepEqual(at(TID, 0, 1000n), [0n, 0n]);
  assert.deepEqual(at(TID, 1, 1500n), [0n, 0n]);
  assert.deepEqual(at(1, 0, 3000n), [2000n, 2000n]);
  assert.deepEqual(at(TID, 1, 2n ** 40n), [2n ** 40n - 1500n, 2n ** 40n - 1500n]);
  assert.deepEqual(at(TID, 0, 3500n), [500n, 2n ** 40n - 1000n]);
  // A thread that is not known: only what the processor says.
  assert.deepEqual(at(777, 0, 3600n), [100n, 0n]);
  const other = annexOf(bed, bed.one(withAnnex(read(TID, 0))));
  assert.deepEqual([wide(other, AnnexWord.EXEC_TIME), wide(other, AnnexWord.TOTAL_EXEC_TIME)], [0n, 2n ** 40n - 1000n]);
});

test("procinfo events show what the one before of the thread said", () => {
  const bed = bedOf(AnnexPart.CPU);
  const of = (tid: number, user: number, system: number): bigint[] => {
    const params = { cpu_usr: user, cpu_sys: system };
    const annex = annexOf(bed, bed.one(withAnnex({ type: X.PROCINFO_E, tid, params })));
    return [wide(annex, AnnexWord.CPU_USER), wide(annex, AnnexWord.CPU_SYSTEM)];
  };
  assert.deepEqual(of(TID, 10, 5), [0n, 0n]);
  assert.deepEqual(of(1, 1, 1), [0n, 0n]);
  assert.deepEqual(of(TID, 12, 9), [10n, 5n]);
  assert.deepEqual(of(TID, 0, 0), [12n, 9n]);
});

test("memory follows brk, mmap, munmap and switches, where it is asked for", () => {
  const memory = (bed: Bed, event: EventSpec): number[] => {
    const seen = bed.one(event);
    const at = bed.word(seen.row, RowWord.EXTRA) * EXTRA_WORDS + ExtraWord.VM_SIZE;
    return [...bed.rows.extras.subarray(at, at + 3)];
  };
  const params = { vm_size: 10, vm_rss: 20, vm_swap: 30 };
  const events: EventSpec[] = [
    { type: X.SYSCALL_BRK_4_X, tid: TID, params: { ...params, res: 4096 } },
    { type: X.SYSCALL_MMAP_X, tid: TID, params: { ...params, res: 4096, vm_rss: 21 } },
    { type: X.SYSCALL_MUNMAP_X, tid: TID, params: { ...params, res: -12, vm_swap: 31 } },
    { type: X.SCHEDSWITCH_6_E, tid: TID, params: { ...params, next: 1, vm_size: 11 } },
  ];
  const asked = bedOf(AnnexPart.MEMORY);
  assert.deepEqual(
    events.map((event) => memory(asked, event)),
    [
      [10, 20, 30],
      [10, 21, 30],
      [10, 20, 31],
      [11, 20, 30],
    ],
  );
  // The version before is what events before see.
  assert.equal(asked.rows.at(TID, 0) === asked.now(TID), false);
  const other = bedOf(0);
  for (const event of events) assert.deepEqual(memory(other, event), [0, 0, 0]);
});

test("a socket through which something moved is connected, where that is asked for", () => {
  const connected = (parts: number, event: EventSpec): boolean => {
    const bed = new Bed(
      ({ id }) => ({
        ...EMPTY_HEADER,
        threads: [thread(TID, { comm: id("sh") })],
        fds: [
          fdEntry(TID, 5, FdKind.IPV4_SOCK, 0),
          fdEntry(TID, 6, FdKind.UNIX_SOCK, 0),
          fdEntry(TID, 7, FdKind.FILE, id("/x")),
        ],
      }),
      { annex: { parts, fds: [] } },
    );
    const [, seen] = bed.run(event, {
      type: X.SYSCALL_FSTAT_X,
      tid: TID,
      params: { res: 0, fd: event.params ? fdOf(event) : 5 },
    });
    const flag = ((seen as Seen).flags & RecordFlag.CONNECTED) !== 0;
    assert.equal(flag, (bed.fdWord((seen as Seen).fdRow, FdWord.STATE) & 1) !== 0);
    return flag;
  };
  const fdOf = (event: EventSpec): number => Number((event.params as Record<string, number>)["fd"]);
  const call = (type: number, res: number, fd = 5): EventSpec => ({ type, tid: TID, params: { res, fd } });
  const CONNECTED = AnnexPart.CONNECTED;
  for (const type of [X.SYSCALL_READ_X, X.SYSCALL_WRITE_X, X.SYSCALL_READV_X, X.SYSCALL_WRITEV_X, X.SYSCALL_PREAD_X]) {
    assert.equal(connected(CONNECTED, call(type, 0)), true);
    assert.equal(connected(CONNECTED, call(type, -11)), false);
    assert.equal(connected(0, call(type, 0)), false);
  }
  for (const type of [X.SOCKET_SEND_X, X.SOCKET_RECVFROM_X, X.SOCKET_RECVMSG_X, X.SYSCALL_PWRITEV_X]) {
    assert.equal(connected(CONNECTED, call(type, 3)), true);
  }
  assert.equal(connected(CONNECTED, call(X.SYSCALL_READ_X, 3, 6)), false);
  assert.equal(connected(CONNECTED, call(X.SYSCALL_READ_X, 3, 7)), false);
});
