// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, gunzipSync } from "node:zlib";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FillResult } from "../../src/capture/source.js";
import { type ErrorCode, PeregrineError } from "../../src/telemetry/errors.js";
import { readCapture } from "../support/capture-reader.js";
import { Block, type EventOptions, ScapBuilder } from "../support/scap-builder.js";

/** Two good events, and whatever `more` adds behind them; the offset is where it begins. */
function good(): ScapBuilder {
  return new ScapBuilder()
    .section()
    .machine()
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 2 });
}

function assertOpenFails(bytes: Uint8Array | string, code: ErrorCode, offset: number | undefined): void {
  assert.throws(
    () => readCapture(bytes),
    (error) => {
      assert.ok(error instanceof PeregrineError);
      assert.deepEqual([error.code, error.place.offset], [code, offset]);
      assert.ok(error.place.file !== undefined && !error.message.includes(error.place.file));
      return true;
    },
  );
}

/** What stands before the fault was delivered, then comes the failure. */
function assertFails(capture: Uint8Array | ScapBuilder, code: ErrorCode, offset: number, records = 2): void {
  const read = readCapture(capture);
  assert.equal(read.failure?.code, code, read.failure?.message);
  assert.equal(read.failure?.offset, offset, read.failure?.message);
  assert.equal(read.records.length, records);
  assert.equal(read.batches.at(-1)?.result, FillResult.FAILED);
  assert.equal(read.batches.at(-1)?.last, records);
}

test("files that are no captures", () => {
  assertOpenFails("/nonexistent/peregrine.scap", "CAPTURE_OPEN", undefined);
  assertOpenFails("/", "CAPTURE_OPEN", undefined);
  assertOpenFails(new Uint8Array(), "CAPTURE_EMPTY", 0);
  assertOpenFails(Buffer.from("x"), "CAPTURE_MAGIC", 0);
  assertOpenFails(Buffer.from("- rule: this is no capture but a rule file, as it happens\n"), "CAPTURE_MAGIC", 0);
  assertOpenFails(new ScapBuilder().section({ magic: 0x01020304 }).build(), "CAPTURE_MAGIC", 8);
  assertOpenFails(good().build().subarray(28), "CAPTURE_MAGIC", 0);
});

test("captures that cannot be read", () => {
  const swapped = new ScapBuilder().section({ magic: 0x4d3c2b1a }).build();
  assertOpenFails(swapped, "CAPTURE_BYTE_ORDER", 8);
  // A whole file of the other order: its lengths are swapped too.
  assertOpenFails(Buffer.from(new ScapBuilder().section().build()).swap32(), "CAPTURE_BYTE_ORDER", 8);
  assertOpenFails(new ScapBuilder().section({ major: 2 }).build(), "CAPTURE_VERSION", 12);
  const empty = new ScapBuilder().section().machine();
  assertOpenFails(empty.build(), "CAPTURE_NO_EVENTS", empty.offset);
  assertOpenFails(new ScapBuilder().section().build().subarray(0, 20), "CAPTURE_TRUNCATED", 0);
  assertOpenFails(empty.build().subarray(0, 100), "CAPTURE_TRUNCATED", 28);
});

test("a file cut at any byte delivers every whole event", () => {
  const capture = good();
  const before = capture.offset;
  capture.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 });
  const bytes = capture.build();
  for (let size = before; size < bytes.length; size++) {
    const read = readCapture(bytes.subarray(0, size));
    assert.equal(read.records.length, 2);
    if (size === before) assert.equal(read.failure, null);
    else assert.deepEqual([read.failure?.code, read.failure?.offset], ["CAPTURE_TRUNCATED", before]);
  }
});

