// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { LoadResult } from "../../src/rules/load.js";
import { printCondition } from "../../src/rules/print.js";
import { load, messages, ruleText } from "./load-text.js";

const RULE = ruleText("evt.type = open");
const LIST = "- list: l\n  items: [a]\n";
const MACRO = "- macro: m\n  condition: proc.name = cat\n";

function conditions(result: LoadResult): string[] {
  assert.deepEqual(
    result.diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  return result.rules.map(({ condition }) => printCondition(condition));
}

describe("the shape of a file", () => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ["an empty file", "", []],
    ["comments alone", "# nothing\n", []],
    ["empty documents and items", `---\n---\n- ~\n-\n${RULE}`, []],
    ["a scalar", "foo\n", ["LOAD_ERR_YAML_VALIDATE Rules content is not yaml"]],
    ["a mapping", "a: b\n", ["LOAD_ERR_YAML_VALIDATE Rules content is not yaml array of objects"]],
    [
      "a scalar item",
      "- foo\n",
      ["LOAD_ERR_YAML_VALIDATE Unexpected element type. Each element should be a yaml associative array."],
    ],
    ["an unknown item", `- foo: bar\n${RULE}`, ["LOAD_UNKNOWN_ITEM Unknown top level item"]],
    ["an unknown key", `${RULE}  foo: 1\n`, ["LOAD_UNKNOWN_KEY Unknown key 'foo'. The key will be ignored."]],
    [
      "list comes before rule",
      `- list: l\n  rule: r\n  items: []\n`,
      [
        "LOAD_UNKNOWN_KEY Unknown key 'rule'. The key will be ignored.",
        "LOAD_UNUSED_LIST List not referred to by any other rule/macro",
      ],
    ],
    ["no items", "- list: l\n", ["LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'items'"]],
    ["a null name", "- list:\n  items: []\n", ["LOAD_ERR_YAML_VALIDATE Mapping for key 'list' is empty"]],
    ["an empty name", '- list: ""\n  items: []\n', ["LOAD_ERR_YAML_VALIDATE Value must be non-empty"]],
    ["items no sequence", "- list: l\n  items: a\n", ["LOAD_ERR_YAML_VALIDATE Value is not a sequence"]],
    ["items in items", "- list: l\n  items: [[a]]\n", ["LOAD_ERR_YAML_VALIDATE sequence value is not scalar"]],
    [
      "a mapping as condition",
      "- macro: m\n  condition: {a: b}\n",
      ["LOAD_ERR_YAML_VALIDATE Value is not a scalar value"],
    ],
    ["no boolean", `${RULE}  enabled: maybe\n`, ["LOAD_ERR_YAML_VALIDATE Can't decode YAML scalar value"]],
    [
      "no condition",
      "- rule: r\n  desc: d\n  output: o\n  priority: INFO\n",
      ["LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'condition'"],
    ],
    [
      "no output",
      "- rule: r\n  desc: d\n  condition: evt.type = open\n  priority: INFO\n",
      ["LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'output'"],
    ],
    ["a null source", `${RULE}  source:\n`, ["LOAD_ERR_YAML_VALIDATE Mapping for key 'source' is empty"]],
    ["a bad priority", RULE.replace("INFO", "URGENT"), ["LOAD_ERR_YAML_VALIDATE Invalid priority"]],
    ["an unknown source", `${RULE}  source: k8s_audit\n`, ["LOAD_UNKNOWN_SOURCE Unknown source k8s_audit, skipping"]],
    ["a list without items", `- list: l\n${RULE}`, ["LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'items'"]],
  ];
  for (const [name, text, expected] of table) it(name, () => assert.deepEqual(messages(load(text)), expected));

  it("broken YAML has a place", () => {
    const [error] = load("- rule: a\n  desc: [b\n- c\n").diagnostics;
    assert.equal(error?.code, "LOAD_ERR_YAML_PARSE");
    assert.equal(error?.line, 3);
  });

  it("booleans are written in many ways", () => {
    for (const word of ["n", "No", "FALSE", "off", '"no"']) {
      assert.equal(load(`${RULE}  enabled: ${word}\n`).ruleSet.rules.length, 0, word);
    }
    for (const word of ["Y", "yes", "True", "ON"]) {
      assert.equal(load(`${RULE}  enabled: ${word}\n`).ruleSet.rules.length, 1, word);
    }
  });

  it("aliases stand for their anchors", () => {
    const text = `- list: a\n  items: &x [cat, dog]\n- list: b\n  items: *x\n${ruleText("evt.type = open and proc.name in (a, b)")}`;
    assert.deepEqual(conditions(load(text)), ["(evt.type = open and proc.name in (cat, dog, cat, dog))"]);
  });
});

