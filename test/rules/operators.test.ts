// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ParamType } from "../../src/batch/event-table.generated.js";
import type { AddressKind, Extractor, Field } from "../../src/fields/field.js";
import type { Modifier, Operator } from "../../src/rules/ast.js";
import { compileMatcher } from "../../src/rules/compile.js";
import { checkOf, constant, listOf, rule } from "../support/conditions.js";
import { asView, SyntheticFields, type SyntheticValue } from "../support/synthetic-fields.js";

/** Verdict of one check on one value, through the generated code. */
function verdict(
  shape: Extractor["shape"] | "sparse",
  type: number,
  value: SyntheticValue,
  operator: Operator,
  constants: readonly string[] | string | null,
  extra: { list?: boolean; address?: AddressKind; modifier?: Modifier; negate?: boolean } = {},
): boolean {
  const right = constants === null ? null : typeof constants === "string" ? constant(constants) : listOf(...constants);
  const check = checkOf("x.f", operator, right, extra.modifier ?? null);
  const condition = extra.negate ? ({ kind: "not", child: check, range: check.range } as const) : check;
  const fields = new SyntheticFields([
    { name: "x.f", shape, type, list: extra.list ?? false, address: extra.address ?? null },
  ]);
  const set = { rules: [rule(0, condition, [3])], matching: "first" } as const;
  const matcher = compileMatcher(set, "syscall", fields.resolve, { strings: 64 });
  const event = asView({ type: 3, values: { "x.f": value } });
  const once = matcher.match(event);
  assert.equal(matcher.match(event), once, "the second time from the memo");
  return once === 1;
}

const {
  CHARBUF,
  FSPATH,
  BYTEBUF,
  BOOL,
  PORT,
  INT8,
  INT64,
  UINT8,
  UINT32,
  UINT64,
  FLAGS16,
  MODE,
  RELTIME,
  PID,
  IPADDR,
  IPNET,
} = ParamType;

type Row = readonly [
  operator: Operator,
  constant: string | readonly string[] | null,
  yes: readonly SyntheticValue[],
  no: readonly SyntheticValue[],
];

/** Every operator that a type takes, with values for which it holds and for which it does not. */
function table(
  name: string,
  shapes: readonly (Extractor["shape"] | "sparse")[],
  types: readonly number[],
  rows: readonly Row[],
  extra: { list?: boolean; address?: AddressKind } = {},
): void {
  describe(name, () => {
    for (const [operator, constants, yes, no] of rows) {
      it(`${operator} ${JSON.stringify(constants)}`, () => {
        for (const shape of shapes) {
          const form = (value: SyntheticValue): SyntheticValue =>
            shape === "wide" && typeof value === "number" ? BigInt(value) : value;
          for (const type of types) {
            for (const value of yes)
              assert.equal(
                verdict(shape, type, form(value), operator, constants, extra),
                true,
                `${shape} ${String(value)}`,
              );
            for (const value of no)
              assert.equal(
                verdict(shape, type, form(value), operator, constants, extra),
                false,
                `${shape} ${String(value)}`,
              );
            // What is absent fails every operator, and `not` inverts that.
            assert.equal(verdict(shape, type, null, operator, constants, extra), false, `${shape} absent`);
            assert.equal(
              verdict(shape, type, null, operator, constants, { ...extra, negate: true }),
              true,
              `${shape} not, absent`,
            );
          }
        }
      });
    }
  });
}

