// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { load } from "./load-text.js";

/** "line code message" of each error, in the order in which they are told. */
function errors(text: string | readonly string[], everyFile = false): string[] {
  return load(text, { everyFile })
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ file, line, code, message }) => `${file}:${line} ${code.replace("LOAD_ERR_", "")} ${message}`);
}

const REST = "  desc: d\n  output: o\n  priority: INFO\n";

describe("all problems of a file are told", () => {
  it("keys of one item, and its condition and output", () => {
    const text =
      "- rule: r\n  condition: evt.type = open and proc.nme = x\n  output: '%fd.nme and %proc.nam'\n  priority: URGENT\n  tags: x\n";
    assert.deepEqual(
      errors(`- rule: r\n  condition: x\n${REST.replace("output: o", "output: '%proc.nme %'")}`).map((e) => e.slice(9)),
      [
        "VALIDATE Undefined macro 'x' used in filter.",
        "COMPILE_OUTPUT unknown filter: proc.nme",
        "COMPILE_OUTPUT invalid formatting syntax: formatting cannot end with a %",
      ],
    );
    assert.deepEqual(errors(text), [
      "a.yaml:1 YAML_VALIDATE Item has no mapping for key 'desc'",
      "a.yaml:4 YAML_VALIDATE Invalid priority",
      "a.yaml:5 YAML_VALIDATE Value is not a sequence",
      "a.yaml:2 COMPILE_CONDITION filter_check called with nonexistent field proc.nme",
      "a.yaml:3 COMPILE_OUTPUT unknown filter: fd.nme",
      "a.yaml:3 COMPILE_OUTPUT unknown filter: proc.nam",
    ]);
  });

  it("each test of a condition, whatever kind its mistake is of", () => {
    const condition =
      "evt.type in (opn, open, clos) and not proc.nme = x and (proc.pid = y or fd.sip = z) and proc.pid contains 1";
    assert.deepEqual(
      errors(`- rule: r\n  condition: ${condition}\n${REST}`).map((error) => error.slice(9)),
      [
        "COMPILE_CONDITION unknown event type opn",
        "COMPILE_CONDITION unknown event type clos",
        "COMPILE_CONDITION filter_check called with nonexistent field proc.nme",
        "COMPILE_CONDITION y is not a valid number",
        "COMPILE_CONDITION unrecognized IPv6 address z",
        "COMPILE_CONDITION filter error: 'contains' operator not supported for numeric filters",
      ],
    );
  });

  it("each item: lists, macros, rules, versions, what is none", () => {
    const text = [
      "- list: l\n  items: x",
      "- macro: m\n  condition: evt.type = open and",
      "- macro: n\n  condition: undefined_one and undefined_two",
      "- required_engine_version: x",
      "- required_plugin_versions: [{name: a, version: b}, 3]",
      "- just a text",
      `- rule: r\n  condition: evt.type = open or nosuch\n${REST.trimEnd()}`,
      `- rule: s\n  condition: ((\n${REST}`,
    ].join("\n");
    assert.deepEqual(errors(text), [
      "a.yaml:9 YAML_VALIDATE Unexpected element type. Each element should be a yaml associative array.",
      "a.yaml:2 YAML_VALIDATE Value is not a sequence",
      "a.yaml:7 YAML_VALIDATE Unable to parse engine version 'x' as a semver string. Expected \"x.y.z\" semver format.",
      "a.yaml:8 VALIDATE Invalid required version 'b' for plugin 'a'",
      "a.yaml:8 YAML_VALIDATE Plugin version must be a mapping",
      "a.yaml:4 COMPILE_CONDITION expected blank or '(' after 'and'",
      "a.yaml:6 VALIDATE Undefined macro 'undefined_one' used in filter.",
      "a.yaml:6 VALIDATE Undefined macro 'undefined_two' used in filter.",
      "a.yaml:11 VALIDATE Undefined macro 'nosuch' used in filter.",
      "a.yaml:16 COMPILE_CONDITION expected a '(' token, a field check, or an identifier",
    ]);
  });

  it("each exception, and each of its fields and tuples", () => {
    const exceptions = [
      "    - {name: a, fields: [proc.nme, fd.nme], values: [[x, y]]}",
      "    - {name: b, fields: [proc.name], comps: [is], values: [[x]]}",
      "    - {name: c, fields: [proc.name, fd.name], values: [[x], [x, y], [z]]}",
      "    - {name: d, fields: proc.name, values: [[x], y]}",
      "    - {fields: proc.name}",
    ];
    const text = `- rule: r\n  condition: evt.type = open\n${REST}  exceptions:\n${exceptions.join("\n")}\n`;
    assert.deepEqual(errors(text), [
      "a.yaml:11 YAML_VALIDATE Item has no mapping for key 'name'",
      "a.yaml:7 VALIDATE 'proc.nme' is not a supported filter field",
      "a.yaml:7 VALIDATE 'fd.nme' is not a supported filter field",
      "a.yaml:8 VALIDATE 'is' is not a supported comparison operator",
      "a.yaml:9 VALIDATE Fields and values lists must have equal length",
      "a.yaml:9 VALIDATE Fields and values lists must have equal length",
      "a.yaml:10 VALIDATE Expected values array to contain a list of strings",
    ]);
  });

  it("each wrong entry of override, and keys without one", () => {
    const text = `- rule: r\n  condition: evt.type = open\n${REST}- rule: r\n  desc: x\n  output: y\n  priority: x\n  override: {source: replace, desc: remove, priority: append}\n`;
    assert.deepEqual(errors(text), [
      "a.yaml:10 YAML_VALIDATE Key 'source' cannot be replaced",
      "a.yaml:10 YAML_VALIDATE Invalid override operation for key 'desc': 'remove'. Allowed values are: append replace ",
      "a.yaml:10 YAML_VALIDATE Key 'priority' cannot be appended to, use 'replace' instead",
      "a.yaml:8 YAML_VALIDATE Unexpected key 'output': no corresponding entry under 'override' is defined.",
    ]);
  });

  it("each document, and each loop", () => {
    assert.deepEqual(errors("a: b\n---\nx\n---\n- 3\n"), [
      "a.yaml:1 YAML_VALIDATE Rules content is not yaml array of objects",
      "a.yaml:3 YAML_VALIDATE Rules content is not yaml",
      "a.yaml:5 YAML_VALIDATE Unexpected element type. Each element should be a yaml associative array.",
    ]);
    const loops =
      "- list: a\n  items: [b]\n- list: b\n  items: [a]\n- macro: m\n  condition: m\n- macro: m\n  condition: m\n- macro: n\n  condition: ((\n";
    assert.deepEqual(errors(loops), [
      "a.yaml:1 VALIDATE reference loop in list 'a'",
      "a.yaml:10 COMPILE_CONDITION expected a '(' token, a field check, or an identifier",
      "a.yaml:7 VALIDATE reference loop in macro 'm'",
    ]);
  });
});

