// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { CaptureCopy, CopyCounter } from "../../src/capture/copy.js";
import { createInterner } from "../../src/capture/scap.js";
import { CaptureWriter, WriteResult } from "../../src/capture/writer.js";
import { closeThreads } from "../e2e/support.js";
import { memoryOf, type ReadRecord, readCapture } from "../support/capture-reader.js";
import { allCaptures } from "../support/captures.js";
import { everyEvent } from "../support/every-event.js";
import { everything } from "../support/run-fields.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { temporaryFolder } from "../support/temporary.js";
import { walk, without } from "../support/walk.js";

after(closeThreads);

const folder = temporaryFolder();
let files = 0;
const next = (): string => join(folder, `legacy-${files++}.scap`);

function legacy(
  from: string,
  numbers?: readonly number[],
  keepState = false,
): { path: string; counters: Float64Array } {
  const path = next();
  const copier = new CaptureCopy({ from, to: path, schema: "0.31", keepState });
  if (numbers === undefined) while (copier.copyAll(1000));
  else {
    copier.copy(Float64Array.from(numbers));
    while (copier.skip(1000));
  }
  const { counters } = copier;
  copier.close();
  return { path, counters };
}

/** The raw events of a capture: type and thread. */
function rawEvents(path: string): [type: number, tid: number, params: number][] {
  const events: [number, number, number][] = [];
  const script = `
import struct, sys
data = open(sys.argv[1], "rb").read()
at = 0
while at < len(data):
    number, total = struct.unpack_from("<II", data, at)
    if number in (0x216, 0x221, 0x217, 0x222):
        start = at + (14 if number in (0x217, 0x222) else 10)
        ts, tid, length, kind, count = struct.unpack_from("<QQIHI", data, start)
        print(kind, tid, count)
    at += total`;
  const { stdout } = spawnSync("python3", ["-c", script, path], { encoding: "utf8", maxBuffer: 1 << 28 });
  for (const line of stdout.trim().split("\n")) {
    const [type = 0, tid = 0, params = 0] = line.split(" ").map(Number);
    events.push([type, tid, params]);
  }
  return events;
}

const nameOf = (type: number): string => EVENTS[type]?.enum.replace("PPME_", "") ?? "";
const names = (path: string): string[] => rawEvents(path).map(([type]) => nameOf(type));

test("today's exit events become an enter and an exit of then", { skip: without("python3") }, () => {
  const from = new ScapBuilder()
    .section()
    .threads([{ tid: 7 }])
    .event("SYSCALL_READ_X", { res: 2, data: Buffer.from("hi"), fd: 3, size: 10 }, { tid: 7 })
    .event("SYSCALL_OPENAT_2_X", { fd: 4, dirfd: -100, name: "/x", flags: 1, mode: 0, dev: 5, ino: 6 }, { tid: 7 })
    .event("SYSCALL_DUP2_X", { res: 9, oldfd: 4, newfd: 9 }, { tid: 7 })
    .event("SYSCALL_CLONE3_X", { res: 8, tid: 7, pid: 7, comm: "a" }, { tid: 7 })
    .event("SYSCALL_CLONE3_X", { res: 0, tid: 8, pid: 8, comm: "a" }, { tid: 8 })
    .event("SYSCALL_MEMFD_CREATE_X", { fd: 5, name: "m", flags: 0 }, { tid: 7 })
    .event("PROCEXIT_1_E", { status: 1, ret: 0, sig: 0, core: 0, reaper_tid: 1 }, { tid: 8 })
    .toFile();
  const { path, counters } = legacy(from);
  assert.deepEqual(
    rawEvents(path).map(([type, tid, params]) => [nameOf(type), tid, params]),
    [
      ["SYSCALL_READ_E", 7, 2],
      ["SYSCALL_READ_X", 7, 2],
      ["SYSCALL_OPENAT_2_E", 7, 0],
      ["SYSCALL_OPENAT_2_X", 7, 6],
      ["SYSCALL_DUP_E", 7, 1],
      ["SYSCALL_DUP_X", 7, 1],
      ["SYSCALL_CLONE_20_E", 7, 0],
      ["SYSCALL_CLONE_20_X", 7, 20],
      ["SYSCALL_CLONE_20_X", 8, 20],
      ["GENERIC_E", 7, 2],
      ["GENERIC_X", 7, 1],
      ["PROCEXIT_1_E", 8, 4],
    ],
  );
  assert.equal(counters[CopyCounter.LEFT_OUT], 0);
  const read = readCapture(path).records;
  assert.deepEqual(
    read.map(({ type }) => type),
    [
      ...["SYSCALL_READ_X", "SYSCALL_OPENAT_2_E", "SYSCALL_OPENAT_2_X", "SYSCALL_DUP_1_X", "SYSCALL_CLONE_20_X"],
      ...["SYSCALL_CLONE_20_X", "GENERIC_X", "PROCEXIT_1_E"],
    ],
  );
  const [readX, , openat, dup] = read;
  assert.deepEqual([readX?.params["fd"], readX?.params["size"], String(readX?.params["data"])], [3n, 10, "hi"]);
  assert.deepEqual([openat?.params["name"], openat?.params["dev"], openat?.params["ino"]], ["/x", 5, null]);
  assert.deepEqual([dup?.params["res"], dup?.params["oldfd"]], [9n, 4n]);
});

