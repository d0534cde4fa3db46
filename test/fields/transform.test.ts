// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { ParamType } from "../../src/batch/event-table.generated.js";
import {
  baseName,
  bindTransform,
  decodeBase64,
  getOption,
  getOptions,
  toLower,
  toUpper,
} from "../../src/fields/transform.js";

const TEXT = { type: ParamType.CHARBUF, list: false };
const LIST = { type: ParamType.CHARBUF, list: true };

test("case: ASCII alone, byte by byte", () => {
  assert.equal(toLower("AbC-\xc3\x89"), "abc-\xc3\x89");
  assert.equal(toUpper("aBc-\xc3\xa9"), "ABC-\xc3\xa9");
});

test("basename", () => {
  assert.deepEqual(["/a/b", "b", "/a/", "", "/"].map(baseName), ["b", "b", "", "", ""]);
});

test("base64: with and without padding, nothing for what is none", () => {
  const cases: [string, string | null][] = [
    ["YWFhLWJiYg==", "aaa-bbb"],
    ["YWFhLWJiYg", "aaa-bbb"],
    ["", ""],
    ["/+8=", "\xff\xef"],
    ["YWFhL", null],
    ["YQ=", null],
    ["Y Q", null],
    ["YQ-_", null],
    ["YQ==x", null],
  ];
  for (const [text, bytes] of cases) assert.equal(decodeBase64(text), bytes, text);
});

test("getopt", () => {
  const cases: [string[], string, string[]][] = [
    [["-n", ""], "n", ["n"]],
    [["-thello"], "t:", ["t", "hello"]],
    [["-n", "-t", "hello"], "nt:", ["n", "t", "hello"]],
    [["-n", "--", "-t"], "nt:", ["n"]],
    [["-x", "-n"], "n", ["?", "n"]],
    [["-lpe", "/bin/sh"], "lpe:", ["l", "p", "e", "/bin/sh"]],
    [["-n", "-t"], "", ["?", "?"]],
    [["arg1", "-n"], "n", []],
    [["-t"], "t:", [""]],
    [["-t"], ":t:", [""]],
    [["--exec", "-e", "x"], "e:", ["e", "x"]],
    [["-t", ""], "t:", ["t", ""]],
    [["-nat", "hello"], "na:t", ["n", "a", "t"]],
    [["", "-n"], "n", []],
    [["-", "-n"], "n", []],
    [["-@", "-+"], "@+", ["@", "+"]],
    [["-t", "-123"], "t:", ["t", "-123"]],
  ];
  for (const [args, options, found] of cases) assert.deepEqual(getOptions(args, options), found, args.join(" "));
});

test("getopt of one option: the last value, the letter, nothing", () => {
  assert.equal(getOption(["-t", "v1", "-tv2"], "t:", "t"), "v2");
  assert.equal(getOption(["-n"], "nt:", "n"), "n");
  assert.equal(getOption(["-n"], "nt:", "t"), null);
  assert.equal(getOption(["-t"], "t:", "t"), "");
  assert.equal(getOption(["-t", "v1", "-t"], "t:", "t"), "");
  assert.equal(getOption(["-t?"], "t:", "t"), "?");
  assert.equal(getOption(["-x"], "n", "?"), null);
});

test("results have the types of what they are made of", () => {
  const lower = bindTransform("tolower", null, [{ type: ParamType.FSPATH, list: true }]);
  assert.deepEqual([lower.type, lower.list, lower.apply([["A", "b"]])], [ParamType.FSPATH, true, ["a", "b"]]);
  const length = bindTransform("len", null, [TEXT]);
  assert.deepEqual([length.type, length.list, length.apply(["ab\0c"])], [ParamType.UINT64, false, 2]);
  assert.equal(bindTransform("len", null, [{ type: ParamType.BYTEBUF, list: false }]).apply(["ab\0c"]), 4);
  assert.equal(bindTransform("len", null, [LIST]).apply([["a", "b", "c"]]), 3);
  assert.equal(bindTransform("join", null, [TEXT, LIST]).apply(["->", ["a", "b"]]), "a->b");
  assert.equal(bindTransform("join", null, [TEXT, LIST]).apply([",", []]), "");
  assert.equal(bindTransform("concat", null, [TEXT, TEXT, TEXT]).apply(["a", "b", "c"]), "abc");
  assert.equal(bindTransform("b64", null, [LIST]).apply([["YQ==", "?"]]), null);
  const option = bindTransform("getopt", "t", [LIST, TEXT]);
  assert.deepEqual([option.list, option.apply([["-t", "x"], "t:"])], [false, "x"]);
  assert.deepEqual(bindTransform("getopt", null, [LIST, TEXT]).apply([["-t", "x"], "t:"]), ["t", "x"]);
  assert.throws(() => bindTransform("nothing", null, []), /unknown transformer/);
});
