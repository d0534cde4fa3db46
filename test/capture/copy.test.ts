// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { CaptureCopy, CopyCounter, type CopyOptions } from "../../src/capture/copy.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { readCapture } from "../support/capture-reader.js";
import { allCaptures } from "../support/captures.js";
import { everyEvent } from "../support/every-event.js";
import { plain } from "../support/read-back.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { temporaryFolder } from "../support/temporary.js";
import { walk, without } from "../support/walk.js";

const folder = temporaryFolder();
let files = 0;
const next = (suffix = ".scap"): string => join(folder, `copy-${files++}${suffix}`);

/** Copies a capture, or the events with these numbers. @returns the path and the counters */
function copy(
  from: string,
  options: Partial<CopyOptions> = {},
  numbers?: readonly number[],
): { readonly path: string; readonly counters: Float64Array; readonly failure: string | null } {
  const path = options.to ?? next();
  const copier = new CaptureCopy({ from, to: path, ...options });
  if (numbers === undefined) while (copier.copyAll(7));
  else {
    copier.copy(Float64Array.from(numbers));
    while (copier.skip(7));
  }
  const { counters } = copier;
  copier.close();
  return { path, counters, failure: copier.failure?.code ?? null };
}

const LARGE_RING = {
  ring: { events: 4096, recordBytes: 1 << 20, heapBytes: 1 << 20 },
  shape: { strings: 1 << 18, stringBytes: 64 << 20 },
};

test("a copy of every event says the same, plain and gzip, and a copy of the copy is the same file", () => {
  const from = everyEvent().toFile();
  const { path } = copy(from);
  const gzip = copy(from, { to: next(".scap.gz") }).path;
  const expected = plain(readCapture(from, LARGE_RING));
  assert.deepEqual(plain(readCapture(path, LARGE_RING)), expected);
  assert.deepEqual(plain(readCapture(gzip, LARGE_RING)), expected);
  const again = copy(gzip).path;
  assert.ok(readFileSync(again).equals(readFileSync(path)));
  assert.equal(readFileSync(gzip)[0], 0x1f);
});

test("a copy has no enter events but those that are events of their own today", { skip: without("python3") }, () => {
  const { path, counters } = copy(everyEvent().toFile());
  const [walked] = walk([path]);
  assert.ok(walked);
  const enters = Object.keys(walked.types).filter(
    (type) => EVENTS[Number(type)]?.categories.includes("EC_SYSCALL") && Number(type) % 2 === 0,
  );
  assert.deepEqual(enters, ["2", "22", "58", "292", "306", "326", "330"]);
  assert.equal(walked.events, counters[CopyCounter.EVENTS]);
  assert.equal(walked.blocks["0xa0d0d0a"], 2);
});

test("events of unknown types stay in a copy of everything, and go where some are chosen", () => {
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
    .rawEvent(500, [Buffer.from("future")], { flags: 2 })
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 2 })
    .toFile();
  assert.deepEqual(readCapture(copy(from).path).unknown, [{ type: 500, count: 1 }]);
  const chosen = readCapture(copy(from, {}, [1, 2]).path);
  assert.deepEqual([chosen.records.length, chosen.unknown], [2, []]);
  assert.equal(copy(from, { schema: "0.31" }).counters[CopyCounter.LEFT_OUT], 1);
});

test("parameters of later versions stay", () => {
  const builder = new ScapBuilder().section().rawEvent(5, [Buffer.alloc(8), Buffer.alloc(8, 1), Buffer.from("more")]);
  const block = builder.build().subarray(28);
  const { path } = copy(builder.toFile());
  assert.ok(readFileSync(path).subarray(28).equals(block));
});

test("an event that grows beyond the limit of its block goes into a large one", () => {
  const data = Buffer.alloc(65_485, "x");
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_READ_E", { fd: 3, size: 70_000 })
    .event("SYSCALL_READ_X", { res: data.length, data }, { nparams: 2 })
    .toFile();
  const { path } = copy(from);
  const options = { ring: { heapBytes: 1 << 17 } };
  assert.deepEqual(plain(readCapture(path, options)), plain(readCapture(from, options)));
  assert.equal(readFileSync(path).readUInt32LE(28), 0x221);
});

test("for older tools, users and groups that are told of at the start are in the lists", () => {
  const from = new ScapBuilder()
    .section()
    .users({ users: [{ uid: 5, gid: 5, name: "old", home: "/", shell: "/bin/sh" }], groups: [] })
    .event("USER_ADDED_E", { uid: 5, gid: 6, name: "five", home: "/five", shell: "/bin/five", container_id: "" })
    .event("USER_ADDED_E", { uid: 7, gid: 7, name: "inside", home: "/", shell: "", container_id: "0123456789ab" })
    .event("GROUP_ADDED_E", { gid: 6, name: "six", container_id: "" })
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 })
    .event("USER_ADDED_E", { uid: 8, gid: 8, name: "late", home: "/", shell: "", container_id: "" })
    .toFile();
  const { path, counters } = copy(from, { schema: "0.31" });
  assert.equal(counters[CopyCounter.LEFT_OUT], 2);
  const { headers, dictionary } = readCapture(path);
  const text = (id: number): string => dictionary.text(id);
  const users = headers[0]?.users.map((user) => [
    user.uid,
    user.gid,
    text(user.name),
    text(user.home),
    text(user.shell),
  ]);
  assert.deepEqual(users, [[5, 6, "five", "/five", "/bin/five"]]);
  assert.deepEqual(
    headers[0]?.groups.map((group) => [group.gid, text(group.name)]),
    [[6, "six"]],
  );
});

