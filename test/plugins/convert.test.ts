// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { converter, WRONG } from "../../src/plugins/convert.js";
import type { FieldType } from "../../src/sdk/index.js";

const one = (type: FieldType) => converter({ type, desc: "d" });
const many = (type: FieldType) => converter({ type, desc: "d", list: true });
const TYPES: readonly FieldType[] = ["string", "uint64", "bool", "reltime", "abstime", "ipaddr", "ipnet", "bytes"];
/** Bytes of a binary string. */
const bytesOf = (value: unknown): Buffer => Buffer.from(value as string, "latin1");

test("texts become binary strings that are their UTF-8, and read back as they were", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(bytesOf(one("string")(text)).toString("utf8"), Buffer.from(text).toString("utf8"));
    }),
    { seed: 1 },
  );
});

test("bytes become binary strings of the same bytes, views as well", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(4), (bytes, skip) => {
      const view = bytes.subarray(Math.min(skip, bytes.length));
      assert.deepEqual(bytesOf(one("bytes")(view)), Buffer.from(view));
    }),
    { seed: 1 },
  );
});

test("numbers keep their value: a bigint only where a number would not", () => {
  for (const type of ["uint64", "reltime", "abstime"] as const) {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (number) => {
        const value = one(type)(number);
        assert.equal(BigInt(value as bigint), number);
        assert.equal(typeof value, number <= BigInt(Number.MAX_SAFE_INTEGER) ? "number" : "bigint");
      }),
      { seed: 1 },
    );
    for (const bad of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n, 2n ** 64n, "1", true]) {
      assert.equal(one(type)(bad), WRONG, `${type} ${String(bad)}`);
    }
  }
});

test("addresses and networks have one of two lengths", () => {
  for (const length of Array.from({ length: 40 }, (_, i) => i)) {
    const bytes = new Uint8Array(length);
    assert.equal(one("ipaddr")(bytes) === WRONG, length !== 4 && length !== 16, `address of ${length}`);
    assert.equal(one("ipnet")(bytes) === WRONG, length !== 8 && length !== 32, `network of ${length}`);
  }
});

test("whatever is given, a value of the field's type comes out, or that it is wrong, and nothing is thrown", () => {
  const kinds: Readonly<Record<FieldType, readonly string[]>> = {
    ...{ string: ["string"], bytes: ["string"], ipaddr: ["string"], ipnet: ["string"], bool: ["boolean"] },
    ...{ uint64: ["number", "bigint"], reltime: ["number", "bigint"], abstime: ["number", "bigint"] },
  };
  const anything = fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, withMap: true });
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), anything, (type, given) => {
      const value = one(type)(given);
      if (value === undefined) assert.ok(given === undefined || given === null);
      else if (value !== WRONG) assert.ok(kinds[type].includes(typeof value));
      const list = many(type)(given);
      if (list !== undefined && list !== WRONG) assert.ok(Array.isArray(given) && Array.isArray(list));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test("a list has the members as texts; an empty one is absent, one wrong member makes it wrong", () => {
  assert.deepEqual(many("string")(["a", "ä"]), ["a", "\xc3\xa4"]);
  assert.deepEqual(many("uint64")([1, 2n ** 64n - 1n]), ["1", "18446744073709551615"]);
  assert.deepEqual(many("bool")([true, false]), ["true", "false"]);
  assert.equal(many("string")([]), undefined);
  assert.equal(many("string")(["a", 1]), WRONG);
  assert.equal(many("string")("a"), WRONG);
});

test("what is far too long is wrong", () => {
  const long = 16 * 1024 * 1024;
  assert.notEqual(one("string")("x".repeat(long)), WRONG);
  assert.equal(one("string")("x".repeat(long + 1)), WRONG);
  assert.equal(one("bytes")(new Uint8Array(long + 1)), WRONG);
});
