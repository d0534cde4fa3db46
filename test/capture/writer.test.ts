// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { createInterner } from "../../src/capture/scap.js";
import type { FdEntry, SectionHeader, ThreadEntry } from "../../src/capture/source.js";
import { CaptureWriter, WriteResult } from "../../src/capture/writer.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { memoryOf, readCapture } from "../support/capture-reader.js";
import { plainHeader } from "../support/read-back.js";
import { type EventName, type ParamValue, ScapBuilder } from "../support/scap-builder.js";
import { inetAddress, inetTuple, unixTuple } from "../support/scap-lists.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();
let files = 0;
const next = (suffix = ".scap"): string => join(folder, `written-${files++}${suffix}`);

function code(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PeregrineError) return error.code;
    throw error;
  }
  return "";
}

/** The bytes of an event, as the kernel's ring has them. */
function eventBytes(
  name: EventName,
  values: Readonly<Record<string, ParamValue>>,
  ts = 1_700_000_000_000_000_000n,
): Buffer {
  const block = new ScapBuilder().event(name, values, { ts, tid: 7 }).build();
  const size = block.readUInt32LE(8 + 2 + 16);
  return block.subarray(10, 10 + size);
}

function writer(): CaptureWriter {
  return new CaptureWriter(createInterner(memoryOf()));
}

const CLOSE = eventBytes("SYSCALL_CLOSE_X", { res: 0, fd: 3 });

test("an event's bytes come back as a record, with its processor", () => {
  const path = next();
  const out = writer();
  out.open(path, {}, null);
  assert.equal(out.write(CLOSE, 3), WriteResult.WRITTEN);
  assert.equal(
    out.write(eventBytes("SYSCALL_OPEN_X", { fd: 4, name: "/etc/passwd", flags: 1 }), 0, 1),
    WriteResult.WRITTEN,
  );
  out.close();
  const { records, headers } = readCapture(path);
  assert.deepEqual(
    records.map(({ type, cpu, tid, stateOnly, params }) => [type, cpu, tid, stateOnly, params["fd"]]),
    [
      ["SYSCALL_CLOSE_X", 3, 7n, false, 3n],
      ["SYSCALL_OPEN_X", 0, 7n, true, 4n],
    ],
  );
  assert.equal(records[1]?.params["name"], "/etc/passwd");
  assert.deepEqual(headers[0]?.machine, { cpus: 0, memoryBytes: 0n, hostname: "", bootTime: 0n });
});

test("a recording is its owner's alone, and what stands where it is made is not written into", () => {
  const path = next();
  const elsewhere = join(folder, "elsewhere");
  writeFileSync(elsewhere, "as it was");
  linkSync(elsewhere, `${path}.${process.pid}.part`);
  const out = writer();
  out.open(path, {}, null);
  out.write(CLOSE, 0);
  out.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(elsewhere, "utf8"), "as it was");
  assert.equal(readCapture(path).records.length, 1);
});

test("bytes that are no event are refused, and the file goes on", () => {
  const path = next();
  const out = writer();
  out.open(path, {}, null);
  const lies = [
    Buffer.alloc(0),
    CLOSE.subarray(0, 25),
    CLOSE.subarray(0, CLOSE.length - 1),
    Buffer.from(CLOSE),
    Buffer.from(CLOSE),
    Buffer.from(CLOSE),
  ];
  lies[3]?.writeUInt16LE(0xffff, 20);
  lies[4]?.writeUInt32LE(0xffffffff, 22);
  lies[5]?.writeUInt16LE(9, 26);
  for (const lie of lies) assert.throws(() => out.write(lie, 0), RangeError);
  out.write(CLOSE, 0);
  out.close();
  assert.equal(readCapture(path).records.length, 1);
});