describe("rules", () => {
  it("have the properties that are written, trimmed and sorted", () => {
    const text =
      '- rule: "A b"\n  desc: d\n  condition: evt.type = open\n  output: "  *x %proc.name "\n  priority: info\n  tags: [z, a, z]\n  warn_evttypes: off\n';
    const [rule] = load(text).ruleSet.rules;
    assert.deepEqual(
      [rule?.index, rule?.name, rule?.output, rule?.priority, rule?.tags, rule?.source],
      [0, "A b", "x %proc.name", 6, ["a", "z"], "syscall"],
    );
  });

  it("defined again are replaced in their old place", () => {
    const other = ruleText("evt.type = close").replace("rule: r", "rule: s");
    const again = ruleText("evt.type = read");
    const result = load(`${RULE}  tags: [x]\n${other}${again}`);
    assert.deepEqual(conditions(result), ["evt.type = read", "evt.type = close"]);
    assert.deepEqual(result.rules[0]?.tags, []);
  });

  it("may not move to another source", () => {
    const text = `${RULE}${RULE}  source: other\n`;
    assert.deepEqual(messages(load(text, { sources: ["syscall", "other"] })), [
      "LOAD_ERR_VALIDATE Rule has been re-defined with a different source",
    ]);
  });

  it("are switched by an item with enabled alone", () => {
    const result = load(`${RULE}- rule: r\n  enabled: false\n`);
    assert.equal(result.ok, true);
    assert.equal(result.ruleSet.rules.length, 0);
    assert.equal(result.diagnostics[0]?.code, "LOAD_DEPRECATED_ITEM");
    assert.deepEqual(messages(load("- rule: r\n  enabled: false\n")).slice(1), [
      "LOAD_ERR_VALIDATE Rule has 'enabled' key but no rule by that name already exists",
    ]);
  });

  it("of an unknown source can be appended to and do not run", () => {
    const result = load(`${RULE}  source: x\n- rule: r\n  condition: and bogus ==\n  override: {condition: append}\n`);
    assert.deepEqual([result.ok, result.ruleSet.rules.length], [true, 0]);
  });

  it("less severe than the threshold are checked and do not run", () => {
    assert.equal(load(RULE, { priority: 5 }).ruleSet.rules.length, 0);
    assert.equal(load(RULE, { priority: 6 }).ruleSet.rules.length, 1);
    assert.equal(load(ruleText("proc.bogus = 1"), { priority: 0 }).ok, false);
  });

  it("are dropped with a warning for unknown fields where they say so", () => {
    const skip = "  skip-if-unknown-filter: true\n";
    for (const text of [
      ruleText("proc.bogus = 1", skip),
      ruleText("evt.type = bogus", skip),
      ruleText("evt.type = open", skip).replace("output: o", "output: '%proc.bogus'"),
    ]) {
      const result = load(text);
      assert.equal(result.ok, true, text);
      assert.deepEqual([result.rules.length, result.diagnostics[0]?.code], [0, "LOAD_UNKNOWN_FILTER"], text);
    }
    for (const condition of ["proc.name <", "evt.num = x", "undefined_macro", "proc.name bcontains 00"]) {
      assert.equal(load(ruleText(condition, skip)).ok, false, condition);
    }
  });
});

describe("append: true", () => {
  const flagged =
    "LOAD_DEPRECATED_ITEM 'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

  it("adds to lists, macros and conditions", () => {
    const text = `${LIST}- list: l\n  items: [b]\n  append: true\n${MACRO}- macro: m\n  condition: or proc.name in (l)\n  append: yes\n${RULE}- rule: r\n  condition: and m\n  append: true\n  output: ignored\n  priority: ignored\n`;
    const result = load(text);
    assert.deepEqual(conditions(result), ["(evt.type = open and (proc.name = cat or proc.name in (a, b)))"]);
    assert.equal(result.rules[0]?.output, "o");
    assert.deepEqual(messages(result), [flagged, flagged, flagged].slice(0, 3));
  });

  const failures: readonly (readonly [string, string])[] = [
    [
      "- list: l\n  items: []\n  append: true\n",
      "List uses 'append' or 'override.items: append' but no list by that name already exists",
    ],
    [
      "- macro: m\n  condition: a\n  append: true\n",
      "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists",
    ],
    [
      "- rule: r\n  condition: a\n  append: true\n",
      "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists",
    ],
    [`${RULE}- rule: r\n  append: true\n`, "Appended rule must have exceptions or condition property"],
  ];
  for (const [text, message] of failures) {
    it(message, () => assert.equal(messages(load(text)).at(-1), `LOAD_ERR_VALIDATE ${message}`));
  }
});

