// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS, EventFlag, EventType } from "../../src/batch/event-table.generated.js";
import { readCapture } from "../support/capture-reader.js";
import { type EventName, ScapBuilder } from "../support/scap-builder.js";
import { inetAddress, inetTuple } from "../support/scap-lists.js";

test("an old pair becomes one current exit event", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_OPENAT_E", { dirfd: -100, name: "passwd", flags: 1, mode: 0 }, { tid: 7 })
      .event("SYSCALL_OPENAT_X", { fd: 3 }, { tid: 7 }),
  );
  assert.equal(read.records.length, 1);
  const [open] = read.records;
  assert.equal(open?.type, "SYSCALL_OPENAT_2_X");
  assert.deepEqual(
    { ...open?.params },
    { fd: 3n, dirfd: -100n, name: "passwd", flags: 1, mode: 0, dev: null, ino: null },
  );
  assert.equal(open?.number, 1);
  assert.equal(read.counters.MERGED, 1);
});

test("parameters that moved to the exit come from the enter event of the same thread", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_E", { fd: 5 }, { tid: 7 })
      .event("SYSCALL_READ_E", { fd: 6, size: 100 }, { tid: 8 })
      .event("SYSCALL_CLOSE_X", { res: 0 }, { tid: 7, nparams: 1 })
      .event("SYSCALL_READ_X", { res: 2, data: Buffer.from("ab") }, { tid: 8, nparams: 2 }),
  );
  assert.deepEqual(
    read.records.map((record) => ({ ...record.params })),
    [
      { res: 0n, fd: 5n },
      { res: 2n, data: Buffer.from("ab"), fd: 6n, size: 100 },
    ],
  );
});

test("a lost enter event leaves a zero or nothing, as the table says, and is used once", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", { res: 0 }, { nparams: 1 })
      .event("SYSCALL_OPENAT_X", { fd: 3 })
      .event("SYSCALL_CLOSE_E", { fd: 5 })
      .event("SYSCALL_CLOSE_X", { res: 0 }, { nparams: 1 })
      .event("SYSCALL_CLOSE_X", { res: 0 }, { nparams: 1 }),
  );
  assert.deepEqual(
    read.records.map((record) => record.params["fd"]),
    [0n, 3n, 5n, 0n],
  );
  assert.equal(read.records[1]?.params["name"], null);
});

test("an enter event of another kind, or without the parameter, counts as lost", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_READ_E", { fd: 6, size: 100 })
      .event("SYSCALL_CLOSE_X", { res: 0 }, { nparams: 1 })
      .event("SYSCALL_CLOSE_E", { fd: 1 })
      .event("SYSCALL_READ_E", { fd: 9, size: 1 })
      .event("SYSCALL_READ_X", { res: 0 }, { nparams: 2 }),
  );
  assert.deepEqual(
    read.records.map((record) => record.params["fd"]),
    [0n, 9n],
  );
});

test("connect takes fd and address from its enter event, which passes too", () => {
  const address = inetAddress("1.2.3.4", 443);
  const tuple = inetTuple("10.0.0.1", 5000, "1.2.3.4", 443);
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SOCKET_CONNECT_E", { fd: 4, addr: address })
      .event("SOCKET_CONNECT_X", { res: 0, tuple }, { nparams: 2 }),
  );
  const [enter, exit] = read.records;
  assert.equal(enter?.type, "SOCKET_CONNECT_E");
  assert.ok(enter?.stateOnly);
  assert.equal(enter?.number, 1);
  assert.deepEqual(
    { ...exit?.params },
    { res: 0n, tuple: tuple.toString("latin1"), fd: 4n, addr: address.toString("latin1") },
  );
  assert.equal(exit?.number, 2);
});

test("every execve of the past becomes today's", () => {
  for (const [enter, exit, nparams] of [
    ["SYSCALL_EXECVE_8_E", "SYSCALL_EXECVE_8_X", 8],
    ["SYSCALL_EXECVE_13_E", "SYSCALL_EXECVE_13_X", 13],
    ["SYSCALL_EXECVE_14_E", "SYSCALL_EXECVE_14_X", 14],
    ["SYSCALL_EXECVE_15_E", "SYSCALL_EXECVE_15_X", 15],
    ["SYSCALL_EXECVE_16_E", "SYSCALL_EXECVE_16_X", 16],
    ["SYSCALL_EXECVE_17_E", "SYSCALL_EXECVE_17_X", 17],
    ["SYSCALL_EXECVE_18_E", "SYSCALL_EXECVE_18_X", 17],
    ["SYSCALL_EXECVE_19_E", "SYSCALL_EXECVE_19_X", 20],
  ] as const) {
    const hasName = (EVENTS[EventType[enter]]?.params.length ?? 0) > 0;
    const read = readCapture(
      new ScapBuilder()
        .section()
        .event(enter, hasName ? { filename: "/bin/ls" } : {})
        .event(exit, { res: 0, exe: "ls", args: ["-l"], tid: 42, pid: 42, ptid: 1, cwd: "" }, { nparams }),
    );
    assert.equal(read.failure, null);
    const [first, second] = read.records;
    assert.equal(first?.type, "SYSCALL_EXECVE_19_E", enter);
    assert.ok(first?.stateOnly);
    assert.equal(first?.params["filename"], hasName ? "/bin/ls" : null);
    assert.equal(second?.type, "SYSCALL_EXECVE_19_X", exit);
    assert.equal(second?.nparams, 31);
    assert.equal(second?.params["exe"], "ls");
    assert.equal(second?.params["args"], "-l");
    assert.equal(second?.params["ptid"], 1n);
    assert.equal(second?.params["trusted_exepath"], null);
    assert.equal(second?.params["filename"], hasName ? "/bin/ls" : null);
  }
});

