// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Context } from "../../src/rules/diagnostic.js";
import { Lists } from "../../src/rules/lists.js";
import { parseText } from "../../src/rules/parse-text.js";
import { printCondition } from "../../src/rules/print.js";
import { SourceFile } from "../../src/rules/source-file.js";
import { Text } from "../../src/rules/text.js";
import { load, messages, ruleText } from "./load-text.js";

const file = new SourceFile("a.yaml", "");
const context = Context.root(file);

function listsOf(lists: Readonly<Record<string, readonly string[]>>): Lists {
  return new Lists(
    Object.entries(lists).map(([name, items]) => ({
      name,
      items: items.map((text) => ({ text, offset: 0 })),
      context: context.enter("list", name, 0),
      unread: false,
    })),
    ({ message }) => assert.fail(message),
  );
}

function expanded(condition: string, lists: Readonly<Record<string, readonly string[]>>): string {
  return listsOf(lists).expand(Text.plain(condition, file), false).value;
}

/** What the condition means, or the message of its rejection. */
function meaning(condition: string, lists: Readonly<Record<string, readonly string[]>>): string {
  const parsed = parseText(Text.plain(condition, file), listsOf(lists));
  return "node" in parsed ? printCondition(parsed.node) : parsed.error.message;
}

const LISTS = {
  l: ["a", "b"],
  one: ["x"],
  none: [],
  spaced: ["a b", "'c d'"],
  nested: ["l", "c", "none"],
  deep: ["nested"],
};

describe("names of lists in a text", () => {
  const table: readonly (readonly [string, string])[] = [
    ["f.g in (l)", "f.g in (a, b)"],
    ["f.g in (l, c)", "f.g in (a, b, c)"],
    ["f.g in ( l)", "f.g in ( a, b)"],
    ["f.g=one", "f.g=x"],
    ["f.g = one", "f.g = x"],
    ["l", "a, b"],
    ['f.g = "l"', 'f.g = "l"'],
    ['f.g = "x l y"', 'f.g = "x a, b y"'],
    ["f.l in (xl, l.x)", "f.l in (xl, l.x)"],
    ["f.g in (none)", "f.g in ()"],
    ["f.g in (a, none)", "f.g in (a)"],
    ["f.g in (none, a)", "f.g in ( a)"],
    ["f.g in (a, none, b)", "f.g in (a, b)"],
    ["f.g in (spaced)", "f.g in (\"a b\", 'c d')"],
    ["f.g in (nested)", "f.g in (a, b, c)"],
    ["f.g in (deep)", "f.g in (a, b, c)"],
  ];
  for (const [text, result] of table) it(text, () => assert.equal(expanded(text, LISTS), result));
});

describe("a condition with lists means the same however they are put in", () => {
  const conditions = [
    "f.g in (l, c)",
    "f.g in (none)",
    "f.g in (none, deep, z, spaced)",
    "f.g = one",
    "f.g = l",
    "f.g = none",
    "f.g in l",
    "f.g in one",
    "f.g = anyof one",
    "f.g = anyof l",
    "f.g = anyof (l)",
    "one",
    "l",
    'f.g = "one l"',
    'f.g = "one"',
    "f.g > digits",
    "f.g in (odd)",
    "f.g[one] in (l)",
    "f.g in (two words)",
    "a and not (f.g in (l) or f.g in (one, deep))",
  ];
  const lists = { ...LISTS, digits: ["5"], odd: ["(a"], "two words": ["y", "z"] };
  for (const condition of conditions) {
    it(condition, () => {
      const text = Text.plain(expanded(condition, lists), file);
      const parsed = parseText(text, listsOf({}));
      const plain = "node" in parsed ? printCondition(parsed.node) : parsed.error.message;
      assert.equal(meaning(condition, lists), plain);
    });
  }
});

describe("lists of lists", () => {
  it("may not contain themselves", () => {
    const text = "- list: a\n  items: [b]\n- list: b\n  items: [c]\n- list: c\n  items: [a]\n";
    assert.deepEqual(messages(load(text)), ["LOAD_ERR_VALIDATE reference loop in list 'a'"]);
  });

  it("an item with the list's own name is that text", () =>
    assert.equal(expanded("f.g in (cat)", { cat: ["cat", "x"] }), "f.g in (cat, x)"));

  it("see the last definition, wherever it stands", () => {
    const first = `- list: inner\n  items: [cat]\n- list: outer\n  items: [inner]\n${ruleText("evt.type = open and proc.name in (outer)")}`;
    const result = load([first, "- list: inner\n  items: [dog]\n"]);
    assert.equal(
      printCondition(result.ruleSet.rules[0]?.condition as never),
      "(evt.type = open and proc.name in (dog))",
    );
  });

  it("that nothing names are told", () => {
    const text = `- list: used\n  items: [a]\n- list: unused\n  items: [used]\n${ruleText("evt.type = open")}`;
    assert.deepEqual(messages(load(text)), ["LOAD_UNUSED_LIST List not referred to by any other rule/macro"]);
  });
});

describe("many items", () => {
  it("a list of a million goes into several conditions", () => {
    const items = Array.from({ length: 1_000_000 }, (_, i) => `item-${i}`);
    const lists = listsOf({ big: items });
    for (const condition of ["f.g in (big)", "f.g in (a, big, b)"]) {
      const parsed = parseText(Text.plain(condition, file), lists);
      assert.ok("node" in parsed && parsed.node.kind === "check" && parsed.node.right?.kind === "list");
      assert.ok(parsed.node.right.items.length >= items.length);
    }
  });
});