describe("override", () => {
  it("appends first, then replaces", () => {
    const text = `${RULE}  tags: [b]\n- rule: r\n  condition: and proc.name = cat\n  desc: more\n  output: " x "\n  tags: [a, b]\n  priority: ERROR\n  enabled: false\n  override: {condition: append, desc: append, output: replace, tags: append, priority: replace, enabled: replace}\n`;
    const result = load(text);
    assert.deepEqual(conditions(result), ["(evt.type = open and proc.name = cat)"]);
    const [rule] = result.rules;
    assert.deepEqual(
      [rule?.desc, rule?.output, rule?.tags, rule?.priority, rule?.enabled],
      ["d more", " x ", ["a", "b"], 3, false],
    );
  });

  it("of lists and macros appends or replaces", () => {
    const text = `${LIST}- list: l\n  items: [b]\n  override: {items: append}\n${MACRO}- macro: m\n  condition: proc.name in (l)\n  override: {condition: replace}\n- list: new\n  items: [x]\n  override: {items: replace}\n${ruleText("evt.type = open and m and proc.name in (new)")}`;
    assert.deepEqual(conditions(load(text)), ["(evt.type = open and proc.name in (a, b) and proc.name in (x))"]);
  });

  const yaml = "LOAD_ERR_YAML_VALIDATE";
  const failures: readonly (readonly [string, string])[] = [
    [
      `${RULE}- rule: r\n  priority: INFO\n  override: {priority: append}\n`,
      `${yaml} Key 'priority' cannot be appended to, use 'replace' instead`,
    ],
    [`${RULE}- rule: r\n  source: x\n  override: {source: replace}\n`, `${yaml} Key 'source' cannot be replaced`],
    [
      `${RULE}- rule: r\n  desc: x\n  override: {desc: remove}\n`,
      `${yaml} Invalid override operation for key 'desc': 'remove'. Allowed values are: append replace `,
    ],
    [
      `${RULE}- rule: r\n  override: {desc: append}\n`,
      `${yaml} An append override for 'desc' was specified but 'desc' is not defined`,
    ],
    [
      `${RULE}- rule: r\n  override: {desc: replace}\n`,
      `${yaml} An replace override for 'desc' was specified but 'desc' is not defined`,
    ],
    [
      `${RULE}- rule: r\n  desc: x\n  output: y\n  override: {desc: replace}\n`,
      `${yaml} Unexpected key 'output': no corresponding entry under 'override' is defined.`,
    ],
    [
      "- rule: r\n  desc: x\n  override: {desc: append}\n",
      "LOAD_ERR_VALIDATE Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists",
    ],
    [
      "- rule: r\n  desc: x\n  override: {desc: replace}\n",
      "LOAD_ERR_VALIDATE An 'override.<key>: replace' to a rule was requested but no rule by that name already exists",
    ],
    [
      `${LIST}- list: l\n  items: []\n  override: {list: replace, items: replace}\n`,
      `${yaml} Key 'list' cannot be replaced`,
    ],
  ];
  for (const [text, message] of failures) it(message, () => assert.equal(messages(load(text)).at(-1), message));

  it("and append: true exclude each other", () => {
    const text = `${RULE}- rule: r\n  desc: x\n  append: true\n  override: {desc: append}\n`;
    assert.match(messages(load(text)).at(-1) ?? "", /Keys 'override' and 'append: true' cannot be used together/);
  });

  it("that is empty counts as none", () => {
    assert.deepEqual(conditions(load(`${RULE}${ruleText("evt.type = close", "  override: {}\n")}`)), [
      "evt.type = close",
    ]);
    assert.equal(load(`${RULE}- rule: r\n  enabled: false\n  override:\n`).ruleSet.rules.length, 0);
  });
});

