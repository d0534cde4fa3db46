// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { EventCursor, firstSection, listedIds } from "../../bench/grow/blocks.js";
import { SeedFile } from "../../bench/grow/cache.js";
import { isRenamed, rename, replaceable } from "../../bench/grow/rename.js";
import { analyse, type Seed } from "../../bench/grow/seed.js";
import { syntheticSeed } from "../../bench/grow/synthetic.js";
import { type Growth, grownBytes, grownChunks, idShift } from "../../bench/grow/write.js";
import { EVENTS, EventType } from "../../src/batch/event-table.generated.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { ScapBuilder, temporaryFile } from "../support/scap-builder.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-grow-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const SEED = syntheticSeed(3000);

function grow(seed: Seed, growth: Partial<Growth> = {}): Buffer {
  const full = { events: seed.section.events * 12, shifted: true, gzip: false, ...growth };
  const bytes = Buffer.concat([...grownChunks(seed, full, true)]);
  assert.equal(bytes.length, grownBytes(seed, full));
  return bytes;
}

/** Of each event: type, time, thread id, parameters. */
interface Flat {
  readonly type: number;
  readonly time: bigint;
  readonly tid: number;
  readonly params: Buffer[];
}

function flatten(bytes: Buffer): Flat[] {
  const section = firstSection(bytes);
  const cursor = new EventCursor(section);
  const flat: Flat[] = [];
  while (cursor.move()) {
    flat.push({
      type: cursor.type,
      time: bytes.readBigUInt64LE(cursor.time),
      tid: Number(bytes.readBigUInt64LE(cursor.time + 8)),
      params: Array.from({ length: cursor.count }, (_, i) => {
        const start = cursor.starts[i] as number;
        return bytes.subarray(start, start + (cursor.lengths[i] as number));
      }),
    });
  }
  return flat;
}

test("each type occurs repetitions times as often, and the header stands once", () => {
  const seed = analyse(SEED);
  const bytes = grow(seed);
  const grown = analyse(bytes);
  assert.equal(grown.section.events, seed.section.events * 12);
  assert.ok(seed.types.size > 5);
  for (const [type, count] of seed.types) assert.equal(grown.types.get(type), count * 12);
  assert.deepEqual(bytes.subarray(0, seed.section.eventsStart), SEED.subarray(0, seed.section.eventsStart));
});

test("the first repetition is the seed, times never go back, no thread id comes twice", () => {
  const seed = analyse(SEED);
  const bytes = grow(seed);
  const { eventsStart, eventsEnd } = seed.section;
  assert.deepEqual(bytes.subarray(eventsStart, eventsEnd), SEED.subarray(eventsStart, eventsEnd));
  const flat = flatten(bytes);
  const owner = new Map<number, number>();
  let last = 0n;
  flat.forEach((event, n) => {
    assert.ok(event.time >= last);
    last = event.time;
    const repetition = Math.floor(n / seed.section.events);
    assert.equal(owner.get(event.tid) ?? repetition, repetition);
    owner.set(event.tid, repetition);
    assert.ok(event.tid < 4_194_304);
  });
});

test("ids in parameters are shifted as the thread's own id is", () => {
  const seed = analyse(SEED);
  const flat = flatten(grow(seed));
  const once = flat.slice(0, seed.section.events);
  let clones = 0;
  for (let repetition = 0; repetition < 12; repetition++) {
    const shift = idShift(seed, repetition);
    once.forEach((original, n) => {
      const event = flat[repetition * once.length + n];
      assert.ok(event);
      assert.equal(event.tid, original.tid + shift);
      const names = EVENTS[original.type]?.params.map((param) => param.name) ?? [];
      for (const name of ["tid", "pid", "vtid", "vpid", "pgid"]) {
        const index = names.indexOf(name);
        if (index < 0 || original.params[index]?.length !== 8) continue;
        const value = original.params[index]?.readBigInt64LE() ?? 0n;
        assert.equal(event.params[index]?.readBigInt64LE(), value + BigInt(shift), name);
      }
      if (original.type === EventType.SYSCALL_CLONE_20_X) {
        clones++;
        const result = original.params[0]?.readBigInt64LE() ?? 0n;
        assert.equal(event.params[0]?.readBigInt64LE(), result === 0n ? 0n : result + BigInt(shift));
      }
      // Init is init in every repetition.
      if (original.type === EventType.PROCEXIT_1_E) assert.equal(event.params[4]?.readBigInt64LE(), 1n);
    });
  }
  assert.ok(clones > 100);
});

test("about a fifth of the names are others, of the same length, one name for one string in a repetition", () => {
  const seed = analyse(SEED);
  const grown = analyse(grow(seed));
  const sites = seed.names.length;
  let renamed = 0;
  for (let repetition = 0; repetition < 12; repetition++) {
    const names = new Map<number, string>();
    for (let i = 0; i < sites; i++) {
      const original = seed.strings[seed.nameStrings[i] as number];
      const other = grown.strings[grown.nameStrings[repetition * sites + i] as number];
      assert.ok(original && other);
      assert.equal(other.bytes.length, original.bytes.length);
      const text = other.bytes.toString("latin1");
      const index = seed.nameStrings[i] as number;
      assert.equal(names.get(index) ?? text, text);
      names.set(index, text);
      if (!other.bytes.equals(original.bytes)) renamed++;
    }
  }
  const share = renamed / (sites * 11);
  assert.ok(share > 0.1 && share < 0.3, `${share}`);
});

