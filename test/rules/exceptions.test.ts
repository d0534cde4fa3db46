// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { printCondition } from "../../src/rules/print.js";
import { load, messages, ruleText } from "./load-text.js";

const RULE = ruleText("evt.type = open");

function exceptions(...lines: string[]): string {
  return `${RULE}  exceptions:\n${lines.map((line) => `    - ${line}\n`).join("")}`;
}

function compiled(text: string): string {
  const result = load(text);
  assert.deepEqual(
    result.diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  const [rule] = result.rules;
  assert.ok(rule);
  return printCondition(rule.condition);
}

describe("exceptions in conditions", () => {
  const table: readonly (readonly [string, string])[] = [
    ["{name: e, fields: proc.name, values: [a, b]}", "not proc.name in (a, b)"],
    ["{name: e, fields: proc.name, comps: pmatch, values: [/a]}", "not proc.name pmatch (/a)"],
    ["{name: e, fields: proc.name, comps: startswith anyof, values: [a, b]}", "not proc.name startswith anyof (a, b)"],
    ["{name: e, fields: [proc.name], values: [[a], [b]]}", "not (proc.name = a or proc.name = b)"],
    [
      "{name: e, fields: [proc.name, fd.name], comps: [=, startswith], values: [[a, /x], [b, /y z]]}",
      'not ((proc.name = a and fd.name startswith /x) or (proc.name = b and fd.name startswith "/y z"))',
    ],
    [
      "{name: e, fields: [proc.name, fd.name], comps: [=, in], values: [[a, [b, c d]]]}",
      'not (proc.name = a and fd.name in (b, "c d"))',
    ],
    ["{name: e, fields: [proc.name], comps: [in], values: [[a], [(b)]]}", "not (proc.name in (a) or proc.name in (b))"],
    ["{name: e, fields: [tolower(proc.name)], values: [[a]]}", "not tolower(proc.name) = a"],
    ["{name: e, fields: [proc.name], values: [[toupper(proc.pname)]]}", "not proc.name = toupper(proc.pname)"],
    ["{name: e, fields: [proc.name], comps: [' = '], values: [['\"q\"']]}", "not proc.name = q"],
  ];
  for (const [text, printed] of table) {
    it(text, () => assert.equal(compiled(exceptions(text)), `(evt.type = open and ${printed})`));
  }

  it("take the whole condition, and each its own place", () => {
    const text = `${ruleText("evt.type = open or evt.type = close")}  exceptions:\n    - {name: a, fields: proc.name, values: [x]}\n    - {name: none, fields: fd.name}\n    - {name: b, fields: proc.pname, values: [y]}\n`;
    assert.equal(
      compiled(text),
      "((evt.type = open or evt.type = close) and not proc.name in (x) and not proc.pname in (y))",
    );
  });

  it("expand lists in their values", () => {
    const lists = "- list: names\n  items: [x, y z]\n";
    assert.equal(
      compiled(lists + exceptions("{name: e, fields: proc.name, values: [names, w]}")),
      '(evt.type = open and not proc.name in (x, "y z", w))',
    );
  });

  it("take a text for a list as it is written, with its parentheses or without", () => {
    const tuple = (value: string): string =>
      compiled(exceptions(`{name: e, fields: [proc.name, fd.name], comps: [in, =], values: [[${value}, x]]}`));
    const form = (list: string): string => `(evt.type = open and not (proc.name in ${list} and fd.name = x))`;
    assert.equal(tuple('"(a, b)"'), form("(a, b)"));
    assert.equal(tuple('"a, b"'), form("(a, b)"));
    assert.equal(tuple("a"), form("(a)"));
    assert.equal(tuple("[a b, c]"), form('("a b", c)'));
  });

  it("without comparisons in their list have the usual ones", () => {
    const text = exceptions("{name: e, fields: [proc.name], comps: [], values: [[a]]}");
    assert.equal(compiled(text), "(evt.type = open and not proc.name = a)");
  });

  it("null or absent are none", () => assert.equal(compiled(`${RULE}  exceptions:\n`), "evt.type = open"));
});

describe("wrong exceptions", () => {
  const validate = "LOAD_ERR_VALIDATE";
  const table: readonly (readonly [string, string])[] = [
    ["{name: e}", "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'fields'"],
    ["{fields: proc.name}", "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'name'"],
    ["e", "LOAD_ERR_YAML_VALIDATE Rule exception must be a mapping"],
    ["{name: e, fields: proc.name, values: x}", "LOAD_ERR_YAML_VALIDATE Rule exception values must be a sequence"],
    ["{name: e, fields: proc.name, values: }", "LOAD_ERR_YAML_VALIDATE Rule exception values must be a sequence"],
    ['{name: e, fields: proc.name, values: [""]}', "LOAD_ERR_YAML_VALIDATE Value must be non-empty"],
    ["{name: e, fields: [proc.name], comps: [=, =]}", `${validate} Fields and comps lists must have equal length`],
    ["{name: e, fields: [proc.name], comps: [like]}", `${validate} 'like' is not a supported comparison operator`],
    [
      "{name: e, fields: [proc.name], comps: [in oneof]}",
      `${validate} 'in oneof' is not a supported comparison operator`,
    ],
    ["{name: e, fields: proc.name, comps: [in]}", `${validate} Fields and comps must both be strings`],
    ["{name: e, fields: [proc.bogus]}", `${validate} 'proc.bogus' is not a supported filter field`],
    ["{name: e, fields: [tolower(proc.bogus)]}", `${validate} 'tolower(proc.bogus)' is not a supported filter field`],
    ["{name: e, fields: [proc.name], values: [[a, b]]}", `${validate} Fields and values lists must have equal length`],
    ["{name: e, fields: proc.name, values: [[a]]}", `${validate} Expected values array to contain a list of strings`],
  ];
  for (const [text, message] of table) it(text, () => assert.deepEqual(messages(load(exceptions(text))), [message]));

  it("in the scalar form compare with lists", () => {
    assert.match(messages(load(exceptions("{name: e, fields: proc.name, comps: =}")))[0] ?? "", /comps must be one of/);
  });

  it("no sequence", () => {
    assert.deepEqual(messages(load(`${RULE}  exceptions: x\n`)), [
      "LOAD_ERR_YAML_VALIDATE Rule exceptions must be a sequence",
    ]);
  });

  it("with one name twice are told", () => {
    const text = exceptions("{name: e, fields: proc.name}", "{name: e, fields: fd.name}");
    assert.equal(load(text).diagnostics[0]?.code, "LOAD_EXCEPTION_NAME_NOT_UNIQUE");
  });
});

describe("exceptions added later", () => {
  const base = exceptions("{name: e, fields: proc.name, values: [a]}");
  const add = (text: string, key = "append: true"): string => `- rule: r\n  exceptions:\n    - ${text}\n  ${key}\n`;
  const override = (op: string): string => `override: {exceptions: ${op}}`;

  it("add their values, or are new", () => {
    for (const key of ["append: true", override("append")]) {
      assert.equal(
        compiled(base + add("{name: e, values: [b]}", key)),
        "(evt.type = open and not proc.name in (a, b))",
      );
      const more = add("{name: f, fields: [fd.name], values: [[x]]}", key);
      assert.equal(compiled(base + more), "(evt.type = open and not proc.name in (a) and not fd.name = x)");
    }
  });

  it("can replace all, with the usual operators", () => {
    const text = base + add("{name: f, fields: [fd.name], values: [[x]]}", override("replace"));
    assert.equal(compiled(text), "(evt.type = open and not fd.name = x)");
    const bad = base + add("{name: f, fields: [fd.name], comps: [=, =]}", override("replace"));
    assert.equal(messages(load(bad)).at(-1), "LOAD_ERR_VALIDATE Fields and comps lists must have equal length");
  });

  const table: readonly (readonly [string, string])[] = [
    [
      "{name: e, fields: fd.name, values: [b]}",
      "Can not append exception fields/comps to existing exception, only values",
    ],
    ["{name: f, values: [b]}", "Rule exception must have fields property with a list of fields"],
    ["{name: f, fields: fd.name}", "Rule exception must have values property with a list of values"],
  ];
  for (const [text, message] of table) {
    it(message, () => assert.equal(messages(load(base + add(text))).at(-1), `LOAD_ERR_VALIDATE ${message}`));
  }

  it("without values are told", () => {
    const result = load(base + add("{name: e}"));
    assert.deepEqual([result.ok, result.diagnostics.at(-1)?.code], [true, "LOAD_APPEND_NO_VALUES"]);
  });

  it("come after all conditions that are appended", () => {
    const text = `${base}- rule: r\n  condition: or evt.type = close\n  append: true\n`;
    assert.equal(compiled(text), "((evt.type = open or evt.type = close) and not proc.name in (a))");
  });
});