test("events of plugins: id and data come back whatever their size", () => {
  const path = next(".scap.gz");
  const out = writer();
  out.open(path, {}, null);
  const large = Buffer.alloc(300_000, "x");
  assert.equal(out.writePlugin(5n, 999, Buffer.from('{"a":1}')), WriteResult.WRITTEN);
  assert.equal(out.writePlugin(6n, 4_000_000_000, large), WriteResult.WRITTEN);
  assert.equal(out.writePlugin(7n, 999, Buffer.alloc(0)), WriteResult.WRITTEN);
  assert.equal(out.writeAsync(8n, 0, "container", Buffer.from('{"container":{}}\0')), WriteResult.WRITTEN);
  out.close();
  assert.deepEqual([...readFileSync(path).subarray(0, 2)], [0x1f, 0x8b]);
  const { records } = readCapture(path, { ring: { heapBytes: 1 << 20 } });
  assert.deepEqual(
    records.map(({ type, time, tid, cpu }) => [type, time, tid, cpu]),
    [
      ["PLUGINEVENT_E", 5n, -1n, 0],
      ["PLUGINEVENT_E", 6n, -1n, 0],
      ["PLUGINEVENT_E", 7n, -1n, 0],
      ["ASYNCEVENT_E", 8n, -1n, 0],
    ],
  );
  assert.equal(records[0]?.params["plugin_id"], 999);
  assert.equal(String(records[0]?.params["event_data"]), '{"a":1}');
  assert.equal((records[1]?.params["plugin_id"] as number) >>> 0, 4_000_000_000);
  assert.ok(large.equals(records[1]?.params["event_data"] as Buffer));
  assert.equal(records[2]?.params["event_data"], null);
  assert.equal(records[3]?.params["name"], "container");
  assert.equal(String(records[3]?.params["data"]), '{"container":{}}\0');
});

test("a file has its name when it is whole, and nothing is left of one that is given up", () => {
  const path = next();
  const out = writer();
  out.open(path, {}, null);
  out.write(CLOSE, 0);
  out.flush();
  const part = `${path}.${process.pid}.part`;
  assert.ok(existsSync(part) && !existsSync(path));
  // What is there so far can be read already.
  assert.equal(readCapture(part).records.length, 1);
  out.close();
  assert.ok(!existsSync(part) && existsSync(path));
  const before = readFileSync(path);
  out.open(path, {}, null);
  out.write(CLOSE, 1);
  out.discard();
  assert.ok(!existsSync(part) && before.equals(readFileSync(path)));
});

test("a flushed gzip file can be read as far as it goes", () => {
  const path = next(".gz");
  const out = writer();
  out.open(path, {}, null);
  out.write(CLOSE, 0);
  out.flush();
  const read = readCapture(`${path}.${process.pid}.part`);
  assert.equal(read.records.length, 1);
  assert.equal(read.failure?.code, "CAPTURE_GZIP_TRUNCATED");
  out.close();
  assert.equal(readCapture(path).failure, null);
});

test("places that cannot be written are told by a code", () => {
  const out = writer();
  assert.equal(
    code(() => out.open(join(folder, "none", "x.scap"), {}, null)),
    "CAPTURE_CREATE",
  );
  assert.equal(
    code(() => out.open(folder, {}, null)),
    "CAPTURE_CREATE",
  );
  out.open("/dev/null", {}, null);
  out.write(CLOSE, 0);
  out.close();
  assert.ok(statSync("/dev/null").isCharacterDevice());
  for (const gzip of [false, true]) {
    out.open("/dev/full", { gzip }, null);
    assert.equal(
      code(() => {
        for (let i = 0; i < 20_000; i++) out.write(CLOSE, 0);
        out.close();
      }),
      "CAPTURE_SPACE",
    );
    assert.throws(() => out.write(CLOSE, 0), /not open/);
  }
});