test("a gzip stream that is cut or damaged delivers what could be inflated", () => {
  const capture = good();
  for (let i = 0; i < 2000; i++) capture.event("SYSCALL_CHDIR_X", { res: 0, path: `/tmp/${(i * 7919) % 10007}` });
  const packed = capture.gzip();
  const cut = readCapture(packed.subarray(0, packed.length >> 1));
  assert.equal(cut.failure?.code, "CAPTURE_GZIP_TRUNCATED");
  assert.ok(cut.records.length > 2 && cut.records.length < 2002);
  assert.ok((cut.failure?.offset ?? 0) > 0 && (cut.failure?.offset ?? 0) < capture.offset);

  const withoutTrailer = readCapture(packed.subarray(0, packed.length - 4));
  assert.deepEqual([withoutTrailer.failure?.code, withoutTrailer.records.length], ["CAPTURE_GZIP_TRUNCATED", 2002]);
  assert.equal(withoutTrailer.failure?.offset, capture.offset);

  const damaged = Buffer.from(packed);
  damaged.fill(0xff, packed.length >> 1, (packed.length >> 1) + 64);
  const read = readCapture(damaged);
  assert.equal(read.failure?.code, "CAPTURE_GZIP");
  assert.ok(read.records.length > 2 && read.records.length < 2002);

  const checksum = Buffer.from(packed);
  checksum.writeUInt32LE(0, packed.length - 8);
  assert.equal(readCapture(checksum).failure?.code, "CAPTURE_GZIP");

  assertOpenFails(packed.subarray(0, 12), "CAPTURE_GZIP_TRUNCATED", 0);
  assertOpenFails(Buffer.from([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]), "CAPTURE_GZIP", 0);
});

test("a gzip stream cut where what was inflated fills the buffer delivers what is held back too", () => {
  const capture = good();
  // Equal events, so that one byte of the stream stands for many of them.
  while (capture.offset < 300 * 1024) capture.event("SYSCALL_CLOSE_X", { res: 0, fd: 1 });
  const packed = capture.gzip();
  const first = good().offset;
  const eventSize = good().event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }).offset - first;
  // Inputs are read in pieces of 256 KiB: the cuts around that many inflated bytes.
  const inflated = (size: number): number =>
    gunzipSync(packed.subarray(0, size), { finishFlush: constants.Z_SYNC_FLUSH }).length;
  let size = 12;
  while (inflated(size) <= 256 * 1024) size++;
  for (let cut = size - 2; cut < size + 4; cut++) {
    const read = readCapture(packed.subarray(0, cut));
    assert.equal(read.failure?.code, "CAPTURE_GZIP_TRUNCATED");
    assert.equal(read.failure?.offset, inflated(cut));
    assert.equal(read.records.length, 2 + Math.floor((inflated(cut) - first) / eventSize));
  }
});

test("no block may claim more than 256 MiB", () => {
  const claim = (total: number): [ScapBuilder, number] => {
    const capture = good();
    const at = capture.offset;
    return [capture.block(0x221, new Uint8Array(100), { total }), at];
  };
  const [most, mostAt] = claim(256 * 1024 * 1024);
  assertFails(most, "CAPTURE_TRUNCATED", mostAt);
  const [more, moreAt] = claim(256 * 1024 * 1024 + 4);
  assertFails(more, "CAPTURE_BLOCK_LENGTH", moreAt);
});

test("a block of events whose length lies", () => {
  const lie = (options: EventOptions): [ScapBuilder, number] => {
    const capture = good();
    const at = capture.offset;
    capture.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, options).event("SYSCALL_CLOSE_X", { res: 0, fd: 4 });
    return [capture, at];
  };
  for (const total of [0, 4, 11, 0xffffffff, 65_536 + 9]) {
    const [capture, at] = lie({ total });
    assertFails(capture, "CAPTURE_BLOCK_LENGTH", at);
  }
  // Too short for the event in it.
  const [short, shortAt] = lie({ total: 40 });
  assertFails(short, "CAPTURE_EVENT_LENGTH", shortAt);
  const [tiny, tinyAt] = lie({ total: 16 });
  assertFails(tiny, "CAPTURE_EVENT_LENGTH", tinyAt);
  // Longer than it is, within the file: seen when what follows is no block.
  const [long, longAt] = lie({ total: 64, trailer: 60 });
  assertFails(long, "CAPTURE_BLOCK_LENGTH", longAt, 3);
  // Longer than the file.
  const [beyond, beyondAt] = lie({ total: 5000 });
  assertFails(beyond, "CAPTURE_TRUNCATED", beyondAt);
});

