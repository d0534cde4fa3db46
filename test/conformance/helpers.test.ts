// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, exact, parseExact } from "./json.js";
import { readKnownFailures, staleEntries } from "./known.js";

test("integers beyond 2^53 keep their digits", () => {
  const line = '{"time":1795492400462942601,"small":12,"text":"1795492400462942601 \\" 18446744073709551615"}';
  const near = line.replace('"time":1795492400462942601', '"time":1795492400462942602');
  assert.notEqual(canonical(parseExact(line)), canonical(parseExact(near)));
  assert.equal(canonical(parseExact(line)), canonical(parseExact(line)));
  assert.deepEqual(parseExact(line), {
    time: exact(1795492400462942601n),
    small: 12,
    text: '1795492400462942601 " 18446744073709551615',
  });
});

test("the order of keys does not matter, that of items does", () => {
  assert.equal(canonical({ b: [1, 2], a: null }), canonical({ a: null, b: [1, 2] }));
  assert.notEqual(canonical([1, 2]), canonical([2, 1]));
});

test("a known failure that passes, or that names nothing, is stale", () => {
  const known = new Map([
    ["a", "reason"],
    ["b", "reason"],
    ["c", "reason"],
  ]);
  const stale = staleEntries(known, [
    { id: "a", ok: false, detail: "" },
    { id: "b", ok: true, detail: "" },
  ]);
  assert.deepEqual(
    stale.map((line) => line[0]),
    ["b", "c"],
  );
});

test("known-failures.json is well-formed and each entry has a reason", () => {
  for (const [id, reason] of readKnownFailures()) assert.ok(reason.length > 20, id);
});