test("values that are not there have the size that readers of then expect", { skip: without("python3") }, () => {
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_OPENAT_2_X", { fd: -2 })
    .event("SYSCALL_SETUID_X", { res: 0 })
    .toFile();
  const { path } = legacy(from);
  const [, exit, setuid] = readCapture(path).records;
  assert.deepEqual(
    [exit?.params["fd"], exit?.params["dirfd"], exit?.params["name"], exit?.params["flags"], setuid?.params["uid"]],
    [-2n, -1n, "<NA>", 0, -1],
  );
});

test("an enter event that was recorded stands for itself", { skip: without("python3") }, () => {
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_OPENAT_2_E", { dirfd: -100, name: "/first", flags: 1, mode: 0 }, { tid: 7 })
    .event("SYSCALL_OPENAT_2_E", { dirfd: -100, name: "/other", flags: 1, mode: 0 }, { tid: 8 })
    .event("SYSCALL_OPENAT_2_X", { fd: 4, dirfd: -100, name: "/second", flags: 1 }, { tid: 7 })
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 4 }, { tid: 8 })
    .toFile();
  const expected = [
    "SYSCALL_OPENAT_2_E",
    "SYSCALL_OPENAT_2_E",
    "SYSCALL_OPENAT_2_X",
    "SYSCALL_CLOSE_E",
    "SYSCALL_CLOSE_X",
  ];
  assert.deepEqual(names(legacy(from).path), expected);
});

test("a capture of then stays as it is", { skip: without("python3") }, () => {
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_CLOSE_X", { res: 0 }, { tid: 9, nparams: 1 })
    .event("SYSCALL_CLOSE_E", { fd: 3 }, { tid: 7 })
    .event("SYSCALL_READ_E", { fd: 5, size: 1 }, { tid: 8 })
    .event("SYSCALL_CLOSE_X", { res: 0 }, { tid: 7, nparams: 1 })
    .event("SYSCALL_READ_X", { res: 1, data: Buffer.from("a") }, { tid: 8, nparams: 2 })
    .toFile();
  const { path } = legacy(from);
  assert.deepEqual(rawEvents(path), rawEvents(from));
  // Of chosen events, the enter half comes along, whatever came between.
  assert.deepEqual(names(legacy(from, [3]).path), ["SYSCALL_READ_E", "SYSCALL_READ_X"]);
  assert.deepEqual(names(legacy(from, [3], true).path), [
    ...["SYSCALL_CLOSE_X", "SYSCALL_CLOSE_E", "SYSCALL_CLOSE_X", "SYSCALL_READ_E", "SYSCALL_READ_X"],
  ]);
});

test("containers that a plugin told of are told as of then; what has no counterpart is counted", () => {
  const json = Buffer.from('{"container":{"id":"abc"}}\0');
  const out = new CaptureWriter(createInterner(memoryOf()));
  const path = next();
  out.open(path, { schema: "0.31" }, null);
  assert.equal(out.writeAsync(1n, 0, "container", json), WriteResult.WRITTEN);
  assert.equal(out.writeAsync(2n, 0, "container_removed", json), WriteResult.LEFT_OUT);
  assert.equal(out.writePlugin(3n, 5, Buffer.from("x")), WriteResult.WRITTEN);
  assert.deepEqual([out.counters.events, out.counters.leftOut], [2, 1]);
  out.close();
  const { records } = readCapture(path);
  assert.deepEqual(
    records.map(({ type }) => type),
    ["CONTAINER_JSON_2_E", "PLUGINEVENT_E"],
  );
  assert.equal(records[0]?.params["json"], json.toString().slice(0, -1));
});

