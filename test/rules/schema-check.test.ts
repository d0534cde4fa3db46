// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { load } from "./load-text.js";

function findings(text: string): readonly string[] | null | undefined {
  return load(text, { everyFile: true }).files[0]?.schemaWarnings;
}

const RULE = "- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";

describe("the schema of rules files", () => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ["what is right", `${RULE}  tags: [a]\n  enabled: true\n- required_engine_version: 5\n`, []],
    ["numbers where texts are wanted, and texts that say numbers", "- list: 5\n  items: [1, '2', x]\n", []],
    ["an empty file", "", []],
    ["no sequence", "a: b\n", ["failed for <root>: the value must be a sequence"]],
    ["an unknown key", `${RULE}  foo: 1\n`, ["failed for <root>[0]: the key 'foo' is not allowed there"]],
    [
      "a truth value that only Falco's reader knows",
      `${RULE}  capture: "yes"\n`,
      ["failed for <root>[0][capture]: the value must be true or false"],
    ],
    [
      "a priority in small letters",
      RULE.replace("INFO", "info"),
      [
        "failed for <root>[0][priority]: 'info' is none of EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL, DEBUG, INFO",
      ],
    ],
    [
      "an exception without a name, an override of nothing, a negative duration",
      `${RULE}  exceptions: [{fields: a}]\n  override: {}\n  capture_duration: -1\n`,
      [
        "failed for <root>[0][exceptions][0]: the key 'name' is missing",
        "failed for <root>[0][override]: there must be at least 1 key(s)",
        "failed for <root>[0][capture_duration]: -1 is less than 0",
      ],
    ],
    [
      "null where a text is wanted",
      "- macro:\n  condition: a\n",
      ["failed for <root>[0][macro]: the value must be a text"],
    ],
  ];
  for (const [name, text, expected] of table) it(name, () => assert.deepEqual(findings(text), expected));

  it("says nothing of what is no YAML, and stops at a hundred findings", () => {
    assert.equal(findings("- [a\n- b: c\n"), null);
    assert.equal(findings("- x: 1\n".repeat(500))?.length, 100);
  });
});
