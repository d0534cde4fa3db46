// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlanAction, PlanTest } from "../../src/batch/plan.js";
import { FillResult } from "../../src/capture/source.js";
import { type PlanRow, readCapture } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";

const SKIP: PlanRow = [PlanAction.SKIP, 0, 0];
const F_DUPFD = 1;

test("numbers count what is delivered, wanted or not, and not what was merged", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
      .event("SYSCALL_READ_E", { fd: 1, size: 1 })
      .event("SYSCALL_READ_X", { res: 0 }, { nparams: 2 })
      .event(60_000, [Buffer.from("?")])
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 2 }),
    { plan: { SYSCALL_READ_X: SKIP } },
  );
  assert.deepEqual(
    read.records.map((record) => [record.type, record.number]),
    [
      ["SYSCALL_CLOSE_X", 1],
      ["SYSCALL_CLOSE_X", 3],
    ],
  );
  assert.equal(read.counters.SEEN, 5);
  assert.equal(read.counters.NUMBER, 3);
  assert.deepEqual(read.unknown, [{ type: 60_000, count: 1 }]);
  assert.equal(read.counters.UNKNOWN_TYPE, 1);
});

test("tests of the state stage: one of, not empty, success", () => {
  const build = (): ScapBuilder =>
    new ScapBuilder()
      .section()
      .event("SYSCALL_FCNTL_X", { res: 3, fd: 1, cmd: F_DUPFD })
      .event("SYSCALL_FCNTL_X", { res: 3, fd: 1, cmd: 7 })
      .event("SYSCALL_FCNTL_X", { res: 3, fd: 1 })
      .event("SOCKET_RECVFROM_X", { res: 1, tuple: Buffer.from([2, 0]), fd: 3 })
      .event("SOCKET_RECVFROM_X", { res: 1, fd: 3 })
      .event("SYSCALL_CHDIR_X", { res: -2, path: "/" })
      .event("SYSCALL_CHDIR_X", { res: 0, path: "/" })
      .event("SYSCALL_CHDIR_X", {});
  const read = readCapture(build(), {
    other: SKIP,
    plan: {
      SYSCALL_FCNTL_X: [PlanAction.STATE, 0, 7, PlanTest.ONE_OF, 2, F_DUPFD, 4, 5],
      SOCKET_RECVFROM_X: [PlanAction.STATE, 0, 7, PlanTest.NOT_EMPTY, 2],
      SYSCALL_CHDIR_X: [PlanAction.STATE, 0, 3, PlanTest.SUCCESS, 0],
    },
  });
  assert.deepEqual(
    read.records.filter((record) => !record.touch).map((record) => record.number),
    [1, 4, 7],
  );
  assert.equal(read.counters.STATE_REJECTED, 5);
  // A test has no say where rules want the event.
  const rules = readCapture(build(), {
    plan: { SYSCALL_CHDIR_X: [PlanAction.RULES, 3, 0, PlanTest.SUCCESS, 0] },
  });
  assert.equal(rules.records.length, 8);
});

test("operands of a test match unsigned values with their top bit set", () => {
  const read = readCapture(new ScapBuilder().section().event("SYSCALL_UNSHARE_X", { res: 0, flags: 0x80000000 }), {
    other: SKIP,
    plan: { SYSCALL_UNSHARE_X: [PlanAction.STATE, 0, 3, PlanTest.ONE_OF, 1, 0x80000000 | 0] },
  });
  assert.equal(read.records.filter((record) => !record.touch).length, 1);
});

test("the first unwanted event of a thread leaves a touch record, until the thread exits", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { tid: 6 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 6 })
      .event("PROCEXIT_1_E", { status: 0 }, { tid: 5 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 4_194_304 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 0 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: -1n })
      .event("PROCINFO_E", { cpu_usr: 1, cpu_sys: 1 }, { tid: 9 })
      .event("SCHEDSWITCH_6_E", { next: 1 }, { tid: 10 })
      .event("SYSCALL_CLONE_20_X", { res: 0 }, { tid: 11 })
      .event("PROCEXIT_1_E", { status: 0 }, { tid: 12 }),
    { other: SKIP, plan: { SYSCALL_CLOSE_X: [PlanAction.RULES, 3, 0] } },
  );
  assert.deepEqual(
    read.records.map((record) => [record.number, record.tid, record.touch, record.stateOnly, record.words.length]),
    [
      [1, 5n, true, true, 16],
      [3, 6n, false, false, 22],
      [6, 5n, true, true, 16],
    ],
  );
  assert.equal(read.counters.NOT_WANTED, 12);
  assert.equal(read.counters.RULE_RECORDS, 1);
});