describe("macros", () => {
  it("see those that were defined before them, whatever they become later", () => {
    const text = `- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n- macro: a\n  condition: proc.name = y\n${ruleText("evt.type = open and b")}`;
    assert.deepEqual(conditions(load(text)), ["(evt.type = open and proc.name = y)"]);
  });

  it("do not see those that come after them; rules see all of the file", () => {
    const later = `- macro: b\n  condition: m\n${MACRO}`;
    const [error] = load(later).diagnostics;
    assert.equal(error?.message, "Undefined macro 'm' used in filter.");
    assert.match(error?.hint ?? "", /further down/);
    assert.deepEqual(conditions(load(`${ruleText("evt.type = open and m")}${MACRO}`)), [
      "(evt.type = open and proc.name = cat)",
    ]);
  });

  it("of a later file are not seen", () =>
    assert.deepEqual(messages(load([ruleText("m"), MACRO])), [
      "LOAD_ERR_VALIDATE Undefined macro 'm' used in filter.",
    ]));

  it("may not contain themselves", () => {
    const text = "- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n";
    assert.equal(messages(load(text)).at(-1), "LOAD_ERR_VALIDATE reference loop in macro 'a'");
  });

  it("that double themselves are cut off", () => {
    const macros = Array.from({ length: 40 }, (_, i) => `- macro: m${i + 1}\n  condition: m${i} and m${i}\n`);
    const text = `- macro: m0\n  condition: proc.name = x\n${macros.join("")}`;
    assert.match(messages(load(text)).at(-1) ?? "", /exceeded max size limit/);
  });

  it("that nest beyond the limit are cut off", () => {
    const macros = Array.from({ length: 1100 }, (_, i) => `- macro: m${i + 1}\n  condition: not m${i}\n`);
    const text = `- macro: m0\n  condition: proc.name = x\n${macros.join("")}`;
    assert.match(messages(load(text)).at(-1) ?? "", /exceeded max depth limit of 1000/);
  });

  it("and lists with impossible names are told", () => {
    const codes = load(`- macro: a-b\n  condition: proc.name = x\n- list: a b\n  items: []\n`).diagnostics.map(
      ({ code }) => code,
    );
    assert.deepEqual(codes, [
      "LOAD_INVALID_MACRO_NAME",
      "LOAD_INVALID_LIST_NAME",
      "LOAD_UNUSED_LIST",
      "LOAD_UNUSED_MACRO",
    ]);
  });
});

describe("requirements", () => {
  const engine = (version: string): string => `- required_engine_version: ${version}\n`;
  const table: readonly (readonly [string, boolean])[] = [
    ["11", true],
    ["63", true],
    ["64", false],
    ["0.63.0", true],
    ["0.63.1", false],
    ["1.0.0", false],
    ["0.31.0-rc1", true],
    ["0.31", false],
    ["x", false],
  ];
  for (const [version, ok] of table) it(`engine ${version}`, () => assert.equal(load(engine(version)).ok, ok));

  it("the largest engine version is remembered", () => {
    assert.equal(load(`${engine("12")}${engine("0.31.0")}${engine("5")}`).requiredEngineVersion, "0.31.0");
  });

  const plugin = (name: string, version: string, more = ""): string =>
    `- required_plugin_versions:\n  - name: ${name}\n    version: ${version}\n${more}`;
  const alternatives = "    alternatives:\n    - name: b\n      version: 1.2.0\n";
  const plugins: readonly (readonly [string, readonly { name: string; version: string }[], string | null])[] = [
    [plugin("container", "0.4.0"), [], null],
    [
      plugin("container", "0.8.0"),
      [],
      "Plugin 'container' version '0.7.1' is not compatible with required plugin version '0.8.0'",
    ],
    [plugin("a", "1.0.0"), [], "Plugin requirement not satisfied, must load one of: a (>= 1.0.0)"],
    [
      plugin("a", "1.0.0", alternatives),
      [],
      "Plugin requirement not satisfied, must load one of: a (>= 1.0.0), b (>= 1.2.0)",
    ],
    [plugin("a", "1.0.0", alternatives), [{ name: "b", version: "1.3.0" }], null],
    [
      plugin("a", "1.0.0", alternatives),
      [{ name: "b", version: "2.0.0" }],
      "Plugin 'b' version '2.0.0' is not compatible with required plugin version '1.2.0'",
    ],
    [plugin("a", "1.0", ""), [], "Invalid required version '1.0' for plugin 'a'"],
    [plugin("b", "1.0.0", alternatives), [], "Defined multiple alternative version requirements for plugin 'b'"],
    ["- required_plugin_versions: a\n", [], "Value of required_plugin_versions must be a sequence"],
    ["- required_plugin_versions: [a]\n", [], "Plugin version must be a mapping"],
  ];
  for (const [text, loaded, message] of plugins) {
    it(`${JSON.stringify(text)} with ${JSON.stringify(loaded)}`, () => {
      assert.equal(load(text, { plugins: loaded }).diagnostics[0]?.message ?? null, message);
    });
  }

  it("of plugins come before other errors", () => {
    const result = load(`${plugin("a", "1.0.0")}${ruleText("proc.bogus = 1")}`);
    assert.deepEqual(
      result.diagnostics.map(({ code }) => code),
      ["LOAD_ERR_VALIDATE", "LOAD_ERR_COMPILE_CONDITION"],
    );
  });
});

