// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { PlanAction } from "../../src/batch/plan.js";
import { FillResult } from "../../src/capture/source.js";
import { readCapture } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";

test("a section that begins in the middle of the file has its own header, and numbers go on", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .machine({ hostname: "first" })
      .event("USER_ADDED_E", { uid: 1 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { tid: 5 })
      .event("SYSCALL_READ_E", { fd: 9, size: 1 }, { tid: 5 })
      .section({ minor: 0 })
      .machine({ hostname: "second" })
      .threads([{ tid: 5 }])
      .event("USER_ADDED_E", { uid: 2 })
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5, nparams: 2 }),
    { plan: { SYSCALL_READ_X: [PlanAction.RULES, -1, 0] } },
  );
  assert.equal(read.failure, null);
  assert.deepEqual(
    read.headers.map((header) => [header.machine?.hostname, header.threads.length]),
    [
      ["first", 0],
      ["second", 1],
    ],
  );
  assert.deepEqual(
    read.records.map((record) => [record.section, record.number, record.stateOnly]),
    [
      [0, 1, true],
      [0, 2, false],
      [1, 3, true],
      [1, 4, false],
    ],
  );
  // Nothing of the first section is left: not the enter event either.
  assert.equal(read.records[3]?.params["fd"], 0n);
  assert.deepEqual(
    read.batches.map((batch) => batch.result),
    [FillResult.SECTION, FillResult.END],
  );
});

test("a section makes all threads new", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5 })
      .section()
      .event("SYSCALL_READ_X", { res: 0 }, { tid: 5 }),
    { other: [PlanAction.SKIP, 0, 0] },
  );
  assert.deepEqual(
    read.records.map((record) => [record.number, record.touch]),
    [
      [1, true],
      [2, true],
    ],
  );
});

test("sections without events are passed over, at the end as well", () => {
  const read = readCapture(
    new ScapBuilder()
      .section()
      .machine({ hostname: "empty" })
      .section()
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
      .section()
      .machine({ hostname: "last" }),
  );
  assert.equal(read.failure, null);
  assert.deepEqual(
    read.headers.map((header) => header.machine?.hostname ?? null),
    [null, "last"],
  );
  assert.equal(read.records.length, 1);
});

test("header blocks of unknown types are skipped, and a comment in the section header", () => {
  const read = readCapture(
    new ScapBuilder()
      .section({ comment: "recorded by hand" })
      .block(0x999, Buffer.alloc(20))
      .machine()
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }),
  );
  assert.equal(read.failure, null);
  assert.equal(read.headers[0]?.machine?.hostname, "host");
});

test("gzip: one member, several, with padding behind, inflated as it is read", () => {
  const first = new ScapBuilder().section().event("SYSCALL_CLOSE_X", { res: 0, fd: 1 });
  const second = new ScapBuilder().section().event("SYSCALL_CLOSE_X", { res: 0, fd: 2 });
  const files = {
    one: first.gzip(),
    two: Buffer.concat([first.gzip(), second.gzip()]),
    halves: Buffer.concat([gzipSync(first.build().subarray(0, 20)), gzipSync(first.build().subarray(20))]),
    padded: Buffer.concat([first.gzip(), Buffer.alloc(100)]),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const read = readCapture(bytes);
    assert.equal(read.failure, null, name);
    assert.equal(read.records.length, name === "two" ? 2 : 1, name);
    assert.ok(read.counters.BYTES > 0 && read.counters.BYTES <= bytes.length, name);
  }
  assert.ok(readCapture(files.one).counters.INFLATE_NS > 0);
  assert.equal(readCapture(first).counters.INFLATE_NS, 0);
});

test("events across the borders of the reader's buffer, and larger than it", () => {
  const builder = new ScapBuilder().section();
  const sizes = [300_000, 5_000_000, 10, 65_000, 262_144];
  for (let round = 0; round < 3; round++) {
    for (const size of sizes) {
      builder.event("PLUGINEVENT_E", { plugin_id: 1, event_data: Buffer.alloc(size, size & 0xff) });
      for (let i = 0; i < 500; i++) builder.event("SYSCALL_CHDIR_X", { res: 0, path: `/${"x".repeat(i)}` });
    }
  }
  for (const bytes of [builder.build(), builder.gzip(1)]) {
    const read = readCapture(bytes, { ring: { events: 512, recordBytes: 128 * 1024, heapBytes: 8 << 20 } });
    assert.equal(read.failure, null);
    assert.equal(read.records.length, 3 * sizes.length * 501);
    const data = read.records
      .filter((r) => r.type === "PLUGINEVENT_E")
      .map((r) => (r.params["event_data"] as Buffer).length);
    assert.deepEqual(data, [...sizes, ...sizes, ...sizes]);
    const longest = read.records.filter((r) => r.params["path"] === `/${"x".repeat(499)}`);
    assert.equal(longest.length, 15);
  }
});
