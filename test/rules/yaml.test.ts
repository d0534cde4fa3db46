// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { printCondition } from "../../src/rules/print.js";
import { load, messages, ruleText } from "./load-text.js";

const RULE = ruleText("evt.type = open");

function condition(text: string): string {
  const result = load(text);
  assert.deepEqual(messages(result), []);
  const [rule] = result.rules;
  assert.ok(rule);
  return printCondition(rule.condition);
}

function places(text: string): string[] {
  return load(text).diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe("YAML in its less common forms", () => {
  it("begins with a byte order mark", () => assert.equal(condition(`\ufeff${RULE}`), "evt.type = open"));

  it("ends its lines with CR LF, in folded texts too", () => {
    const text = ruleText(">\n    evt.type = open and\n    proc.name = a\n").replaceAll("\n", "\r\n");
    assert.equal(condition(text), "(evt.type = open and proc.name = a)");
    assert.deepEqual(places(text.replace("proc.name", "proc.nme")), [
      "5:5 filter_check called with nonexistent field proc.nme",
    ]);
  });

  it("has several documents, empty ones and comments among them", () => {
    const list = "- list: l\n  items: [open]\n";
    const rule = ruleText("evt.type in (l)");
    assert.equal(condition(`---\n# nothing\n---\n${list}...\n---\n~\n---\n${rule}`), "evt.type in (open)");
  });

  it("has anchors and aliases", () => {
    const text = `- list: a\n  items: &items [open, close]\n- list: b\n  items: *items\n${ruleText("evt.type in (a, b)")}`;
    assert.equal(condition(text), "evt.type in (open, close, open, close)");
    assert.deepEqual(places("- list: a\n  items: *nothing\n"), ["1:1 unknown alias: nothing"]);
  });

  it("merges no mappings: `<<` is a key without a meaning", () => {
    const text = `- &base\n  macro: m\n  condition: evt.type = open\n- macro: n\n  <<: *base\n${RULE}`;
    assert.ok(messages(load(text)).includes("LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'condition'"));
    assert.ok(messages(load(text)).includes("LOAD_UNKNOWN_KEY Unknown key '<<'. The key will be ignored."));
  });

  it("takes the first of two equal keys", () => {
    const text = RULE.replace("  output: o\n", "  condition: evt.type = close\n  output: o\n");
    assert.equal(condition(text), "evt.type = open");
  });

  it("keeps texts that look like something else", () => {
    const text = `- list: l\n  items: [0x1F, 1e3, 99999999999999999999, true, 012, 1_000, 2001-01-01]\n`;
    assert.equal(
      condition(text + ruleText("evt.type = open and proc.name in (l)")),
      "(evt.type = open and proc.name in (0x1F, 1e3, 99999999999999999999, true, 012, 1_000, 2001-01-01))",
    );
  });

  it("has letters beyond ASCII, which are bytes in conditions", () => {
    const name = String.fromCodePoint(0xe0, 0x2003, 0x1f600);
    const result = load(ruleText(`evt.type = open and proc.name = voil\u00e0 and fd.name = "${name}"`));
    assert.deepEqual(messages(result), []);
    const { condition: node } = result.rules[0] ?? {};
    assert.ok(node?.kind === "and");
    const texts = node.children.map((child) =>
      child.kind === "check" && child.right?.kind === "constant" ? child.right.text : "",
    );
    assert.deepEqual(
      texts.slice(1),
      ["voil\u00e0", name].map((text) => Buffer.from(text, "utf8").toString("latin1")),
    );
  });
});

describe("values that are not what their key wants", () => {
  const table: readonly (readonly [text: string, message: string])[] = [
    ["- list: l\n  items:\n", "Value is not a sequence"],
    ["- list: l\n  items: {a: b}\n", "Value is not a sequence"],
    ["- list: l\n  items: [a, ~]\n", "sequence value is not scalar"],
    ["- list: l\n  items: [a, [b]]\n", "sequence value is not scalar"],
    ["- list:\n  items: [a]\n", "Mapping for key 'list' is empty"],
    ["- macro: [m]\n  condition: a\n", "Value is not a scalar value"],
    ["- macro: ''\n  condition: a\n", "Value must be non-empty"],
    ["- rule: r\n", "Item has no mapping for key 'enabled'"],
    ["- rule: r\n  enabled: maybe\n", "Can't decode YAML scalar value"],
    [`${RULE}  tags:\n`, "Value is not a sequence"],
    [`${RULE}  source: ''\n`, "Value must be non-empty"],
    [`${RULE}  capture_duration: -1\n`, "Can't decode YAML scalar value"],
    [
      "- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: }]\n",
      "Value of plugin version alternatives must be a sequence",
    ],
    ["a: b\n", "Rules content is not yaml array of objects"],
    ["a\n", "Rules content is not yaml"],
    ["- a\n", "Unexpected element type. Each element should be a yaml associative array."],
  ];
  for (const [text, message] of table) {
    it(JSON.stringify(text), () => {
      const [first] = load(text).diagnostics.filter(({ severity }) => severity === "error");
      assert.equal(first?.message, message);
      assert.equal(first?.code, "LOAD_ERR_YAML_VALIDATE");
    });
  }
});
