// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS, EventType } from "../../src/batch/event-table.generated.js";
import { PlanAction } from "../../src/batch/plan.js";
import { RecordWord } from "../../src/batch/record.js";
import { SlotWord } from "../../src/batch/ring.js";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { memoryOf, planOf, readCapture } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { inetAddress, inetTuple } from "../support/scap-lists.js";

const OPEN = { fd: 3, dirfd: -100, name: "/etc/passwd", flags: 1, mode: 0, dev: 7, ino: 123n };

test("both framings and all event blocks give the same record", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_OPENAT_2_X", OPEN, { ts: 5n, tid: 9, cpu: 3 })
      .event("SYSCALL_OPENAT_2_X", OPEN, { ts: 5n, tid: 9, cpu: 3, framing: 1 })
      .event("SYSCALL_OPENAT_2_X", OPEN, { ts: 5n, tid: 9, cpu: 3, flags: 0 })
      .event("SYSCALL_OPENAT_2_X", OPEN, { ts: 5n, tid: 9, cpu: 3, flags: 0, framing: 1 }),
  );
  assert.equal(read.failure, null);
  assert.deepEqual(
    read.records.map((record) => record.number),
    [1, 2, 3, 4],
  );
  for (const record of read.records) {
    assert.deepEqual(
      { ...record.params },
      { fd: 3n, dirfd: -100n, name: "/etc/passwd", flags: 1, mode: 0, dev: 7, ino: 123n },
    );
    assert.deepEqual([record.time, record.tid, record.cpu, record.nparams], [5n, 9n, 3, 7]);
    assert.equal(record.stateOnly, false);
    assert.equal(record.present, 0x7f);
  }
});

test("the header of a record has its size, no rows, and no fd", () => {
  const { words } = readCapture(new ScapBuilder().section().event("SYSCALL_OPENAT_2_X", OPEN)).records[0] ?? {
    words: new Int32Array(),
  };
  assert.equal(words[RecordWord.SIZE], EVENTS[EventType.SYSCALL_OPENAT_2_X]?.words);
  assert.deepEqual(
    [words[RecordWord.ROW], words[RecordWord.LEADER], words[RecordWord.FD_ROW], words[RecordWord.FD], words[15]],
    [0, 0, 0, -1, 0],
  );
});

test("integers are extended by their sign, ids and addresses keep their bytes", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", { res: -9, fd: -1 })
      .event("SYSCALL_SETUID_X", { res: 0, uid: 0xffffffff })
      .event("SOCKET_BIND_X", { res: 0, addr: inetAddress("10.0.0.1", 80), fd: 3 })
      .event("SYSCALL_SEMOP_X", { res: 0, nsops: 1, sem_num_0: 65535, sem_op_0: -2 })
      .event("PROCEXIT_1_E", { status: 0, sig: 9, core: 255 }),
  );
  const [close, setuid, bind, semop, exit] = read.records;
  assert.deepEqual({ ...close?.params }, { res: -9n, fd: -1n });
  assert.equal(setuid?.params["uid"], -1);
  assert.equal(bind?.params["addr"], inetAddress("10.0.0.1", 80).toString("latin1"));
  assert.equal(semop?.params["sem_num_0"], 65535);
  assert.equal(semop?.params["sem_op_0"], -2);
  assert.deepEqual([exit?.params["sig"], exit?.params["core"], exit?.params["ret"]], [9, 255, null]);
});

test("texts end at their first NUL, vectors lose the final ones, and (NULL) is <NA>", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_EXECVE_19_X", {
        res: 0,
        exe: "/bin/ls\0behind",
        args: ["-l", "", "/tmp"],
        comm: "",
        env: Buffer.from("A=1\0B=2"),
        cgroups: Buffer.from("\0\0"),
        cwd: "(NULL)",
        trusted_exepath: "(NULL",
      })
      .event("SYSCALL_RENAME_X", { res: -2, oldpath: "(NULL)", newpath: Buffer.from("(NULL)") }),
  );
  const params = read.records[0]?.params;
  assert.equal(params?.["exe"], "/bin/ls");
  assert.equal(params?.["args"], "-l\0\0/tmp");
  assert.equal(params?.["env"], "A=1\0B=2");
  assert.equal(params?.["cgroups"], "");
  assert.equal(params?.["comm"], "");
  assert.equal(params?.["cwd"], "<NA>");
  assert.equal(params?.["trusted_exepath"], "(NULL");
  assert.equal(params?.["tty"], null);
  assert.deepEqual(read.records[1]?.params, { res: -2n, oldpath: "<NA>", newpath: "(NULL)" });
});