describe("what follows from a mistake is not told", () => {
  it("by what names the list, macro, rule or exception that has it", () => {
    const text = [
      "- list: l\n  items: x",
      "- macro: m\n  condition: '(('",
      `- rule: r\n  condition: evt.type = open and proc.pid in (l) and m\n${REST.trimEnd()}`,
      `- rule: s\n  source: [x]\n  condition: c\n${REST.trimEnd()}`,
      "- rule: s\n  override: {x: y}",
      "- rule: t\n  desc: d\n  override: {desc: [x]}",
      "- rule: t\n  enabled: false",
      "- rule: t\n  condition: and proc.nme = x\n  append: true",
      "- macro: m\n  condition: or x\n  append: true",
    ].join("\n");
    assert.deepEqual(
      errors(text).map((error) => error.slice(7)),
      [
        "2 YAML_VALIDATE Value is not a sequence",
        "11 YAML_VALIDATE Value is not a scalar value",
        "17 YAML_VALIDATE Invalid override operation for key 'x': 'y'. Allowed values are: ",
        "20 YAML_VALIDATE Invalid override operation for key 'desc': ''. Allowed values are: append replace ",
        "27 COMPILE_CONDITION expected a ')' token",
      ],
    );
  });

  it("again, by every rule that names the macro, or with the next file", () => {
    const macro = "- macro: m\n  condition: evt.type = open and proc.nme = x\n";
    const rule = (name: string): string => `- rule: ${name}\n  condition: m\n${REST}`;
    assert.equal(errors(`${macro}${rule("a")}${rule("b")}`).length, 1);
    const result = load([`${macro}${rule("a")}`, rule("b"), `${rule("c")}- list: l\n`], { everyFile: true });
    assert.deepEqual(
      result.files.map(({ diagnostics }) => diagnostics.map(({ file, message }) => `${file} ${message}`)),
      [
        ["a.yaml filter_check called with nonexistent field proc.nme"],
        [],
        ["c.yaml Item has no mapping for key 'items'"],
      ],
    );
  });

  it("beyond a thousand errors of one file, and a hundred of one condition", () => {
    const many = load("- list: l\n".repeat(3000)).diagnostics;
    assert.equal(many.length, 1000);
    assert.equal(many.at(-1)?.hint, "there are more errors, which are not shown");
    const condition = `evt.type = open and (${"proc.nme = x or ".repeat(200)}proc.nme = x)`;
    assert.equal(errors(`- rule: r\n  condition: ${condition}\n${REST}`).length, 100);
  });
});
