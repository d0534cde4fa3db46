// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ABSENT, createDictionary, Dictionary, EMPTY, PathFlag } from "../../src/batch/dictionary.js";
import type { Interner } from "../../src/batch/interner.js";
import { createInterner } from "../../src/capture/addon.js";

const SEED = 20_241_124;

function make(ids = 1 << 16, bytes = 4 << 20): { interner: Interner; dictionary: Dictionary } {
  const buffers = createDictionary(ids, bytes);
  return { interner: createInterner(buffers), dictionary: new Dictionary(buffers) };
}

/** The path rules in their plainest form. */
function slowJoin(dir: string, name: string): string {
  if (name === "") return "";
  const from = name.startsWith("/") || dir === "" ? "" : dir.endsWith("/") ? dir : `${dir}/`;
  const whole = from + name;
  if (whole.length > 1023) return "/DIR_TOO_LONG/FILENAME_TOO_LONG";
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return (whole.startsWith("/") ? "/" : "") + parts.join("/");
}

function slowFlags(text: string): number {
  if (!text.startsWith("/")) return 0;
  const isNormal = text.length <= 1023 && slowJoin("", text) === text;
  return PathFlag.ABSOLUTE | (isNormal ? PathFlag.NORMAL : 0);
}

const binary = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 70 }).map((bytes) => String.fromCharCode(...bytes)),
  fc.nat({ max: 300 }).map((n) => `/usr/lib/x86_64-linux-gnu/lib${n}.so`),
  fc.integer({ min: 0, max: 200 }).map((n) => "x".repeat(n)),
);
const segment = fc.constantFrom("a", "bc", ".", "..", "", "...", ".x", "d\xff");
const path = fc
  .tuple(fc.boolean(), fc.array(segment, { maxLength: 8 }), fc.boolean())
  .map(([root, parts, slash]) => (root ? "/" : "") + parts.join("/") + (slash ? "/" : ""));

test("the empty string has id 1, and is never counted", () => {
  const { interner, dictionary } = make();
  assert.equal(interner.intern(""), EMPTY);
  assert.equal(interner.internBytes(new Uint8Array(4), 2, 2), EMPTY);
  assert.equal(interner.count, 0);
  assert.equal(dictionary.text(EMPTY), "");
  assert.equal(dictionary.text(ABSENT), "");
});