test("events of every type: only types of then, every byte accounted for", { skip: without("python3") }, () => {
  const { path, counters } = legacy(everyEvent().toFile());
  const [walked] = walk([path], true);
  assert.equal(walked?.events, counters[CopyCounter.EVENTS]);
  assert.equal(readCapture(path).failure, null);
});

/** What must survive: the exits in order, with their thread, time and processor. */
function outline({ type, time, tid, cpu }: ReadRecord): string {
  return `${time} ${tid} ${cpu} ${EVENTS.find((event) => event.enum === `PPME_${type}`)?.exit ? "exit" : type}`;
}

test("every capture at hand: all system calls are there, in order; every byte is accounted for", {
  skip: without("python3"),
}, () => {
  const ring = {
    ring: { events: 4096, recordBytes: 1 << 20, heapBytes: 1 << 20 },
    shape: { strings: 1 << 18, stringBytes: 64 << 20 },
  };
  for (const from of allCaptures()) {
    const { path, counters } = legacy(from);
    // sysdig reads the large ones below.
    if ((counters[CopyCounter.EVENTS] ?? 0) > 50_000) continue;
    const [walked] = walk([path], true);
    assert.equal(walked?.events, counters[CopyCounter.EVENTS]);
    const exits = (file: string): string[] =>
      readCapture(file, ring)
        .records.map(outline)
        .filter((line) => line.includes(" exit"));
    assert.deepEqual(exits(path), exits(from), basename(from));
  }
});

/** What sysdig calls a system call that is not in its table. */
const UNKNOWN = "<unknown>";

test("sysdig of then opens it, reads it to its end, and names the same events and processes", {
  skip: without("sysdig"),
}, async () => {
  for (const from of allCaptures()) {
    const { path } = legacy(from);
    const { status, stdout, stderr } = spawnSync(
      "sysdig",
      ["-r", path, "-p", "%evt.rawtime %evt.cpu %thread.tid %evt.dir %evt.type %proc.name"],
      { encoding: "utf8", maxBuffer: 1 << 28 },
    );
    assert.equal(status, 0, `${from}: ${stderr}`);
    const theirs = stdout.split("\n").filter((line) => line.includes(" < "));
    const fields = ["evt.rawtime", "evt.cpu", "thread.tid", "evt.dir", "evt.type", "proc.name"];
    const ours = (await everything(path, fields)).split("\n").filter((line) => line.includes("\t<\t"));
    assert.equal(theirs.length, ours.length, from);
    theirs.forEach((line, i) => {
      const expected = (ours[i] ?? "").replaceAll("\t", " ");
      if (line === expected) return;
      const words = line.split(" ");
      // The event of accept4 was called accept then.
      if (words[4] === "accept") words[4] = "accept4";
      if (words[4] === UNKNOWN) words[4] = expected.split(" ")[4] ?? "";
      assert.equal(words.join(" "), expected, from);
    });
  }
});

test("sysdig of then opens a capture of plugin events alone", { skip: without("sysdig") }, () => {
  for (const schema of ["current", "0.31"] as const) {
    const out = new CaptureWriter(createInterner(memoryOf()));
    const path = next();
    out.open(path, { schema }, null);
    for (let i = 0; i < 10; i++) out.writePlugin(BigInt(1 + i), 999, Buffer.from(`event ${i}`));
    out.close();
    const { status, signal, stdout } = spawnSync("sysdig", ["-r", path, "-p", "%evt.num %evt.type"], {
      encoding: "utf8",
    });
    assert.deepEqual([status, signal], [0, null]);
    assert.match(stdout, /^10 pluginevent$/m);
  }
});

test("what was written for tools of then is copied as it is", () => {
  for (const from of allCaptures().slice(0, 3)) {
    const once = legacy(from).path;
    assert.ok(readFileSync(legacy(once).path).equals(readFileSync(once)), from);
  }
});
