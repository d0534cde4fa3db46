// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Document, isScalar, parseDocument, type Scalar, visit } from "yaml";

import { ruleFromCondition } from "../../src/rules/condition-rule.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { scalarOffset } from "../../src/rules/scalar-place.js";
import { catalogResolver } from "./catalog-resolver.js";
import { load } from "./load-text.js";

/** line:column of the one error, and the text that stands there. */
function errorPlace(text: string): [string, string] {
  const [error, ...more] = load(text).diagnostics.filter(({ severity }) => severity === "error");
  assert.ok(error !== undefined && more.length === 0);
  return [`${error.line}:${error.column}`, text.slice(error.offset).split(/[\s"')]/)[0] as string];
}

const rest = "\n  desc: d\n  output: o\n  priority: INFO\n";

describe("places", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["plain", "- rule: r\n  condition: evt.type = open and proc.nme = x", "2:34"],
    ["plain over lines", "- rule: r\n  condition: evt.type = open\n    and\n     proc.nme = x", "4:6"],
    [
      "folded",
      "- rule: r\n  condition: >\n    evt.type = open and\n    (proc.name = y or\n\n      proc.nme = x)",
      "6:7",
    ],
    ["folded and stripped", "- rule: r\n  condition: >-  # comment\n    evt.type = open\n    and proc.nme = x", "4:9"],
    ["literal", "- rule: r\n  condition: |\n    evt.type = open and\n      proc.nme = x", "4:7"],
    ["single-quoted", "- rule: r\n  condition: 'proc.name = \"it''s\" and proc.nme = x'", "2:39"],
    ["double-quoted", '- rule: r\n  condition: "proc.name = \\"\\x41\\u00e9\\" and\\n proc.nme = x"', "2:48"],
    ["double-quoted over lines", '- rule: r\n  condition: "proc.name = a \\\n    and\n    proc.nme = x"', "4:5"],
    ["behind letters of two bytes", "- rule: r\n  condition: proc.name = 'é€𝄞' and proc.nme = x", "2:37"],
    ["carriage returns", "- rule: r\r\n  condition: >\r\n    evt.type = open and\r\n    proc.nme = x", "4:5"],
    [
      "behind a list",
      "- list: l\n  items: [a, b, c]\n- rule: r\n  condition: evt.type = open and proc.name in (l) and proc.nme = x",
      "4:55",
    ],
    [
      "in a macro",
      "- macro: m\n  condition: >\n    proc.name = y or\n    proc.nme = x\n- rule: r\n  condition: evt.type = open and m",
      "4:5",
    ],
  ];
  for (const [name, text, place] of table) {
    it(name, () => assert.deepEqual(errorPlace(text + rest), [place, "proc.nme"]));
  }

  it("of an appended condition are in the item that appends", () => {
    const text = `- rule: r\n  condition: evt.type = open${rest}- rule: r\n  condition: and proc.nme = x\n  append: true\n`;
    assert.deepEqual(errorPlace(text), ["7:18", "proc.nme"]);
  });

  it("of a syntax error are where the parser stopped", () => {
    const text = `- macro: m\n  condition: >\n    (a.b = x or\n     c.d = y))\n`;
    assert.deepEqual(errorPlace(text), ["4:14", ""]);
  });

  it("of a value in a list of another text are those of the list's name", () => {
    const text = `- list: l\n  items: [1, x]\n- rule: r\n  condition: evt.type = open and proc.pid in (l)${rest}`;
    assert.equal(errorPlace(text)[0], "4:46");
  });

  it("of a bad value in an exception are the tuple's", () => {
    const text = `- rule: r\n  condition: evt.type = open${rest}  exceptions:\n    - name: e\n      fields: [proc.pid]\n      values:\n        - [1]\n        - [x]\n`;
    assert.equal(errorPlace(text)[0], "11:11");
  });

  it("lead through all kinds of scalars, character by character", () => {
    const words = fc.array(fc.stringMatching(/^[a-zA-Zé"'\\:#.-]{1,6}$/), { minLength: 1, maxLength: 8 });
    const styles = fc.constantFrom("PLAIN", "QUOTE_SINGLE", "QUOTE_DOUBLE", "BLOCK_FOLDED", "BLOCK_LITERAL");
    const property = fc.property(words, fc.constantFrom(" ", "\n", "\n\n", "\n  "), styles, (parts, gap, style) => {
      const value = parts.join(gap);
      const source = `- k: ${String(parseOptions(value, style))}`;
      const document = parseDocument(source, { schema: "failsafe" });
      const node = scalarOf(document);
      if (node === undefined) return;
      const read = String(node.value);
      for (let i = 0; i < read.length; i++) {
        if (/\s/.test(read.charAt(i))) continue;
        const c = source.charAt(scalarOffset(source, node, i));
        assert.ok(c === read.charAt(i) || c === "\\", `${JSON.stringify(source)} at ${i}: ${c}`);
      }
    });
    fc.assert(property, { numRuns: 300, seed: 3 });
  });
});

/** The value, written in a style. */
function parseOptions(value: string, style: string): string {
  const document = parseDocument("k: x", { schema: "failsafe" });
  visit(document, {
    Scalar(key, node) {
      if (key !== "value") return;
      node.value = value;
      node.type = style as NonNullable<Scalar["type"]>;
    },
  });
  return document
    .toString({ lineWidth: 30 })
    .slice(3)
    .replace(/\n(?=.)/g, "\n  ");
}

function scalarOf(document: Document): Scalar | undefined {
  const node = document.getIn([0, "k"], true);
  return isScalar(node) ? node : undefined;
}

describe("formatDiagnostics", () => {
  it("shows the code, the place, the lines around it and what to do", () => {
    const text = `- rule: r\n  condition: >\n    evt.type = open and\n    proc.nme = x${rest}`;
    assert.equal(
      formatDiagnostics(load(text).diagnostics),
      [
        'a.yaml:4:5: error LOAD_ERR_COMPILE_CONDITION (Error compiling condition) in rule "r"',
        "  filter_check called with nonexistent field proc.nme",
        "  2 |   condition: >",
        "  3 |     evt.type = open and",
        "> 4 |     proc.nme = x",
        "    |     ^",
        "  5 |   desc: d",
        "  6 |   output: o",
        "  hint: did you mean 'proc.name'?",
      ].join("\n"),
    );
  });

  it("keeps long lines and control characters short", () => {
    const text = `- rule: r\n  condition: "${"x = ".repeat(3)}"\n  desc: d\n`;
    const [error] = load(text).diagnostics;
    assert.ok(error);
    const long = `- macro: m\n  condition: ${"a and ".repeat(100)}(b\n`;
    const frame = load(long).diagnostics[0]?.frame ?? "";
    const [, , line, caret] =
      frame.split("\n").length > 3 ? ["", ...frame.split("\n")] : ["", "", ...frame.split("\n").slice(-2)];
    assert.ok((line ?? "").length < 140 && (caret ?? "").trimEnd().endsWith("^"), frame);
  });

  const hints: readonly (readonly [string, string])[] = [
    ["evt.type = opan", "did you mean 'open'?"],
    ["evt.type = open and proc.name in l", "'l' is a list: write 'in (l)'"],
    ["evt.type = open and proc.name = anyof l", "'l' is a list: write 'anyof (l)'"],
    ["evt.type = open and spwned", "did you mean 'spawned'?"],
  ];
  for (const [condition, hint] of hints) {
    it(hint, () => {
      const lists =
        "- list: l\n  items: [a, b]\n- list: one\n  items: [x]\n- macro: spawned\n  condition: proc.name = x\n";
      const { diagnostics } = load(`${lists}- rule: r\n  condition: ${condition}${rest}`);
      assert.equal(diagnostics.find(({ severity }) => severity === "error")?.hint, hint);
    });
  }

  it("gives the way from the file to the place", () => {
    const [error] = load(`- rule: r\n  condition: proc.nme = x${rest}`).diagnostics;
    assert.deepEqual(
      error?.context.map(({ type, name, place }) => `${type} ${name} ${place.line}:${place.column}`),
      ["rules content  1:1", "rule r 1:3", "rule condition  2:14"],
    );
  });
});

describe("ruleFromCondition", () => {
  it("makes a rule of a bare condition", () => {
    const rule = ruleFromCondition("--filter", "evt.type = open", "%proc.name", "syscall", catalogResolver);
    assert.ok("condition" in rule);
    assert.deepEqual([rule.index, rule.output, rule.condition.kind], [0, "%proc.name", "check"]);
  });

  it("says what is wrong in it, and where", () => {
    const error = ruleFromCondition("--filter", "evt.type = open and\n proc.nme = é", "x", "syscall", catalogResolver);
    assert.ok("code" in error);
    assert.deepEqual([error.file, error.line, error.column], ["--filter", 2, 2]);
  });
});