describe("append_output", () => {
  const two = `${RULE}${RULE.replace("rule: r", "rule: s")}  tags: [t, u]\n`;

  it("adds to the outputs of the rules that fit, in order", () => {
    const appendOutput = [
      { extraOutput: "all=%evt.type" },
      { extraOutput: "s", match: { rule: "s" } },
      { extraOutput: "tagged", match: { tags: ["t", "u"] } },
      { extraOutput: "none", match: { source: "other" } },
      {
        extraFields: [
          { name: "proc.name", template: null },
          { name: "x", template: "é %proc.pid" },
        ],
        match: { rule: "r" },
      },
    ];
    const { ruleSet } = load(two, { appendOutput });
    assert.deepEqual(
      ruleSet.rules.map(({ output }) => output),
      ["o all=%evt.type", "o all=%evt.type s tagged"],
    );
    assert.deepEqual(ruleSet.rules[0]?.extraFields, [
      { name: "proc.name", template: null },
      { name: "x", template: "\xc3\xa9 %proc.pid" },
    ]);
  });

  it("is checked with each rule", () => {
    const result = load(RULE, { appendOutput: [{ extraOutput: "%proc.bogus" }] });
    assert.deepEqual(messages(result), ["LOAD_ERR_COMPILE_OUTPUT unknown filter: proc.bogus"]);
    assert.equal(load(RULE, { appendOutput: [{ extraFields: [{ name: "no.field", template: null }] }] }).ok, false);
  });
});

it("aliases: each node is walked once, and a loop is an error", () => {
  let bomb = `- list: l\n  items: [a]\n  unknown:\n  - &a0 [${"x, ".repeat(10)}x]\n`;
  for (let i = 1; i < 20; i++) bomb += `  - &a${i} [${`*a${i - 1}, `.repeat(10)}*a${i - 1}]\n`;
  assert.deepEqual(
    messages(load(bomb)).filter((message) => message.startsWith("LOAD_ERR")),
    [],
  );
  const shared = load(
    `${ruleText("&c evt.type=open")}- {rule: s, desc: &d d, condition: *c, output: *d, priority: INFO}\n`,
  );
  assert.deepEqual(messages(shared), []);
  assert.equal(shared.ruleSet?.rules.length, 2);
  // An anchor that is set again means the latest one above.
  const again = load("- &x {list: a, items: [1]}\n- *x\n- &x {macro: m, condition: evt.type=open}\n- *x\n");
  assert.ok(messages(again).every((message) => !message.startsWith("LOAD_ERR")));
  for (const [text, message] of [
    ["- list: l\n  items: &a [*a]\n", /LOAD_ERR_YAML_PARSE alias a stands inside/],
    ["- list: l\n  items: [*b]\n", /LOAD_ERR_YAML_PARSE .*alias/i],
    [`- list: l\n  items: ${"[".repeat(70)}${"]".repeat(70)}\n`, /LOAD_ERR_YAML_PARSE values are nested too deeply/],
  ] as const) {
    assert.match(messages(load(text))[0] ?? "", message);
  }
  let deep = "- list: l\n  items: [a]\n  unknown:\n  - &a0 [x]\n";
  for (let i = 1; i < 70; i++) deep += `  - &a${i} [*a${i - 1}]\n`;
  assert.match(messages(load(deep))[0] ?? "", /nested too deeply/);
});