const TEXT_ROWS: readonly Row[] = [
  ["exists", null, ["", "a"], []],
  ["=", "ab", ["ab", "ab\0\0"], ["", "a", "AB", "abc"]],
  ["==", "", [""], ["a"]],
  ["!=", "ab", ["", "a", "AB"], ["ab", "ab\0"]],
  ["<", "5", ["10", "4", ""], ["5", "6", "a"]],
  ["<=", "5", ["5", "10"], ["50", "6"]],
  [">", "5", ["6", "50", "\xff"], ["5", "10"]],
  [">=", "5", ["5", "6"], ["4", ""]],
  ["contains", "b/", ["ab/c", "b/"], ["b", "", "B/"]],
  ["contains", "", ["", "a"], []],
  ["icontains", "aB", ["xABy", "ab"], ["a", "ba"]],
  ["icontains", "\xc9", ["\xc9"], ["\xe9"]],
  ["startswith", "/et", ["/etc", "/et"], ["/e", "x/et", ""]],
  ["endswith", ".sh", ["a.sh", ".sh"], ["sh", ".sh ", ""]],
  ["glob", "/*/x?", ["/a/xy", "/a/b/xy"], ["/a/x", "xy"]],
  ["iglob", "ABC*", ["abcd", "ABC"], ["ab"]],
  ["regex", "a+b?", ["aa", "ab"], ["", "abb", "xaa"]],
  ["in", ["a", "b c", "a"], ["a", "b c", "a\0"], ["", "b", "c"]],
  ["in", [], [], ["", "a"]],
  ["intersects", ["a", ""], ["a", ""], ["b"]],
  ["pmatch", ["/a", "/b/*"], ["/a", "/a/x", "/b/x/y"], ["/b", "/ab", ""]],
  ["pmatch", [], [], ["/a", ""]],
];

table("string", ["keyed", "sparse", "text"], [CHARBUF, FSPATH], TEXT_ROWS);

table(
  "byte buffer",
  ["bytes"],
  [BYTEBUF],
  [
    ["exists", null, ["", "a\0"], []],
    ["=", "ab", ["ab"], ["ab\0", "a"]],
    ["!=", "ab", ["ab\0", ""], ["ab"]],
    ["contains", "b", ["a\0b"], ["", "a"]],
    ["startswith", "a", ["a\0"], ["\0a"]],
    ["endswith", "b", ["\0b"], ["b\0"]],
    ["bcontains", "00fF", ["x\0\xffy"], ["00ff", ""]],
    ["bstartswith", "00ff", ["\0\xffy"], ["x\0\xff", "\0"]],
    ["in", ["ab", "cd"], ["ab", "cd"], ["abcd", "ab\0"]],
    ["intersects", ["ab"], ["ab"], ["a"]],
  ],
);

const NUMBER_ROWS: readonly Row[] = [
  ["exists", null, [0, 7], []],
  ["=", "7", [7], [0, 6]],
  ["==", "+7", [7], [8]],
  ["!=", "7", [0, 8], [7]],
  ["<", "7", [0, 6], [7, 8]],
  ["<=", "7", [6, 7], [8]],
  [">", "7", [8], [7, 0]],
  [">=", "7", [7, 8], [6]],
  ["in", ["1", "7"], [1, 7], [0, 2]],
  ["in", ["1", "2", "3", "4", "5", "7"], [5, 7], [0, 6]],
  ["in", [], [], [0, 1]],
  ["intersects", ["7"], [7], [1]],
];
table("number", ["number", "wide"], [INT64, UINT64, UINT32, FLAGS16, MODE, RELTIME, PID], NUMBER_ROWS);
table(
  "number remembered by key",
  ["keyed", "sparse"],
  [INT64, PORT],
  // The text of a keyed number is its digits.
  NUMBER_ROWS.filter(([, constants]) => constants !== "+7").map(([operator, constants, yes, no]) => [
    operator,
    constants,
    yes.map(String),
    no.map(String),
  ]),
);
table(
  "port",
  ["number"],
  [PORT],
  [
    ["=", "80", [80], [81]],
    ["=", "65616", [80], [81]],
    ["in", ["80", "443"], [80, 443], [8080]],
  ],
);
table(
  "signed and unsigned",
  ["number"],
  [INT8],
  [
    ["=", "-1", [-1], [255]],
    ["=", "255", [-1], [255]],
    ["<", "0", [-128], [0, 127]],
  ],
);
table(
  "numbers that wrap around",
  ["number"],
  [UINT8],
  [
    ["=", "300", [44], [300]],
    ["in", ["300", "-1"], [44, 255], [0]],
    [">", "-2", [255], [254]],
  ],
);
table(
  "wide numbers",
  ["wide"],
  [UINT64],
  [
    ["=", "-1", [2n ** 64n - 1n], [1n]],
    ["=", "9007199254740993", [9007199254740993n], [9007199254740992n]],
    ["<", "9007199254740993", [9007199254740992n], [9007199254740993n]],
    ["in", ["1", "9007199254740993"], [1n, 9007199254740993n], [2n]],
  ],
);