test("blobs are copied to the heap of the slot, whole and in order", () => {
  const fds = Buffer.from([1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_WRITE_X", { res: 3, data: Buffer.from([0, 1, 255]), fd: 1, size: 3 })
      .event("SYSCALL_POLL_X", { res: 1, fds }),
  );
  assert.deepEqual(read.records[0]?.params["data"], Buffer.from([0, 1, 255]));
  assert.deepEqual(read.records[1]?.params["fds"], fds);
});

test("only what the plan asks for is decoded, but what is present is told of all", () => {
  const name = 1 << 2;
  const read = readCapture(new ScapBuilder().section().event("SYSCALL_OPENAT_2_X", OPEN), {
    plan: { SYSCALL_OPENAT_2_X: [PlanAction.RULES, name, 1] },
  });
  const record = read.records[0];
  assert.equal(record?.present, 0x7f);
  assert.deepEqual(
    { ...record?.params },
    { fd: 3n, dirfd: 0n, name: "/etc/passwd", flags: 0, mode: 0, dev: 0, ino: 0n },
  );
});

test("a state plan decodes the parameters of the state stage alone", () => {
  const read = readCapture(new ScapBuilder().section().event("SYSCALL_OPENAT_2_X", OPEN), {
    plan: { SYSCALL_OPENAT_2_X: [PlanAction.STATE, 1 << 2, 1] },
  });
  assert.equal(read.records[0]?.params["name"], "");
  assert.equal(read.records[0]?.params["fd"], 3n);
  assert.equal(read.counters.STATE_RECORDS, 1);
});

test("more parameters than are known are left aside, fewer are absent", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .rawEvent(EventType.SYSCALL_CLOSE_X, [Buffer.alloc(8), Buffer.alloc(8, 1), Buffer.from("from the future")])
      .event("SYSCALL_CHDIR_X", { res: 0, path: "/tmp" }, { nparams: 1 })
      .event("SYSCALL_MOUNT_X", { res: 0, dev: "/dev/sda" }, { nparams: 2 }),
  );
  assert.equal(read.failure, null);
  assert.equal(read.records[0]?.nparams, 2);
  assert.equal(read.records[1]?.params["path"], null);
  assert.equal(read.records[2]?.params["dev"], "/dev/sda");
});

test("a parameter that is shorter or longer than its type is read as far as it goes", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .rawEvent(EventType.SYSCALL_CLOSE_X, [Buffer.from([0xfe, 0xff, 0xff, 0xff]), Buffer.from([5, 0, 0])])
      .rawEvent(EventType.SYSCALL_SETUID_X, [Buffer.alloc(8), Buffer.from([1, 2, 0, 0, 9, 9, 9, 9])]),
  );
  assert.deepEqual({ ...read.records[0]?.params }, { res: -2n, fd: 5n });
  assert.equal(read.records[1]?.params["uid"], 513);
});

test("large payloads have lengths of four bytes", () => {
  const data = Buffer.alloc(70_000, "x");
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
      .event("PLUGINEVENT_E", { plugin_id: 3, event_data: data }, { tid: -1n })
      .event("ASYNCEVENT_E", { plugin_id: 0, name: "container", data: Buffer.from("{}\0") }, { flags: 0 })
      .event("CONTAINER_JSON_2_E", { json: '{"container":{}}' }),
    { ring: { heapBytes: 128 * 1024 } },
  );
  assert.equal(read.failure, null);
  assert.deepEqual(read.records[1]?.params["event_data"], data);
  assert.equal(read.records[1]?.tid, -1n);
  assert.equal(read.records[2]?.params["name"], "container");
  assert.equal(read.records[3]?.params["json"], '{"container":{}}');
});

test("without nparams the largest number of lengths that adds up is taken", () => {
  const builder = new ScapBuilder().section();
  // Empty trailing parameters: three lengths add up, and so do two with a zero length behind them.
  builder.event("SOCKET_CONNECT_X", { res: 0, tuple: inetTuple("1.2.3.4", 5, "6.7.8.9", 10), fd: 4 }, { framing: 1 });
  builder.event("SYSCALL_CLOSE_X", {}, { framing: 1 });
  const read = readCapture(builder);
  assert.equal(read.failure, null);
  assert.equal(read.records[0]?.nparams, 4);
  assert.equal(read.records[0]?.params["fd"], 4n);
  assert.equal(read.records[1]?.nparams, 2);
});

test("events whose writer counted three bytes too many are read", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("NOTIFICATION_E", { id: "a", desc: "b" }, { framing: 1, len: 22 + 4 + 4 + 3 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }),
  );
  assert.equal(read.failure, null);
  assert.deepEqual({ ...read.records[0]?.params }, { id: "a", desc: "b" });
});

test("a batch ends before its strings could fill the dictionary; swept in between, none is lost", () => {
  const capture = new ScapBuilder().section();
  for (let i = 0; i < 60; i++) {
    const path = `/${String(i % 50).padStart(4, "0")}${"x".repeat(60_000)}`;
    capture.event("SYSCALL_CHDIR_X", { res: 0, path });
  }
  const shape = { stringBytes: 1 << 20 };
  const ends = (events: number): number[] => {
    const options = { shape, ring: { events } };
    const memory = memoryOf(options);
    const interner = createInterner(memory);
    const source = new ScapSource({ path: capture.toFile(), memory, interner, plan: planOf(options) });
    source.open();
    const none = new Uint8Array(memory.shape.strings);
    const floats = new Float64Array(memory.ring);
    const found: number[] = [];
    for (let result: number = FillResult.MORE; result === FillResult.MORE; ) {
      result = source.fill(0);
      found.push(floats[SlotWord.LAST / 2] as number);
      assert.ok(interner.bytes <= shape.stringBytes / 16 + 65_536, "no more than a sixteenth and an event");
      interner.sweep(none);
    }
    assert.equal(interner.lost, 0);
    source.close();
    return found;
  };
  // Two events of 60 kB reach a sixteenth of 1 MiB, whatever number of events a batch may have.
  assert.deepEqual(ends(64).slice(0, 3), [2, 4, 6]);
  assert.deepEqual(ends(16), ends(64));
  assert.equal(ends(64).at(-1), 60);
});

test("a batch ends before its strings could use up the dictionary's ids", () => {
  const capture = new ScapBuilder().section();
  for (let i = 0; i < 60; i++) capture.event("SYSCALL_CHDIR_X", { res: 0, path: `/${i}` });
  const read = readCapture(capture, { shape: { strings: 160 } });
  assert.deepEqual(
    read.batches.map((batch) => batch.records),
    [10, 10, 10, 10, 10, 10, 0],
  );
});
