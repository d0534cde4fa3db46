// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTime } from "../../plugins/common/rfc3339.js";

test("times as Date reads them, and digits that it does not have", () => {
  const range = { min: new Date("1970-01-02T00:00:00Z"), max: new Date("2262-04-10T00:00:00Z"), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(range), fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
      const whole = BigInt(Math.floor(date.getTime() / 1000)) * 1_000_000_000n;
      assert.equal(parseTime(`${date.toISOString().slice(0, 19)}Z`), whole);
      assert.equal(parseTime(date.toISOString()), BigInt(date.getTime()) * 1_000_000n);
      const pad = (n: number): string => String(Math.abs(Math.trunc(n))).padStart(2, "0");
      const zone = `${offset < 0 ? "-" : "+"}${pad(offset / 60)}:${pad(offset % 60)}`;
      const text = `${date.toISOString().slice(0, 19)}.123456789${zone}`;
      assert.equal(parseTime(text), whole + 123_456_789n - BigInt(offset) * 60_000_000_000n);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

test("what is no time", () => {
  const texts = [
    "",
    "soon",
    "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-01T24:00:00Z",
  ];
  texts.push(
    "2026-01-01T00:60:00Z",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.Z",
    "2026-01-0xT00:00:00Z",
  );
  for (const text of texts) assert.equal(parseTime(text), undefined, text);
  // Times that no event can have.
  for (const text of [
    "1960-01-01T00:00:00Z",
    "1970-01-01T00:00:00+00:01",
    "2262-04-12T00:00:00Z",
    "9999-12-31T23:59:59Z",
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
  assert.equal(parseTime("1970-01-01T00:00:00Z"), 0n);
  assert.equal(parseTime("2024-02-29T00:00:00Z"), 1709164800000000000n);
});
