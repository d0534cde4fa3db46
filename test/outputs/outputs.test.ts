// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_CONFIG } from "../../src/config/config.js";
import { FileOutput } from "../../src/outputs/file.js";
import type { Output } from "../../src/outputs/output.js";
import { createOutputs, Outputs } from "../../src/outputs/outputs.js";
import { readerGone, StreamOutput } from "../../src/outputs/stream.js";
import { PeregrineError } from "../../src/telemetry/errors.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-outputs-"));
after(() => rmSync(folder, { recursive: true }));

test("a stream writes each chunk at once, or in larger pieces where it is buffered", async () => {
  const path = join(folder, "stream");
  const fd = openSync(path, "w");
  const plain = new StreamOutput("test", fd, false);
  await plain.write(Buffer.from("a\n"));
  assert.equal(readFileSync(path, "utf8"), "a\n");
  const buffered = new StreamOutput("test", fd, true);
  await buffered.write(Buffer.from("b\n"));
  assert.equal(readFileSync(path, "utf8"), "a\n");
  await buffered.write(Buffer.alloc(70_000, "c"));
  assert.equal(readFileSync(path, "utf8").length, 70_004);
  await buffered.write(Buffer.from("d\n"));
  await buffered.close();
  assert.equal(readFileSync(path, "utf8").slice(-2), "d\n");
  closeSync(fd);
});

test("a file is opened again for each chunk, unless it is kept open", async () => {
  for (const keep of [false, true]) {
    const path = join(folder, `file-${keep}`);
    const output = new FileOutput(path, keep, false);
    await output.write(Buffer.from("one\n"));
    renameSync(path, `${path}.1`);
    await output.write(Buffer.from("two\n"));
    await output.close();
    assert.equal(readFileSync(`${path}.1`, "utf8"), keep ? "one\ntwo\n" : "one\n");
    if (!keep) assert.equal(readFileSync(path, "utf8"), "two\n");
  }
});

test("what finds no room is counted, and the next line begins a new one", {
  skip: process.platform !== "linux",
}, async () => {
  for (const keep of [false, true]) {
    const full = new FileOutput("/dev/full", keep, false);
    assert.throws(() => full.write(Buffer.from("a\nb\n")), { code: "OUTPUT_WRITE" });
    assert.throws(() => full.write(Buffer.from("c\n")), { code: "OUTPUT_WRITE" });
    await full.close();
    assert.equal(full.lost, 3);
  }
  const none = new FileOutput(join(folder, "no", "folder"), false, false);
  assert.throws(() => none.write(Buffer.from("a\nb\n")));
  assert.equal(none.lost, 2);
  const held = new FileOutput("/dev/full", true, true);
  await held.write(Buffer.from("a\nb\n"));
  assert.throws(() => held.close(), { code: "OUTPUT_WRITE" });
  assert.equal(held.lost, 2);
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i++) assert.throws(() => new FileOutput("/dev/full", false, false).write(Buffer.from("a\n")));
  assert.equal(readdirSync("/proc/self/fd").length, before, "descriptors are closed");
});

test("a line that was cut off does not swallow the next one", async () => {
  const path = join(folder, "torn");
  // As a file is after a write that found room for half a line.
  writeFileSync(path, "half");
  const fd = openSync(path, "a");
  const stream = new StreamOutput("test", fd, false, true);
  await stream.write(Buffer.from("whole\n"));
  await stream.write(Buffer.from("next\n"));
  closeSync(fd);
  assert.equal(readFileSync(path, "utf8"), "half\nwhole\nnext\n");
});

test("a target that cannot be written is a coded error", () => {
  const file = new FileOutput(join(folder, "no", "such", "folder"), false, false);
  const coded = (error: unknown) => error instanceof PeregrineError && error.code === "OUTPUT_WRITE";
  assert.throws(() => file.write(Buffer.from("x")), coded);
  const closed = openSync(join(folder, "closed"), "w");
  closeSync(closed);
  assert.throws(() => new StreamOutput("test", closed, false).write(Buffer.from("x")), coded);
});

test("one output that fails does not stop the others; when all have failed it is thrown", async () => {
  const written: string[] = [];
  const warnings: string[] = [];
  const good: Output = {
    name: "good",
    lost: 0,
    write: (chunk) => void written.push(chunk.toString()),
    close: () => {},
  };
  const bad: Output = {
    name: "bad",
    lost: 2,
    write: () => {
      throw new Error("full");
    },
    close: () => {},
  };
  const outputs = new Outputs([bad, good], (message) => warnings.push(message));
  await outputs.write(Buffer.from("1"));
  await outputs.write(Buffer.from("2"));
  assert.deepEqual(written, ["1", "2"]);
  assert.deepEqual(warnings, ["bad: full"]);
  assert.deepEqual(outputs.losses, [bad]);
  const all = new Outputs([bad, bad], () => {});
  await assert.rejects(async () => all.write(Buffer.from("1")), /full/);
});