table(
  "bool",
  ["bool"],
  [BOOL],
  [
    ["exists", null, [true, false], []],
    ["=", "true", [true], [false]],
    ["=", "false", [false], [true]],
    ["!=", "true", [false], [true]],
    ["in", ["true", "false"], [true, false], []],
    ["in", [], [], [true, false]],
  ],
);
table(
  "bool remembered by key",
  ["keyed"],
  [BOOL],
  [
    ["=", "true", ["true"], ["false"]],
    ["!=", "true", ["false"], ["true"]],
  ],
);

const V4 = "\x01\x02\x03\x04";
const V4B = "\x01\x02\x03\x05";
const V6 = "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
const V6B = "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02";

table(
  "address",
  ["keyed"],
  [IPADDR],
  [
    ["exists", null, [V4, V6], []],
    ["=", "1.2.3.4", [V4], [V4B, V6]],
    ["=", "fe80::1", [V6], [V4, V6B]],
    ["!=", "1.2.3.4", [V4B, V6], [V4]],
    ["in", ["1.2.3.4", "fe80::1"], [V4, V6], [V4B, V6B]],
    ["intersects", ["1.2.3.5"], [V4B], [V4]],
  ],
  { address: "ip" },
);

table(
  "network",
  ["keyed"],
  [IPNET],
  [
    ["exists", null, [V4, V6], []],
    ["=", "1.2.3.99/24", [V4, V4B], ["\x01\x02\x04\x04", V6]],
    ["=", "1.2.3.4/31", [V4, V4B], ["\x01\x02\x03\x06"]],
    ["=", "0.0.0.0/0", [V4], [V6]],
    ["=", "fe80::/10", [V6], [V4]],
    ["!=", "1.2.3.0/24", ["\x02\x02\x03\x04", V6], [V4]],
    ["in", ["10.0.0.0/8", "1.0.0.0/8", "fe80::1/128"], [V4, V6], ["\x02\0\0\0", V6B]],
  ],
  { address: "net" },
);

table(
  "either endpoint's address",
  ["keyed"],
  [IPADDR],
  [
    ["exists", null, ["", V4 + V4B], []],
    ["=", "1.2.3.4", [V4 + V4B, V4B + V4], [V4B + V4B, V6 + V6, ""]],
    ["=", "fe80::1", [V6 + V6B, V6B + V6], [V4 + V4B]],
    ["!=", "1.2.3.4", [V4B + V4B, V6 + V6], [V4 + V4B, V4B + V4, ""]],
    ["in", ["9.9.9.9", "1.2.3.4"], [V4 + V4B, V4B + V4], [V4B + V4B, ""]],
  ],
  { address: "ip-pair" },
);

table(
  "either endpoint's network",
  ["keyed"],
  [IPNET],
  [
    ["exists", null, ["", V4 + V4B], []],
    ["=", "1.2.3.4/32", [V4 + V4B, V4B + V4], [V4B + V4B, V6 + V6, ""]],
    ["!=", "1.2.3.4/32", [V4B + V4B, V6 + V6], [V4 + V4B, ""]],
    ["in", ["9.0.0.0/8", "1.2.3.4/32"], [V4B + V4], [V4B + V4B, ""]],
  ],
  { address: "net-pair" },
);

table(
  "either endpoint's port",
  ["keyed"],
  [PORT],
  [
    ["exists", null, ["", "\0\x50\x30\x39"], []],
    ["=", "80", ["\0\x50\x30\x39", "\x30\x39\0\x50"], ["\x30\x39\x30\x39", ""]],
    ["!=", "80", ["\x30\x39\x30\x39"], ["\0\x50\x30\x39", ""]],
    ["<", "100", ["\0\x50\x30\x39"], ["\x30\x39\x30\x39", ""]],
    ["in", ["1", "12345"], ["\0\x50\x30\x39"], ["\0\x50\0\x50"]],
  ],
  { address: "port-pair" },
);

table(
  "ancestors: any of them",
  ["each"],
  [CHARBUF],
  [
    ["exists", null, [["a"]], [[]]],
    ["=", "b", [["a", "b"]], [["a"], []]],
    ["!=", "b", [["a", "b"], ["a"]], [["b"], ["b", "b"], []]],
    ["in", ["x", "b"], [["a", "b"]], [["a"], []]],
    ["startswith", "b", [["a", "bc"]], [["ab"], []]],
  ],
);

