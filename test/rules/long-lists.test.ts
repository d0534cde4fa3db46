// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { shorten } from "../../src/rules/long-lists.js";
import { load, messages, ruleText } from "./load-text.js";

const WORDS = Array.from({ length: 5000 }, (_, i) => `/usr/lib/some-word.${i}`);
const RULE = ruleText("evt.type = open and proc.name in (l)");

/** How many words are taken out of a text before it is parsed. */
function runs(text: string): number {
  return shorten(text).runs.length;
}

function assertLoads(text: string, words: readonly string[]): void {
  const { collected } = load(text);
  const items = collected.lists.get("l")?.items ?? [];
  assert.deepEqual(
    items.map((item) => item.text),
    words,
  );
  for (const { text: word, offset } of items) assert.ok(text.slice(offset).replace(/^["']/, "").startsWith(word));
}

describe("a long list of plain words", () => {
  const forms: Readonly<Record<string, string>> = {
    "one a line": `- list: l\n  items:\n${WORDS.map((word) => `    - ${word}\n`).join("")}${RULE}`,
    "one a line, not indented, with CR LF and blanks behind": `- list: l\r\n  items:\r\n${WORDS.map((word) => `  - ${word} \t\r\n`).join("")}`,
    "between commas": `- list: l\n  items: [${WORDS.join(", ")}]\n${RULE}`,
    "between commas, over several lines": `- list: l\n  items: [\n    ${WORDS.join(",\n    ")},\n  ]\n${RULE}`,
    "between commas without blanks": `- {list: l, items: [${WORDS.join(",")}]}\n`,
  };
  for (const [name, text] of Object.entries(forms)) {
    it(`${name} is taken out before parsing, and is there afterwards`, () => {
      assert.equal(runs(text), 1);
      assert.equal(shorten(text).text.length, text.length);
      assertLoads(text, WORDS);
    });
  }

  it("may have other items around it", () => {
    const text = `- list: l\n  items: ["a b", ${WORDS.join(", ")}, 'c', null_, d]\n`;
    assertLoads(text, ["a b", ...WORDS, "c", "null_", "d"]);
    const lines = `- list: l\n  items:\n  - "a b"\n  - x # y\n${WORDS.map((word) => `  - ${word}\n`).join("")}  - 'c d'\n  - e\n`;
    assertLoads(lines, ["a b", "x", ...WORDS, "c d", "e"]);
  });

  it("is followed by places that are right", () => {
    const text = `- list: l\n  items:\n${WORDS.map((word) => `    - ${word}\n`).join("")}${RULE.replace("proc.name", "proc.nme")}`;
    const [error] = load(text).diagnostics;
    assert.equal(error?.message, "filter_check called with nonexistent field proc.nme");
    assert.equal(error?.line, WORDS.length + 5);
  });

  it("with a null in it is wrong there", () => {
    const text = `- list: l\n  items: [${WORDS.join(", ")}, null, ${WORDS.join(", ")}]\n`;
    assert.deepEqual(messages(load(text)), ["LOAD_ERR_YAML_VALIDATE sequence value is not scalar"]);
  });

  it("in a file that is not YAML changes nothing of what is said", () => {
    const text = `- list: l\n  items: [${WORDS.join(", ")}]\n- a: b: c\n`;
    assert.deepEqual(messages(load(text)), [
      "LOAD_ERR_YAML_PARSE yaml-cpp: error at line 3, column 7: illegal map value",
    ]);
  });

  it("that is the text of something else stays one", () => {
    const lines = WORDS.map((word) => `    - ${word}\n`).join("");
    for (const desc of [`|\n${lines}`, `"\n${lines}    "`, `'[${WORDS.join(", ")}]'`]) {
      const text = `- rule: r\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  desc: ${desc}\n`;
      const result = load(text);
      assert.deepEqual(messages(result), []);
      const [rule] = result.rules;
      assert.ok(rule?.desc.includes(WORDS[2500] ?? "-"));
    }
  });
});