test("a directory that appears where the file should go is an error, and the part goes away", () => {
  const path = join(folder, "taken");
  const out = writer();
  out.open(path, {}, null);
  out.write(CLOSE, 0);
  mkdirSync(path);
  writeFileSync(join(path, "inside"), "");
  assert.equal(
    code(() => out.close()),
    "CAPTURE_CREATE",
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("bounds: bytes, events, time; the event that does not fit is not written", () => {
  const at = (ts: bigint): Buffer => eventBytes("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, ts);
  const out = writer();
  const path = next();
  out.open(path, { mostBytes: 1000 }, null);
  let count = 0;
  while (out.write(CLOSE, 0) === WriteResult.WRITTEN) count++;
  out.close();
  assert.ok(count > 5 && statSync(path).size <= 1000 && statSync(path).size > 900);
  assert.equal(readCapture(path).records.length, count);

  out.open(next(), { mostEvents: 2 }, null);
  assert.deepEqual([out.write(CLOSE, 0), out.write(CLOSE, 0), out.write(CLOSE, 0)], [0, 0, WriteResult.FULL]);
  out.close();

  out.open(next(), { mostNs: 1000 }, null);
  assert.deepEqual([out.write(at(50n), 0), out.write(at(1049n), 0), out.write(at(1050n), 0)], [0, 0, WriteResult.FULL]);
  // One that is older than the first event does not make it full.
  assert.equal(out.write(at(40n), 0), WriteResult.WRITTEN);
  out.close();

  // However tight: a file has an event.
  out.open(next(), { mostBytes: 1 }, null);
  assert.deepEqual([out.write(CLOSE, 0), out.write(CLOSE, 0)], [0, WriteResult.FULL]);
  out.discard();
});

test("the bound of a gzip file holds, whatever the data, and little of it is left unused", () => {
  const noise = randomBytes(1 << 20);
  for (const mostBytes of [40_000, 524_288, 1_048_576]) {
    for (const kind of ["same", "numbers", "noise", "mixed"]) {
      for (const gzipLevel of [1, 6]) {
        const path = next(".scap.gz");
        const out = writer();
        out.open(path, { mostBytes, gzip: gzipLevel }, null);
        for (let i = 0, result = 0; result === WriteResult.WRITTEN; i++) {
          const at = (i * 797) % (noise.length - 400);
          const parts = {
            same: Buffer.alloc(400, "a"),
            numbers: Buffer.from(`{"n":${i},"hash":${Math.imul(i, 2654435761) >>> 0}}`),
            noise: noise.subarray(at, at + 400),
            mixed: i % 500 < 250 ? Buffer.alloc(400, "a") : noise.subarray(at, at + 400),
          };
          result = out.writePlugin(BigInt(i), 999, parts[kind as keyof typeof parts]);
        }
        out.close();
        const { size } = statSync(path);
        assert.ok(size <= mostBytes, `${kind}, level ${gzipLevel}: ${size} of ${mostBytes}`);
        assert.ok(size > mostBytes - 1000, `${kind}, level ${gzipLevel}: only ${size} of ${mostBytes}`);
      }
    }
  }
});

test("sections follow each other in one file", () => {
  const path = next();
  const memory = memoryOf();
  const interner = createInterner(memory);
  const out = new CaptureWriter(interner);
  const header = (name: string): SectionHeader => ({
    ...EMPTY,
    groups: [{ gid: 1, name: interner.intern(name) }],
  });
  out.open(path, {}, header("first"));
  out.write(CLOSE, 0);
  out.section(header("second"));
  out.write(CLOSE, 0);
  out.close();
  const read = readCapture(path);
  assert.deepEqual(
    read.headers.map(({ machine, groups }) => [machine, groups.map(({ name }) => read.dictionary.text(name))]),
    [
      [null, ["first"]],
      [null, ["second"]],
    ],
  );
  assert.deepEqual(
    read.records.map(({ section }) => section),
    [0, 1],
  );
});

const EMPTY: SectionHeader = { machine: null, interfaces: [], users: [], groups: [], threads: [], fds: [] };

const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const id = fc.integer({ min: -1, max: 1 << 22 });
/** Text without NUL, one character a byte. */
const text = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)), maxLength: 40 });
const vector = fc.array(text, { maxLength: 4 }).map((list) => list.join("\0").replace(/\0+$/, ""));
const port = fc.nat({ max: 65_535 });
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

const thread = fc.record({
  ...Object.fromEntries(["tid", "pid", "ptid", "sid", "vpgid", "pgid", "vtid", "vpid"].map((key) => [key, id])),
  ...Object.fromEntries(
    ["flags", "uid", "gid", "loginuid", "tty", "vmSize", "vmRss", "vmSwap"].map((key) => [key, u32]),
  ),
  ...Object.fromEntries(["comm", "exe", "exepath", "cwd", "root"].map((key) => [key, text])),
  ...Object.fromEntries(["args", "env", "cgroups"].map((key) => [key, vector])),
  ...Object.fromEntries(
    ["fdLimit", "capInheritable", "capPermitted", "capEffective", "exeIno", "exeCtime", "exeMtime", "pidnsStart"].map(
      (key) => [key, u64],
    ),
  ),
  exeFlags: fc.nat({ max: 15 }),
});