test("a header block whose length lies", () => {
  const bad = new ScapBuilder().section();
  const at = bad.offset;
  const build = (lies: { total?: number; trailer?: number }): Buffer =>
    new ScapBuilder().section().block(Block.MACHINE, Buffer.alloc(180), lies).event("SYSCALL_CLOSE_X").build();
  assertOpenFails(build({ total: 8 }), "CAPTURE_BLOCK_LENGTH", at);
  assertOpenFails(build({ trailer: 188 }), "CAPTURE_BLOCK_TRAILER", at);
  assertOpenFails(build({ total: 188 }), "CAPTURE_BLOCK_TRAILER", at);
  assertOpenFails(build({ total: 0x7fffffff }), "CAPTURE_BLOCK_LENGTH", at);
});

test("a block that cannot stand among events", () => {
  const list = good();
  const listAt = list.offset;
  assertFails(list.threads([{ tid: 1 }]).event("SYSCALL_CLOSE_X"), "CAPTURE_BLOCK_TYPE", listAt);
  const unknown = good();
  const unknownAt = unknown.offset;
  assertFails(unknown.block(0x999, Buffer.alloc(16)).event("SYSCALL_CLOSE_X"), "CAPTURE_BLOCK_TYPE", unknownAt);
});

test("an event that is longer than its block, or shorter than its header", () => {
  for (const len of [0, 25, 43, 0xffffffff]) {
    const capture = good();
    const at = capture.offset;
    assertFails(
      capture.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, { len }),
      len === 43 ? "CAPTURE_PARAMETER" : "CAPTURE_EVENT_LENGTH",
      at,
    );
  }
});

test("a parameter that is longer than its event", () => {
  const cases: EventOptions[] = [
    { lengths: { 1: 9 } },
    { lengths: { 0: 65_535 } },
    { count: 100 },
    { count: 0xffffffff },
    { framing: 1, lengths: { 0: 1 } },
    { flags: 0, lengths: { 1: 9 } },
  ];
  for (const options of cases) {
    const capture = good();
    const at = capture.offset;
    assertFails(capture.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, options), "CAPTURE_PARAMETER", at);
  }
  const large = good();
  const at = large.offset;
  assertFails(
    large.event("PLUGINEVENT_E", { plugin_id: 1, event_data: Buffer.alloc(9) }, { lengths: { 1: 0xffffffff } }),
    "CAPTURE_PARAMETER",
    at,
  );
});

test("an event that nobody wants is checked all the same", () => {
  const capture = good();
  const at = capture.offset;
  capture.event("SYSCALL_READ_X", { res: 0 }, { lengths: { 0: 100 } });
  const read = readCapture(capture, { other: [0, 0, 0] });
  assert.deepEqual([read.failure?.code, read.failure?.offset], ["CAPTURE_PARAMETER", at]);
});

test("a section header in the middle of the file that is bad", () => {
  const capture = good();
  const at = capture.offset;
  capture.section({ magic: 1 });
  assertOpenFails(capture.build(), "CAPTURE_MAGIC", at + 8);
});

test("an event of an unknown type is passed over whatever it holds", () => {
  const read = readCapture(
    good()
      .rawEvent(EventType.SYSCALL_KEYCTL_X + 1, [Buffer.alloc(5)], { count: 99 })
      .rawEvent(65_535, [], { framing: 1 })
      .rawEvent(65_535, [], { framing: 1 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }),
  );
  assert.equal(read.failure, null);
  assert.equal(read.records.at(-1)?.number, 3);
  assert.deepEqual(read.unknown, [
    { type: 454, count: 1 },
    { type: 65_535, count: 2 },
  ]);
});