test("a rejected event touches its thread too", () => {
  const read = readCapture(new ScapBuilder().section().event("SYSCALL_CHDIR_X", { res: -2, path: "/" }), {
    other: SKIP,
    plan: { SYSCALL_CHDIR_X: [PlanAction.STATE, 0, 3, PlanTest.SUCCESS, 0] },
  });
  assert.ok(read.records[0]?.touch);
  assert.equal(read.counters.STATE_REJECTED, 1);
});

test("events marked in the file, and those that a section starts with, are for the state stage alone", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("USER_ADDED_E", { uid: 1, gid: 1, name: "u" })
      .event("ASYNCEVENT_E", { plugin_id: 0, name: "container", data: Buffer.from("{}") })
      .event("CONTAINER_JSON_E", { json: "{}" })
      .event(60_000, [])
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
      .event("USER_ADDED_E", { uid: 2, gid: 2, name: "v" })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { flags: 1 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { flags: 2 }),
  );
  assert.deepEqual(
    read.records.map((record) => [record.number, record.stateOnly]),
    [
      [1, true],
      [2, true],
      [3, true],
      [4, false],
      [5, false],
      [6, true],
      [7, false],
    ],
  );
});

test("a batch holds as many records as its shape says, and tells which numbers it covers", () => {
  const builder = new ScapBuilder().section();
  for (let i = 0; i < 25; i++) builder.event("SYSCALL_CLOSE_X", { res: 0, fd: i });
  const read = readCapture(builder, { ring: { events: 10 } });
  assert.deepEqual(read.batches, [
    { first: 0, last: 10, records: 10, result: FillResult.MORE },
    { first: 10, last: 20, records: 10, result: FillResult.MORE },
    { first: 20, last: 25, records: 5, result: FillResult.END },
  ]);
});

test("a fill ends after 32 events of the file for each record of a batch", () => {
  const builder = new ScapBuilder().section();
  for (let i = 0; i < 100; i++) builder.event("PROCINFO_E", { cpu_usr: 1, cpu_sys: 1 });
  builder.event("SYSCALL_CLOSE_X", { res: 0, fd: 1 });
  const read = readCapture(builder, { ring: { events: 2 }, plan: { PROCINFO_E: SKIP } });
  assert.deepEqual(read.batches, [
    { first: 0, last: 64, records: 0, result: FillResult.MORE },
    { first: 64, last: 101, records: 1, result: FillResult.END },
  ]);
});

test("what does not fit a batch begins the next one, with the same number and the same parameters", () => {
  const builder = new ScapBuilder().section();
  const data = (i: number): Buffer => Buffer.alloc(400, i);
  for (let i = 0; i < 9; i++) {
    builder.event("SYSCALL_WRITE_E", { fd: i, size: 400 });
    builder.event("SYSCALL_WRITE_X", { res: 400, data: data(i) }, { nparams: 2 });
  }
  const read = readCapture(builder, { ring: { heapBytes: 1000 } });
  assert.deepEqual(
    read.batches.map((batch) => batch.records),
    [2, 2, 2, 2, 1],
  );
  read.records.forEach((record, i) => {
    assert.equal(record.number, i + 1);
    assert.deepEqual({ ...record.params }, { res: 400n, data: data(i), fd: BigInt(i), size: 400 });
  });
});

test("an event that no batch could hold is lost alone, and counted", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
      .event("SYSCALL_WRITE_X", { res: 2000, data: Buffer.alloc(2000), fd: 1, size: 2000 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 2 }),
    { ring: { heapBytes: 1000 } },
  );
  assert.deepEqual(
    read.records.map((record) => record.number),
    [1, 3],
  );
  assert.equal(read.counters.OVERSIZE, 1);
  assert.equal(read.counters.SEEN, 3);
});

test("the result does not depend on the size of batches", () => {
  const builder = new ScapBuilder().section();
  for (let i = 0; i < 300; i++) {
    builder.event("SYSCALL_READ_E", { fd: i, size: i }, { tid: 1 + (i % 7) });
    builder.event("SYSCALL_OPENAT_2_X", { fd: i, name: `/tmp/${i % 13}` }, { tid: 1 + (i % 7) });
    builder.event("SYSCALL_READ_X", { res: i, data: Buffer.alloc(i % 50, i) }, { tid: 1 + (i % 7), nparams: 2 });
  }
  const path = builder.toFile();
  const strip = (events: number): unknown =>
    readCapture(path, { ring: { events } }).records.map((r) => [r.number, r.type, r.tid, r.params, r.stateOnly]);
  const expected = strip(64);
  for (const events of [1, 7, 13]) assert.deepEqual(strip(events), expected);
});