const NO_FILE = { l4: fc.nat({ max: 5 }), openFlags: fc.constant(0), dev: fc.constant(0) };
const NO_SOCKET = { socket: fc.constant(null), l4: fc.constant(0) };
const inet = (address: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(address, port, address, port).map(([a, p, b, q]) => latin1(inetTuple(a, p, b, q)));
const listening = (address: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(address, port).map(([a, p]) => latin1(inetAddress(a, p)));
const place = { tid: fc.nat({ max: 9 }), fd: fc.nat(), ino: u64 };
const fd = fc.oneof(
  ...(
    [
      [3, inet(ipv4)],
      [4, inet(ipv6)],
      [5, listening(ipv4)],
      [6, listening(ipv6)],
    ] as const
  ).map(([kind, socket]) =>
    fc.record({ ...place, kind: fc.constant(kind), socket, ...NO_FILE, name: fc.constant(null) }),
  ),
  fc
    .record({
      ...place,
      kind: fc.constant(8),
      source: u64,
      peer: u64,
      l4: fc.constant(0),
      openFlags: fc.constant(0),
      dev: fc.constant(0),
      name: text,
    })
    .map(({ source, peer, ...entry }) => ({ ...entry, socket: latin1(unixTuple(source, peer, entry.name)) })),
  fc.record({ ...place, kind: fc.constant(16), ...NO_SOCKET, openFlags: u32, dev: u32, name: text }),
  fc.record({
    ...place,
    kind: fc.constantFrom(1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21),
    ...NO_SOCKET,
    openFlags: fc.constant(0),
    dev: fc.constant(0),
    name: text,
  }),
);

const header = fc.record({
  machine: fc.option(fc.record({ cpus: u32, memoryBytes: u64, hostname: text, bootTime: u64 })),
  interfaces: fc.array(
    fc
      .oneof(ipv4, ipv6)
      .chain((address) => fc.record({ address: fc.constant(address), netmask: fc.constant(address), name: text })),
    { maxLength: 3 },
  ),
  users: fc.array(fc.record({ uid: u32, gid: u32, name: text, home: text, shell: text }), { maxLength: 3 }),
  groups: fc.array(fc.record({ gid: u32, name: text }), { maxLength: 3 }),
  threads: fc.array(thread, { maxLength: 5 }),
  fds: fc.array(fd, { maxLength: 8 }),
});

test("property: whatever the lists of a section say is read back", () => {
  const memory = memoryOf();
  const interner = createInterner(memory);
  const out = new CaptureWriter(interner);
  const path = next();
  const STRINGS = [
    "comm",
    "exe",
    "exepath",
    "cwd",
    "root",
    "args",
    "env",
    "cgroups",
    "name",
    "home",
    "shell",
    "socket",
  ];
  const ids = <T extends object>(entry: T): object =>
    Object.fromEntries(
      Object.entries(entry).map(([key, value]) => [
        key,
        STRINGS.includes(key) ? (value === null ? 0 : interner.intern(value as string)) : value,
      ]),
    );
  fc.assert(
    fc.property(header, fc.boolean(), (sample, gzip) => {
      out.open(
        path,
        { gzip },
        {
          machine: sample.machine,
          interfaces: sample.interfaces,
          users: sample.users.map((entry) => ids(entry) as SectionHeader["users"][number]),
          groups: sample.groups.map((entry) => ids(entry) as SectionHeader["groups"][number]),
          threads: sample.threads.map((entry) => ids(entry) as unknown as ThreadEntry),
          fds: sample.fds.map((entry) => ids(entry) as unknown as FdEntry),
        },
      );
      out.write(CLOSE, 0);
      out.close();
      const read = readCapture(path);
      const [first] = read.headers;
      assert.ok(first !== undefined && read.failure === null);
      // Records of fast-check have no prototype.
      const entries = (list: readonly object[]): object[] => list.map((entry) => ({ ...entry }));
      const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
      assert.deepEqual(plainHeader(first, read), {
        machine: sample.machine === null ? null : { ...sample.machine },
        users: entries(sample.users),
        groups: entries(sample.groups),
        threads: entries(sample.threads),
        fds: entries(sample.fds),
        interfaces: [...sample.interfaces]
          .sort((a, b) => a.address.length - b.address.length)
          .map(({ address, netmask, name }) => ({ address: hex(address), netmask: hex(netmask), name })),
      });
    }),
    { seed: 0x5ca9, numRuns: 200 },
  );
});
