// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { loadRules } from "../../src/rules/load.js";
import { shared, withoutShared } from "../support/shared.js";
import { catalogResolver } from "./catalog-resolver.js";

const FILES = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

describe("the official rules", { skip: withoutShared }, () => {
  const read = (name: string): { path: string; content: string } => {
    return { path: name, content: readFileSync(shared("data", "rules", "official", name), "utf8") };
  };

  for (const name of FILES) {
    it(`${name} loads without a word`, () => {
      const result = loadRules([read(name)], { resolver: catalogResolver });
      assert.deepEqual(result.diagnostics, []);
      assert.ok(result.rules.length > 20);
    });
  }

  it("load together, with all 93 rules enabled", () => {
    const selection = [{ enable: true, rule: "*" }];
    const result = loadRules(FILES.map(read), { resolver: catalogResolver, selection });
    assert.deepEqual(result.diagnostics, []);
    assert.equal(result.ruleSet.rules.length, 93);
    assert.deepEqual(
      result.ruleSet.rules.map(({ index }) => index),
      Array.from({ length: 93 }, (_, i) => i),
    );
    for (const rule of result.ruleSet.rules) assert.ok((rule.eventTypes?.length ?? 0) > 0, rule.name);
  });
});