test("a chunk that comes while a full pipe has taken a part of the one before is written behind it", async () => {
  const fifo = join(folder, "turns");
  spawnSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  const outputs = new Outputs([new StreamOutput("test", writer, false)], () => {});
  const long = `${"a".repeat(200_000)}\n`;
  const written = [outputs.write(Buffer.from(long)), outputs.write(Buffer.from("b\n"))];
  const all = Promise.all(written);
  let done = false;
  void all.then(() => {
    done = true;
  });
  let text = "";
  const chunk = Buffer.alloc(65_536);
  while (!done) {
    try {
      text += chunk.toString("latin1", 0, readSync(reader, chunk));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    await sleep(1);
  }
  for (let got = -1; got !== 0 && text.length < long.length + 2; ) {
    got = readSync(reader, chunk);
    text += chunk.toString("latin1", 0, got);
  }
  assert.ok(text === `${long}b\n`, "the lines are whole");
  assert.equal(await outputs.write(Buffer.from("c\n")), undefined, "at once again");
  closeSync(writer);
  closeSync(reader);
});

test("outputs of a configuration", () => {
  assert.deepEqual(
    createOutputs(DEFAULT_CONFIG).map((output) => output.name),
    ["stdout"],
  );
  assert.deepEqual(
    createOutputs({ ...DEFAULT_CONFIG, file: "x" }).map((output) => output.name),
    ["file", "stdout"],
  );
  assert.throws(() => createOutputs({ ...DEFAULT_CONFIG, stdout: false }), /No output configured/);
});

test("a reader that goes away is told apart; a slow one gets everything", async () => {
  const module = new URL("../../src/outputs/stream.js", import.meta.url).href;
  const program = `
    import { StreamOutput, readerGone } from ${JSON.stringify(module)};
    const output = new StreamOutput("stdout", 1, false);
    try {
      for (let i = 0; i < 300; i++) await output.write(Buffer.alloc(10_000, 97));
    } catch (error) { process.exitCode = readerGone(error) ? 7 : 8; }`;
  const run = () =>
    spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });

  const gone = run();
  gone.stdout.once("data", () => gone.stdout.destroy());
  const code = await new Promise((resolve) => gone.once("exit", resolve));
  assert.equal(code, 7);

  const slow = run();
  let bytes = 0;
  for await (const chunk of slow.stdout) {
    bytes += (chunk as Buffer).length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(bytes, 3_000_000);
  assert.equal(readerGone(new Error("other")), false);
});

test("a pipe that is full and does not block is tried again; one without a reader is told", async () => {
  const pipe = join(folder, "pipe");
  spawnSync("mkfifo", [pipe]);
  const { O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK } = constants;
  const both = openSync(pipe, O_RDWR | O_NONBLOCK);
  const bytes = Buffer.from(`${"x".repeat(99)}\n`.repeat(10_000));
  const written = new StreamOutput("test", both, false).write(bytes);
  assert.ok(written instanceof Promise, "there was no room for all of it");
  let over = false;
  const end = written.then(() => {
    over = true;
  });
  const pieces: Buffer[] = [];
  const piece = Buffer.alloc(65_536);
  while (!over || pieces.reduce((sum, { length }) => sum + length, 0) < bytes.length) {
    try {
      pieces.push(Buffer.from(piece.subarray(0, readSync(both, piece))));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    await sleep(1);
  }
  await end;
  assert.ok(Buffer.concat(pieces).equals(bytes));
  closeSync(both);

  const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
  const writer = openSync(pipe, O_WRONLY | O_NONBLOCK);
  closeSync(reader);
  assert.throws(() => new StreamOutput("test", writer, false).write(Buffer.from("x\n")), readerGone);
  closeSync(writer);
});

test("outputs remember that one of them failed", async () => {
  const good: Output = { name: "good", lost: 0, write: () => {}, close: () => {} };
  const missing = new FileOutput(join(folder, "no", "such", "folder"), false, false);
  const fine = new Outputs([good, good], () => {});
  const half = new Outputs([missing, good], () => {});
  for (const outputs of [fine, half]) await outputs.write(Buffer.from("x"));
  assert.equal(fine.failed, false);
  assert.equal(half.failed, true);
});
