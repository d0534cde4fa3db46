// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RotatingCapture } from "../../src/capture/rotation.js";
import { createInterner } from "../../src/capture/scap.js";
import { CaptureWriter } from "../../src/capture/writer.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { memoryOf, readCapture } from "../support/capture-reader.js";
import { temporaryFolder } from "../support/temporary.js";

function begin(pathOf: (index: number) => string, mostEvents: number) {
  const interner = createInterner(memoryOf());
  const told: [string, number][] = [];
  let made = 0;
  const capture = new RotatingCapture(new CaptureWriter(interner), {
    pathOf,
    mostEvents,
    header: () => ({
      machine: null,
      interfaces: [],
      users: [],
      groups: [{ gid: made++, name: interner.intern("g") }],
      threads: [],
      fds: [],
    }),
    onFile: (path, events) => told.push([path, events]),
  });
  return { capture, told };
}

test("a full file is closed and the next one begins with the lists of that moment", () => {
  const folder = temporaryFolder();
  const { capture, told } = begin((index) => join(folder, `${index}.scap`), 3);
  assert.deepEqual(readdirSync(folder), []);
  for (let i = 0; i < 7; i++) capture.writePlugin(BigInt(i + 1), 5, Buffer.from([i]));
  capture.flush();
  capture.close();
  capture.close();
  assert.deepEqual(
    told,
    [0, 1, 2].map((index) => [join(folder, `${index}.scap`), index === 2 ? 1 : 3]),
  );
  const seen: number[] = [];
  told.forEach(([path], index) => {
    const read = readCapture(path);
    assert.equal(read.headers[0]?.groups[0]?.gid, index);
    for (const { params } of read.records) seen.push((params["event_data"] as Buffer)[0] ?? -1);
  });
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6]);
});

test("a fixed number of files: the oldest is replaced", () => {
  const folder = temporaryFolder();
  const { capture } = begin((index) => join(folder, `${index % 2}.scap`), 1);
  for (let i = 0; i < 5; i++) capture.writePlugin(BigInt(i + 1), 5, Buffer.from([i]));
  capture.close();
  const times = ["0.scap", "1.scap"].map((name) => readCapture(join(folder, name)).records.map(({ time }) => time));
  assert.deepEqual(times, [[5n], [4n]]);
});

test("where the next file cannot be made, the one before is whole", () => {
  const folder = temporaryFolder();
  const { capture, told } = begin((index) => join(folder, index === 0 ? "0.scap" : "none/1.scap"), 1);
  capture.writePlugin(1n, 5, Buffer.from("a"));
  assert.throws(
    () => capture.writePlugin(2n, 5, Buffer.from("b")),
    (error) => error instanceof PeregrineError && error.code === "CAPTURE_CREATE",
  );
  assert.equal(told.length, 1);
  assert.equal(readCapture(join(folder, "0.scap")).records.length, 1);
});
