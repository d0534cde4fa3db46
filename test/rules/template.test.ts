// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseCondition } from "../../src/rules/parse.js";
import { parseTemplate, TemplateError } from "../../src/rules/template.js";
import { readTransform } from "../../src/rules/transform-text.js";
import { catalogResolver } from "./catalog-resolver.js";
import { load, messages, ruleText } from "./load-text.js";

/** Segments in short: literals as they are, fields in braces, with their width. */
function short(text: string): string[] {
  return parseTemplate(text, catalogResolver, "syscall").map((segment) => {
    if (segment.kind === "literal") return segment.text;
    const width = segment.width === 0 ? "" : `:${segment.width}`;
    if (segment.kind === "field") return `{${segment.field.name}${width}}`;
    return `{${segment.text}${width} of ${segment.fields.map(({ name }) => name).join(" ")}}`;
  });
}

describe("parseTemplate", () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ["plain", ["plain"]],
    ["a=%proc.name b=%fd.name.", ["a=", "{proc.name}", " b=", "{fd.name}", "."]],
    ["%proc.namefoo", ["{proc.name}", "foo"]],
    ["%proc.name%fd.name", ["{proc.name}", "{fd.name}"]],
    ["%proc.aname[2]x", ["{proc.aname[2]}", "x"]],
    ["%proc.name[2]", ["{proc.name}", "[2]"]],
    ["%proc.env[A_B]", ["{proc.env[A_B]}"]],
    ['%proc.env["A B"]', ["{proc.env[A B]}"]],
    ["%evt.arg[a b]", ["{evt.arg[a b]}"]],
    ["%evt.arg.flags,", ["{evt.arg.flags}", ","]],
    ["%20proc.name|%3fd.num", ["{proc.name:20}", "|", "{fd.num:3}"]],
    ["%toupper(proc.name)!", ["{toupper(proc.name) of proc.name}", "!"]],
    ["%8tolower( toupper(proc.name) )", ["{tolower( toupper(proc.name) ):8 of proc.name}"]],
    ['%join("-", (proc.name, ")", proc.pid))', ['{join("-", (proc.name, ")", proc.pid)) of proc.name proc.pid}']],
    ['%getopt(fd.types, "a:")[a] x', ['{getopt(fd.types, "a:")[a] of fd.types}', " x"]],
    ["%proc.name\n\xe9", ["{proc.name}", "\n\xe9"]],
  ];
  for (const [text, expected] of table) it(JSON.stringify(text), () => assert.deepEqual(short(text), expected));

  const failures: readonly (readonly [string, string, number])[] = [
    ["", "empty formatting token", 0],
    ["x %", "invalid formatting syntax: formatting cannot end with a %", 2],
    ["x %20", "invalid formatting syntax: formatting cannot end with a number", 2],
    ["100%% sure", "unknown filter: %", 4],
    ["50% of", "unknown filter:  ", 3],
    ["x %proc.bogus y", "unknown filter: proc.bogus", 3],
    ["%(proc.name)", "unknown filter: (", 1],
    ["%tolower(proc.name", "expected a ')' token closing the transformer", 18],
    ["%tolower(proc.bogus)", "filter_check called with nonexistent field proc.bogus", 1],
    ["%tolower(evt.rawres)", "'tolower' transformer does not support 'evt.rawres' of type INT64", 1],
    ["%evt.arg", "field evt.arg requires an argument", 1],
    ["%evt.around[1]", "evt.around[1] is filter only and cannot be used as a display field", 1],
  ];
  for (const [text, message, index] of failures) {
    it(JSON.stringify(text), () => {
      assert.throws(
        () => parseTemplate(text, catalogResolver, "syscall"),
        (error) => error instanceof TemplateError && error.message === message && error.index === index,
      );
    });
  }
});

describe("transformers in outputs are those of conditions", () => {
  const texts = [
    "tolower(a.b)",
    "toupper( tolower( a.b[x] ) )",
    "concat(a.b,\"x y\" , 'z')",
    'join("-", (a.b, tolower(c.d), 5, "q"))',
    "join(a.b, ())",
    'getopt(a.b, "x:")[""]',
    'getopt(a.b, "x:")[y]',
    'len("\\x41\\"")',
    "len(-1.5e+3)",
    "tolower(",
    "tolower()",
    "tolower(a)",
    "tolower(a.b,)",
    "tolower(a.b c.d)",
    "tolower(val(a.b))",
    "join(a.b, (c))",
    "join(a.b, (c.d",
    "len(a.b[)",
    "len(a.b[x)",
    'len("a\\qb")',
    "len(a.b)[",
  ];
  for (const text of texts) {
    it(text, () => {
      let expected: unknown;
      try {
        const check = parseCondition(`${text} exists`);
        expected = check.kind === "check" ? check.left : null;
      } catch (error) {
        expected = (error as Error).message;
      }
      let read: unknown;
      try {
        read = readTransform(text, 0);
      } catch (error) {
        read = (error as Error).message;
      }
      assert.deepEqual(read, withoutPositions(expected));
    });
  }
});

/** Where an argument begins for Falco is of no use in an output. */
function withoutPositions(node: unknown): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === "position" ? undefined : value)));
}

describe("outputs of rules", () => {
  const output = (text: string): string =>
    ruleText("evt.type = open").replace("output: o", `output: ${JSON.stringify(text)}`);

  it("lose %container.info", () => {
    const result = load(output("x (%container.info)"));
    assert.equal(result.rules[0]?.output, "x ()");
    assert.equal(result.diagnostics[0]?.code, "LOAD_DEPRECATED_ITEM");
  });

  it("that mention deprecated fields are told", () => {
    assert.match(messages(load(output("x %evt.dir")))[0] ?? "", /LOAD_DEPRECATED_ITEM .*evt\.dir/);
    for (const text of ["x %k8s.rc.name", "x %10k8s.rc.label[app]y", "x %container.healthcheck."]) {
      assert.match(messages(load(output(text)))[0] ?? "", /LOAD_DEPRECATED_ITEM .*it has no value any more/, text);
    }
    assert.deepEqual(messages(load(output("k8s.rc.name %k8s.ns.name"))), []);
  });

  it("that are wrong are shown where", () => {
    const [error] = load(output("*a é %proc.nme")).diagnostics;
    assert.deepEqual(
      [error?.code, error?.line, error?.column, error?.hint],
      ["LOAD_ERR_COMPILE_OUTPUT", 4, 18, "did you mean 'proc.name'?"],
    );
  });
});