test("unshifted: the same bytes again", () => {
  const seed = analyse(SEED);
  const { eventsStart, eventsEnd } = seed.section;
  const events = SEED.subarray(eventsStart, eventsEnd);
  const bytes = grow(seed, { shifted: false, events: seed.section.events * 3 });
  assert.deepEqual(bytes.subarray(eventsStart), Buffer.concat([events, events, events]));
});

test("ids that would pass the highest one begin again", () => {
  const builder = new ScapBuilder().section();
  for (const tid of [1000, 2_000_000]) builder.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, { tid });
  const seed = analyse(builder.build());
  assert.equal(idShift(seed, 1), 1_999_001);
  assert.equal(idShift(seed, 2), 0);
});

test("old framing, unknown types and events without a time pass", () => {
  const seed = analyse(
    new ScapBuilder()
      .section()
      .event(
        "SYSCALL_OPEN_X",
        { fd: 3, name: "/tmp/some-file", flags: 0, mode: 0 },
        { tid: 77, framing: 1, nparams: 4 },
      )
      .rawEvent(60_000, [Buffer.from("abc")], { tid: 77 })
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, { tid: 77, ts: 0xffffffffffffffffn })
      .build(),
  );
  const flat = flatten(grow(seed, { events: 30 }));
  assert.equal(flat.length, 30);
  assert.equal(flat[29]?.time, 0xffffffffffffffffn);
  assert.equal(flat[27]?.params[1]?.length, "/tmp/some-file".length + 1);
  assert.equal(flat[28]?.type, 60_000);
  assert.equal(flat[28]?.tid, 77 + idShift(seed, 9));
});

test("only the first section is repeated", () => {
  const builder = new ScapBuilder();
  for (let i = 0; i < 2; i++) builder.section().event("SYSCALL_CLOSE_X", { res: 0, fd: i }, { tid: 5 });
  assert.equal(analyse(builder.build()).section.events, 1);
});

test("the process list's ids are known", () => {
  const bytes = new ScapBuilder()
    .section()
    .threads([
      { tid: 7, ptid: 3 },
      { tid: 9, pid: 7, ptid: 3 },
    ])
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { tid: 9 })
    .build();
  assert.deepEqual([...listedIds(firstSection(bytes))].sort(), [3, 7, 9]);
  assert.equal(analyse(bytes).listedThreadEvents, 1);
});

test("a name keeps its directory and its extension", () => {
  const text = "/usr/lib/some-module.conf\0";
  const bytes = Buffer.from(text, "latin1");
  const places = replaceable(bytes);
  const other = rename(bytes, places, 1234, 7).toString("latin1");
  assert.match(other, /^\/usr\/lib\/[a-z0-9-]{11}\.conf\0$/);
  assert.notEqual(other, text);
  assert.equal(rename(bytes, places, 1234, 7).toString("latin1"), other);
  assert.notEqual(rename(bytes, places, 1234, 8).toString("latin1"), other);
  assert.deepEqual(replaceable(Buffer.from("/\0")), []);
  assert.deepEqual(replaceable(Buffer.from("..\0")), []);
  assert.equal(isRenamed(1234, 0), false);
});

test("bad captures are refused with the place", () => {
  const good = new ScapBuilder().section().event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }).build();
  const bad = (bytes: Buffer, offset: number): void => {
    assert.throws(
      () => analyse(bytes),
      (error: unknown) =>
        error instanceof PeregrineError && error.code === "BENCH_SEED" && error.place.offset === offset,
    );
  };
  bad(Buffer.from("no capture at all, but some text"), 0);
  bad(good.subarray(0, 28), 28);
  bad(Buffer.concat([good, good.subarray(28, 50)]), good.length);
  bad(
    new ScapBuilder()
      .section()
      .event("SYSCALL_CLOSE_X", {}, { lengths: { 0: 900 } })
      .build(),
    28,
  );
});

test("files are kept, made once, and equal but for compression", async () => {
  const seed = new SeedFile(temporaryFile(SEED));
  const growth = { events: 10_000, shifted: true, gzip: false };
  const plain = await seed.grow(folder, growth, () => {});
  const zipped = await seed.grow(folder, { ...growth, gzip: true }, () => {});
  assert.ok(plain.events >= 10_000 && plain.events < 10_000 + plain.seedEvents);
  assert.deepEqual(gunzipSync(readFileSync(zipped.path)), readFileSync(plain.path));
  const made = statSync(plain.path).mtimeMs;
  assert.equal((await seed.grow(folder, growth, () => {})).path, plain.path);
  assert.equal(statSync(plain.path).mtimeMs, made);
  assert.ok(readdirSync(folder).every((name) => !name.endsWith(".part")));
});

test("too little room is told, and nothing is left behind", async () => {
  const seed = new SeedFile(temporaryFile(SEED));
  const growth = { events: 1e13, shifted: true, gzip: false };
  await assert.rejects(
    seed.grow(join(folder, "full"), growth, () => {}),
    (error: unknown) =>
      error instanceof PeregrineError && error.code === "BENCH_SPACE" && /needs .* MiB/.test(error.message),
  );
  assert.deepEqual(existsSync(join(folder, "full")) ? readdirSync(join(folder, "full")) : [], []);
});