test("equal strings have one id, others have others, and the text comes back", () => {
  const { interner, dictionary } = make();
  const known = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(binary, { minLength: 1, maxLength: 60 }), (texts) => {
      for (const text of texts) {
        const id = interner.intern(text);
        assert.equal(known.get(text) ?? id, id);
        if (text !== "") known.set(text, id);
        assert.equal(dictionary.text(id), text);
        const bytes = Buffer.from(`??${text}?`, "latin1");
        assert.equal(interner.internBytes(bytes, 2, 2 + text.length), id);
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
  assert.equal(new Set(known.values()).size, known.size);
  assert.equal(interner.count, known.size);
  assert.equal(
    interner.bytes,
    [...known.keys()].reduce((sum, text) => sum + text.length, 0),
  );
});

test("a hundred thousand strings of one length keep their ids while the table grows", () => {
  const { interner, dictionary } = make(1 << 17);
  const ids = new Int32Array(100_000);
  for (let i = 0; i < ids.length; i++) ids[i] = interner.intern(`/proc/${i + 100_000}/stat`);
  for (let i = 0; i < ids.length; i++) {
    assert.equal(interner.intern(`/proc/${i + 100_000}/stat`), ids[i]);
    assert.equal(ids[i], i + 2);
  }
  assert.equal(dictionary.text(ids[77_777] as number), "/proc/177777/stat");
  assert.equal(interner.lost, 0);
});

test("path flags say what is absolute and what is normal", () => {
  const { interner, dictionary } = make();
  for (const [text, flags] of [
    ["/", 3],
    ["/a", 3],
    ["/a/b.c/..d", 3],
    ["/a/", 1],
    ["//", 1],
    ["/a//b", 1],
    ["/a/./b", 1],
    ["/a/..", 1],
    ["/.", 1],
    ["a/b", 0],
    [`/${"x".repeat(1022)}`, 3],
    [`/${"x".repeat(1023)}`, 1],
  ] as const) {
    assert.equal(dictionary.pathFlags(interner.intern(text)), flags, text.slice(0, 20));
  }
  fc.assert(
    fc.property(path, (text) => {
      assert.equal(dictionary.pathFlags(interner.intern(text)), slowFlags(text));
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("join equals the slow rules", () => {
  const { interner, dictionary } = make();
  const join = (dir: string, name: string): string =>
    dictionary.text(interner.join(interner.intern(dir), interner.intern(name)));
  assert.equal(join("/etc/", "passwd"), "/etc/passwd");
  assert.equal(join("/a/b/", "../../../x"), "/x");
  assert.equal(join("/a/b/", "/x/./y//"), "/x/y");
  assert.equal(join("<UNKNOWN>/", "p"), "<UNKNOWN>/p");
  assert.equal(join("/a/", "."), "/a");
  assert.equal(interner.join(interner.intern("/a"), EMPTY), EMPTY);
  assert.equal(interner.join(ABSENT, ABSENT), EMPTY);
  for (const size of [500, 1022, 1023, 1024, 2000]) {
    const name = "n".repeat(size);
    assert.equal(join("", name), slowJoin("", name));
    assert.equal(join("/dir", name), slowJoin("/dir", name));
  }
  fc.assert(
    fc.property(path, path, (dir, name) => {
      assert.equal(join(dir, name), slowJoin(dir, name));
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

test("a sweep frees what is not marked, keeps ids, and gives the room back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ add: fc.array(binary, { maxLength: 40 }), keep: fc.integer({ min: 1, max: 4 }) }), {
        maxLength: 8,
      }),
      (rounds) => {
        const { interner, dictionary } = make(2048, 64 * 1024);
        const model = new Map<string, number>();
        for (const { add, keep } of rounds) {
          for (const text of add) {
            if (text === "") continue;
            const id = interner.intern(text);
            assert.equal(model.get(text) ?? id, id);
            model.set(text, id);
          }
          const marks = new Uint8Array(dictionary.capacity);
          for (const [text, id] of [...model]) {
            if (id % keep === 0) marks[id] = 1;
            else model.delete(text);
          }
          interner.sweep(marks);
          assert.equal(interner.count, model.size);
          assert.equal(
            interner.bytes,
            [...model.keys()].reduce((sum, text) => sum + text.length, 0),
          );
          for (const [text, id] of model) {
            assert.equal(dictionary.text(id), text);
            assert.equal(dictionary.pathFlags(id), slowFlags(text));
            assert.equal(interner.intern(text), id);
          }
          assert.equal(interner.lost, 0);
        }
        assert.equal(new Set(model.values()).size, model.size);
      },
    ),
    { seed: SEED, numRuns: 200 },
  );
});

test("a full dictionary answers absent and counts it, and recovers after a sweep", () => {
  const few = make(10, 1 << 16);
  for (let i = 0; i < 8; i++) assert.notEqual(few.interner.intern(`text ${i}`), ABSENT);
  assert.equal(few.interner.intern("one more"), ABSENT);
  assert.equal(few.interner.intern("text 3"), 5);
  assert.equal(few.interner.lost, 1);

  const small = make(1000, 1000);
  assert.notEqual(small.interner.intern("x".repeat(900)), ABSENT);
  assert.equal(small.interner.intern("y".repeat(200)), ABSENT);
  assert.notEqual(small.interner.intern("y".repeat(100)), ABSENT);
  assert.equal(small.interner.lost, 1);
  small.interner.sweep(new Uint8Array(1000));
  assert.equal(small.interner.count, 0);
  assert.notEqual(small.interner.intern("z".repeat(1000)), ABSENT);
});

test("marks may be shorter than the dictionary, and long texts are whole", () => {
  const { interner, dictionary } = make();
  const long = "long ".repeat(20_000);
  const id = interner.intern(long);
  assert.equal(dictionary.text(id), long);
  interner.sweep(new Uint8Array(0));
  assert.equal(interner.count, 0);
});

test("misuse is an exception", () => {
  const { interner } = make();
  assert.throws(() => interner.intern(5 as unknown as string), TypeError);
  assert.throws(() => interner.internBytes(new Uint8Array(4), 2, 5), RangeError);
  assert.throws(() => interner.internBytes(new Uint16Array(4) as unknown as Uint8Array, 0, 1), TypeError);
  assert.throws(() => interner.join("a" as unknown as number, 1), TypeError);
  assert.throws(() => createInterner(createDictionary(1, 10)), RangeError);
});