/** Two containers' worth of state, and events that come and go. */
function busy(): string {
  return new ScapBuilder()
    .section()
    .threads([{ tid: 1, comm: "init" }])
    .event("USER_ADDED_E", { uid: 5, name: "five" })
    .event("ASYNCEVENT_E", { plugin_id: 0, name: "container", data: Buffer.from("{}\0") })
    .event("SYSCALL_OPENAT_2_X", { fd: 3, dirfd: -100, name: "/a", flags: 1 }, { tid: 1 })
    .event("SYSCALL_READ_X", { res: 1, data: Buffer.from("a"), fd: 3, size: 1 }, { tid: 1 })
    .event("SYSCALL_OPENAT_2_X", { fd: 4, dirfd: -100, name: "/b", flags: 1 }, { tid: 1, flags: 1 })
    .event("ASYNCEVENT_E", { plugin_id: 0, name: "container", data: Buffer.from("[]\0") })
    .event("SYSCALL_READ_X", { res: 1, data: Buffer.from("b"), fd: 4, size: 1 }, { tid: 1 })
    .event("SYSCALL_GETPID_X" as never, {}, { tid: 1 })
    .toFile();
}

test("chosen events are copied with the lists, and with what tells of users and containers", () => {
  const read = readCapture(copy(busy(), {}, [7]).path);
  assert.deepEqual(
    read.records.map(({ type, stateOnly }) => [type, stateOnly]),
    [
      ["USER_ADDED_E", true],
      ["ASYNCEVENT_E", true],
      ["ASYNCEVENT_E", true],
      ["SYSCALL_READ_X", false],
    ],
  );
  assert.equal(read.headers[0]?.threads.length, 1);
});

test("with state kept, what changes it is there and stays hidden", () => {
  const { path, counters } = copy(busy(), { keepState: true }, [7]);
  assert.deepEqual(
    readCapture(path).records.map(({ type, stateOnly, params }) => [type, stateOnly, params["fd"] ?? null]),
    [
      ["USER_ADDED_E", true, null],
      ["ASYNCEVENT_E", true, null],
      ["SYSCALL_OPENAT_2_X", true, 3n],
      ["SYSCALL_OPENAT_2_X", true, 4n],
      ["ASYNCEVENT_E", true, null],
      ["SYSCALL_READ_X", false, 4n],
    ],
  );
  assert.deepEqual([counters[CopyCounter.EVENTS], counters[CopyCounter.STATE]], [6, 5]);
});

test("of a damaged capture all that stands before the damage is copied", () => {
  const whole = readFileSync(busy());
  const from = next();
  writeFileSync(from, whole.subarray(0, whole.length - 5));
  const { path, failure } = copy(from);
  assert.equal(failure, "CAPTURE_TRUNCATED");
  const read = readCapture(path, LARGE_RING);
  assert.equal(read.failure, null);
  const expected = readCapture(from, LARGE_RING);
  assert.deepEqual(read.records.length, expected.records.length);
});

test("what cannot be read leaves nothing, and is told by its code", () => {
  const to = next();
  const from = next();
  for (const [bytes, code] of [
    [Buffer.alloc(0), "CAPTURE_EMPTY"],
    [Buffer.from("no capture at all, by no means"), "CAPTURE_MAGIC"],
    [new ScapBuilder().section().machine().build(), "CAPTURE_NO_EVENTS"],
  ] as const) {
    writeFileSync(from, bytes);
    assert.throws(
      () => new CaptureCopy({ from, to }),
      (error) => error instanceof PeregrineError && error.code === code && error.place.file === from,
    );
    assert.ok(!existsSync(to));
  }
});

test("every capture at hand: a copy says the same; all bytes are accounted for", { skip: without("python3") }, () => {
  for (const from of allCaptures()) {
    const { path, failure } = copy(from);
    const [walked] = walk([path]);
    const again = copy(path, { to: next(".scap.gz") }).path;
    assert.ok(gunzipSync(readFileSync(again)).equals(readFileSync(path)), from);
    // Those of large captures are compared by the round trips.
    if ((walked?.events ?? 0) > 50_000) continue;
    const read = readCapture(from, LARGE_RING);
    assert.equal(read.failure?.code ?? null, failure);
    assert.deepEqual(plain(readCapture(again, LARGE_RING)), { ...plain(read), failure: null }, basename(from));
  }
});
