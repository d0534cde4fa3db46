// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import { CorruptData, inflate } from "../../plugins/cloudtrail/inflate.js";

/** What comes out, and why it ends; "" where it ends well. */
async function inflated(bytes: Uint8Array, step: number): Promise<{ text: string; error: string }> {
  const input = (async function* () {
    for (let i = 0; i < bytes.length; i += step) yield bytes.subarray(i, i + step);
  })();
  const pieces: Uint8Array[] = [];
  let error = "";
  try {
    for await (const piece of inflate(input)) pieces.push(piece);
  } catch (cause) {
    assert.ok(cause instanceof CorruptData);
    error = cause.message;
  }
  return { text: Buffer.concat(pieces).toString(), error };
}

const records = Array.from({ length: 30_000 }, (_, i) => JSON.stringify({ name: `x${(i * 7919) % 10_007}`, i }));
const text = records.join("\n");
const whole = gzipSync(text);
const named = Buffer.concat([
  Buffer.from([0x1f, 0x8b, 8, 31, 0, 0, 0, 0, 0, 3, 3, 0, 7, 7, 7]),
  Buffer.from("n\0c\0"),
  Buffer.from([0, 0]),
]);

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

test("whole files, of one member or more, with all that a header may have, and padded", async () => {
  for (const step of [1 << 20, 1000]) {
    assert.deepEqual(await inflated(whole, step), { text, error: "" });
    assert.deepEqual(await inflated(Buffer.concat([whole, Buffer.alloc(600)]), step), { text, error: "" });
    const two = Buffer.concat([whole, named, whole.subarray(10)]);
    assert.deepEqual(await inflated(two, step), { text: text + text, error: "" });
  }
  assert.deepEqual(await inflated(whole, 7), { text, error: "" });
});

test("of a damaged file all comes out that can be inflated, before it is told what is wrong", async () => {
  for (const step of [1 << 20, 1000]) {
    const cases: readonly (readonly [bytes: Uint8Array, error: RegExp])[] = [
      [changed(whole, whole.length - 7), /incorrect data check/],
      [changed(whole, whole.length - 2), /incorrect data check/],
      [Buffer.concat([whole, Buffer.from("garbage")]), /something else behind it/],
      [Buffer.concat([whole, Buffer.from([0x1f])]), /something else behind it/],
      [whole.subarray(0, whole.length - 3), /unexpected end of file/],
    ];
    for (const [bytes, error] of cases) {
      const found = await inflated(bytes, step);
      assert.match(found.error, error);
      assert.ok(found.text === text, `${error}: ${found.text.length} of ${text.length}`);
    }
    const cut = whole.subarray(0, whole.length >> 1);
    const half = await inflated(cut, step);
    assert.match(half.error, /unexpected end of file/);
    const { stdout } = spawnSync("zcat", { input: cut, maxBuffer: 1 << 24 });
    assert.equal(half.text.length, stdout.length, "as much as zcat has");
    const bad = await inflated(changed(whole, whole.length >> 1), step);
    assert.match(bad.error, /not valid gzip/);
    const same = [...bad.text].findIndex((c, i) => c !== text[i]);
    assert.ok((same < 0 ? bad.text.length : same) > text.length / 3, "what stands before the damage");
    assert.match((await inflated(whole.subarray(0, 7), step)).error, /its header is bad/);
  }
});

test("where the data itself is damaged all comes out that the library makes of it, byte by byte", async () => {
  // A block of the type that is none ends what can be inflated, and the library fails at it.
  const firm = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  const damaged = Buffer.concat([whole.subarray(0, 10), firm, Buffer.alloc(9000, 0xff)]);
  for (const step of [1 << 20, 1000]) {
    const found = await inflated(damaged, step);
    assert.match(found.error, /not valid gzip: invalid block type/);
    assert.ok(found.text === text, `${found.text.length} of ${text.length}`);
  }
});

/** A member whose data is followed by a block of the type that is none. */
function damagedBehind(data: Uint8Array): Uint8Array {
  const firm = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, level: 1 });
  return Buffer.concat([whole.subarray(0, 10), firm, Buffer.alloc(100_000, 0xff)]);
}

test("nothing is delivered twice where a little data becomes much before the damage", async () => {
  const lines = records.slice(0, 1000).join("\n");
  for (const much of [lines.repeat(100), `${"x".repeat(3_000_000)}${text}`, `${text}${"x".repeat(3_000_001)}`]) {
    const found = await inflated(damagedBehind(Buffer.from(much)), 1 << 20);
    assert.match(found.error, /not valid gzip: invalid block type/);
    assert.ok(found.text === much, `${found.text.length} of ${much.length}`);
  }
});

test("of a member that is too long to be kept less than 64 KiB before the damage are lost", async () => {
  // Letters that do not repeat: they are compressed by a quarter.
  const much = randomBytes(18 << 20).toString("base64");
  const found = await inflated(damagedBehind(Buffer.from(much)), 1 << 20);
  assert.match(found.error, /not valid gzip: invalid block type/);
  assert.ok(much.startsWith(found.text));
  assert.ok(much.length - found.text.length < 64 * 1024, `${found.text.length} of ${much.length}`);
});