table(
  "list of texts",
  ["list"],
  [CHARBUF],
  [
    ["exists", null, [["a"], []], []],
    ["in", ["a", "b"], [["a"], ["b", "a"], []], [["a", "c"]]],
    ["intersects", ["a", "b"], [["c", "a"]], [["c"], []]],
    ["in", [], [[]], [["a"]]],
  ],
  { list: true },
);
table(
  "list of numbers",
  ["list"],
  [UINT64],
  [
    ["in", ["1", "2"], [["1", "2"]], [["1", "3"]]],
    ["intersects", ["-1"], [["18446744073709551615"]], [["1"]]],
  ],
  { list: true },
);

describe("modifiers", () => {
  for (const [operator, modifier, constants, yes, no] of [
    ["=", "anyof", ["a", "b"], ["a", "b"], ["c"]],
    ["=", "oneof", ["a", "a"], [], ["a", "b"]],
    ["=", "oneof", ["a", "b"], ["a", "b"], ["c"]],
    ["!=", "allof", ["a", "b"], ["c"], ["a", "b"]],
    ["!=", "anyof", ["a", "b"], ["a", "b", "c"], []],
    ["!=", "anyof", ["a", "a"], ["b"], ["a"]],
    ["startswith", "oneof", ["a", "ab"], ["ac"], ["abc", "b"]],
    ["endswith", "anyof", [".sh", ".py"], ["x.py"], ["x.pl"]],
    ["contains", "allof", ["a", "b"], ["ba"], ["a"]],
    ["contains", "allof", [], [], ["a"]],
    ["contains", "anyof", [], [], ["a"]],
    ["glob", "anyof", ["a*", "*b"], ["ax", "xb"], ["x"]],
    ["regex", "oneof", ["a+", "aa"], ["a"], ["aa"]],
  ] as const) {
    it(`${operator} ${modifier} ${JSON.stringify(constants)}`, () => {
      for (const shape of ["keyed", "text"] as const) {
        for (const value of yes)
          assert.equal(verdict(shape, CHARBUF, value, operator, constants, { modifier }), true, value);
        for (const value of no)
          assert.equal(verdict(shape, CHARBUF, value, operator, constants, { modifier }), false, value);
        assert.equal(verdict(shape, CHARBUF, null, operator, constants, { modifier }), false, "absent");
      }
    });
  }

  it("on addresses: neither endpoint for !=", () => {
    const pair = { address: "ip-pair", modifier: "allof" } as const;
    assert.equal(verdict("keyed", IPADDR, V4B + V4B, "!=", ["1.2.3.4", "9.9.9.9"], pair), true);
    assert.equal(verdict("keyed", IPADDR, V4B + V4, "!=", ["1.2.3.4", "9.9.9.9"], pair), false);
  });

  it("on numbers", () => {
    assert.equal(verdict("number", INT64, 5, ">", ["1", "4"], { modifier: "allof" }), true);
    assert.equal(verdict("number", INT64, 3, ">", ["1", "4"], { modifier: "allof" }), false);
    assert.equal(verdict("number", INT64, 3, ">", ["1", "4"], { modifier: "oneof" }), true);
  });
});

it("takes a bare name on the right of in as a list of one", () => {
  const check = checkOf("x.f", "in", { kind: "identifier", name: "abc", range: { start: 0, end: 0 } });
  const fields = new SyntheticFields([{ name: "x.f", shape: "keyed", type: CHARBUF }]);
  const matcher = compileMatcher({ rules: [rule(0, check, [3])], matching: "first" }, "syscall", fields.resolve, {
    strings: 64,
  });
  assert.equal(matcher.match(asView({ type: 3, values: { "x.f": "abc" } })), 1);
  assert.equal(matcher.match(asView({ type: 3, values: { "x.f": "ab" } })), 0);
});

it("throws where a rule was not checked", () => {
  const field: Field | { error: string } = { error: "no such field" };
  const set = { rules: [rule(0, checkOf("x.f", "exists", null), [3])], matching: "first" } as const;
  assert.throws(() => compileMatcher(set, "syscall", () => field, { strings: 64 }), /no such field/);
  assert.throws(() => verdict("number", INT64, 1, "=", "abc"), /abc is not a valid number/);
  assert.throws(() => verdict("keyed", CHARBUF, "a", "regex", "(", {}), /missing \)/);
});
