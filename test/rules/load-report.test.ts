// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fileReport } from "../../src/rules/load-report.js";
import { load, messages, ruleText } from "./load-text.js";

interface Report {
  readonly errors: readonly { readonly message: string }[];
  readonly more_errors?: readonly { readonly message: string }[];
}

function report(text: string): Report {
  const [file] = load(text, { everyFile: true }).files;
  assert.ok(file);
  return fileReport(file, text) as Report;
}

describe("the report of a file for programs", () => {
  it("has the error that Falco stops at where Falco has it, and all others beside it", () => {
    const { errors, more_errors: more } = report(ruleText("evt.type = opn and proc.nme = x and proc.pid = y"));
    assert.deepEqual(
      errors.map(({ message }) => message),
      ["unknown event type opn"],
    );
    assert.deepEqual(
      more?.map(({ message }) => message),
      ["filter_check called with nonexistent field proc.nme", "y is not a valid number"],
    );
  });

  it("has no list of others where there is one error, or none", () => {
    assert.ok(!("more_errors" in report(ruleText("evt.type = opn"))));
    assert.deepEqual(report(ruleText("evt.type = open")).errors, []);
  });
});

describe("what is not YAML is told in the words of Falco's parser, where it has some", () => {
  const table: readonly (readonly [text: string, message: string])[] = [
    ["this : is : not : yaml", "yaml-cpp: error at line 1, column 11: illegal map value"],
    ["- rule: a\n  desc: b: c\n", "yaml-cpp: error at line 2, column 10: illegal map value"],
    ["- rule: a\n    desc: b\n", "yaml-cpp: error at line 2, column 9: illegal map value"],
    ["- a: 1\n b: 2\n", "yaml-cpp: error at line 2, column 2: end of sequence not found"],
    ['- rule: "a\n', "yaml-cpp: error at line 2, column 1: illegal EOF in scalar"],
  ];
  for (const [text, message] of table) {
    it(JSON.stringify(text), () => {
      const [first] = messages(load(text));
      assert.equal(first, `LOAD_ERR_YAML_PARSE ${message}`);
    });
  }
});