test("every clone and fork of the past becomes today's", () => {
  for (const [name, today] of [
    ["SYSCALL_CLONE_11_X", "SYSCALL_CLONE_20_X"],
    ["SYSCALL_CLONE_16_X", "SYSCALL_CLONE_20_X"],
    ["SYSCALL_CLONE_17_X", "SYSCALL_CLONE_20_X"],
    ["SYSCALL_FORK_X", "SYSCALL_FORK_20_X"],
    ["SYSCALL_FORK_17_X", "SYSCALL_FORK_20_X"],
    ["SYSCALL_VFORK_X", "SYSCALL_VFORK_20_X"],
    ["SYSCALL_VFORK_17_X", "SYSCALL_VFORK_20_X"],
  ] as const) {
    const read = readCapture(
      new ScapBuilder()
        .section()
        .event(name, { res: 5, exe: "sh", args: [], tid: 4, pid: 4, ptid: 1, uid: 33, gid: 34 }),
    );
    const [record] = read.records;
    assert.equal(record?.type, today);
    assert.equal(record?.nparams, EVENTS[EventType[today]]?.params.length);
    assert.deepEqual([record?.params["res"], record?.params["exe"]], [5n, "sh"], name);
    assert.deepEqual([record?.params["uid"], record?.params["gid"]], [33, 34], name);
  }
});

test("container events of all times become the JSON of today", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("CONTAINER_E", { id: 'a"b\\', type: 0, name: "na\nme", image: "img" })
      .event("CONTAINER_JSON_E", { json: '{"container":{"id":"x"}}' })
      .event("CONTAINER_JSON_2_E", { json: '{"container":{"id":"y"}}' }),
  );
  assert.deepEqual(
    read.records.map((record) => record.type),
    Array.from({ length: 3 }, () => "CONTAINER_JSON_2_E"),
  );
  assert.deepEqual(JSON.parse(String(read.records[0]?.params["json"])), {
    container: { id: 'a"b\\', type: 0, name: "na\nme", image: "img" },
  });
  assert.equal(read.records[1]?.params["json"], '{"container":{"id":"x"}}');
});

test("the old process exit has no parameters, and events that nobody uses any more vanish", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("PROCEXIT_E", {})
      .event("TRACER_E", {}, { nparams: 0 })
      .event("K8S_E", { json: "{}" })
      .event("PROCEXIT_X", {})
      .event("SCHEDSWITCH_1_E", { next: 4 }),
  );
  assert.deepEqual(
    read.records.map((record) => [record.type, record.nparams, record.number, record.stateOnly]),
    [
      ["PROCEXIT_1_E", 5, 1, false],
      ["SCHEDSWITCH_6_E", 6, 2, false],
    ],
  );
  assert.equal(read.counters.MERGED, 3);
});

test("the halves of system calls that still pass are for the state stage alone", () => {
  const passing: EventName[] = [
    "SYSCALL_OPEN_E",
    "SYSCALL_CREAT_E",
    "SYSCALL_OPENAT_2_E",
    "SYSCALL_OPENAT2_E",
    "SOCKET_CONNECT_E",
    "SYSCALL_EXECVE_19_E",
    "SYSCALL_EXECVEAT_E",
  ];
  const builder = new ScapBuilder().section();
  for (const name of passing) builder.event(name);
  const read = readCapture(builder);
  assert.deepEqual(
    read.records.map((record) => [record.type, record.stateOnly]),
    passing.map((name) => [name, true]),
  );
  assert.equal(read.counters.STATE_RECORDS, passing.length);
});

test("no event of any type and any number of parameters stops the reader", () => {
  const builder = new ScapBuilder().section();
  let events = 0;
  for (const info of EVENTS) {
    for (let nparams = 0; nparams <= info.params.length; nparams++) {
      builder.event(info.id, {}, { nparams });
      events++;
    }
  }
  const read = readCapture(builder);
  assert.equal(read.failure, null);
  assert.equal(read.counters.SEEN, events);
  // What is delivered is current: of no old type, and no half that the other half makes superfluous.
  for (const record of read.records) {
    const info = EVENTS[EventType[record.type as EventName]];
    assert.ok(info);
    assert.equal(info.flags & EventFlag.UNUSED, 0, record.type);
    const passes = record.type === "SYSCALL_EXECVE_19_E" || record.type === "SYSCALL_EXECVEAT_E";
    if (!passes) assert.equal(info.flags & EventFlag.OLD_VERSION, 0, record.type);
  }
});

test("the enter events of many threads are kept apart", () => {
  const builder = new ScapBuilder().section();
  const threads = 3000;
  for (let tid = 1; tid <= threads; tid++) builder.event("SYSCALL_CLOSE_E", { fd: tid % 1000 }, { tid });
  for (let tid = threads; tid >= 1; tid--) builder.event("SYSCALL_CLOSE_X", { res: 0 }, { tid, nparams: 1 });
  const read = readCapture(builder);
  for (const record of read.records) assert.equal(record.params["fd"], record.tid % 1000n);
  assert.equal(read.records.length, threads);
});
