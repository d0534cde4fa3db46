// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";

import { ParamType } from "../../src/batch/event-table.generated.js";
import {
  isMistake,
  parseAddress,
  parseBool,
  parseHexBytes,
  parseInteger,
  parseNetwork,
  parsePort,
} from "../../src/rules/constants.js";

describe("parseInteger", () => {
  const table: readonly (readonly [string, number, bigint | null])[] = [
    ["5", ParamType.INT64, 5n],
    ["+5", ParamType.INT64, 5n],
    [" -5", ParamType.INT64, -5n],
    ["5 ", ParamType.INT64, null],
    ["", ParamType.INT64, null],
    ["-", ParamType.INT64, null],
    ["0x5", ParamType.INT64, null],
    ["1e+3", ParamType.INT64, null],
    ["300", ParamType.UINT8, 44n],
    ["-1", ParamType.UINT32, 0xffffffffn],
    ["-1", ParamType.UINT64, 0xffffffffffffffffn],
    ["18446744073709551615", ParamType.UINT64, 0xffffffffffffffffn],
    ["18446744073709551616", ParamType.UINT64, null],
    ["200", ParamType.INT8, -56n],
    ["-1", ParamType.FD, -1n],
    ["5", ParamType.DOUBLE, 5n],
  ];
  for (const [text, type, value] of table) {
    it(`${JSON.stringify(text)} of type ${type}`, () => {
      const parsed = parseInteger(text, type);
      assert.deepEqual(parsed, value ?? { error: `${text} is not a valid number` });
    });
  }
});

describe("parsePort, parseBool, parseHexBytes", () => {
  it("read what they should", () => {
    assert.deepEqual([parsePort("80"), parsePort("65536"), parsePort("")], [80, 0, 0]);
    assert.deepEqual([parseBool("true"), parseBool("false")], [true, false]);
    assert.equal(parseHexBytes("00fF41"), "\x00\xffA");
  });

  it("and nothing else", () => {
    for (const bad of [
      parsePort("no such service"),
      parseBool("True"),
      parseHexBytes(""),
      parseHexBytes("abc"),
      parseHexBytes("zz"),
    ]) {
      assert.ok(typeof bad === "object" && isMistake(bad));
    }
  });
});

describe("parseAddress", () => {
  it("reads IPv4", () => {
    assert.deepEqual(parseAddress("10.0.255.1"), { family: 4, bytes: Uint8Array.of(10, 0, 255, 1) });
    for (const bad of ["1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "::ffff:1.2.3.4"])
      assert.ok(isMistake(parseAddress(bad)), bad);
  });

  it("reads every form of IPv6 that the platform reads, and no other", () => {
    const group = fc.stringMatching(/^[0-9a-fA-F]{0,5}$/);
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 10 }), (groups) => {
        const text = groups.join(":");
        assert.equal(!isMistake(parseAddress(text)), isIPv6(text), text);
      }),
      { numRuns: 2000, seed: 11 },
    );
  });

  it("fills the gap of IPv6", () => {
    const bytes = new Uint8Array(16);
    bytes.set([0xfe, 0x80]);
    bytes[15] = 1;
    assert.deepEqual(parseAddress("fe80::1"), { family: 6, bytes });
  });
});

describe("parseNetwork", () => {
  it("reads a prefix in its bounds", () => {
    assert.deepEqual(parseNetwork("10.1.0.0/16"), { family: 4, bytes: Uint8Array.of(10, 1, 0, 0), prefix: 16 });
    for (const good of ["0.0.0.0/0", "1.1.1.1/32", "::/1", "::1/128"]) assert.ok(!isMistake(parseNetwork(good)), good);
    for (const bad of ["1.1.1.1", "1.1.1.1/33", "1.1.1.1/", "::/0", "::/129", "x/8", "1.1.1.1/-1"])
      assert.ok(isMistake(parseNetwork(bad)), bad);
  });
});
