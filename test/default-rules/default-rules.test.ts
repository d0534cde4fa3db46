// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { resolveField } from "../../src/fields/registry.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import { closeThreads, run } from "../e2e/support.js";
import { packageRoot } from "../support/shared.js";
import { CASES } from "./cases.js";
import type { Scene } from "./scenes.js";

after(closeThreads);

const path = join(packageRoot, "rules/peregrine_rules.yaml");
const loaded = loadRules([{ path, content: readFileSync(path, "utf8") }], { resolver: resolveField });

test("the file loads without error or warning", () => {
  assert.equal(formatDiagnostics(loaded.diagnostics), "");
  assert.ok(loaded.ok);
});

test("every rule has scenes in which it fires and in which it is silent, a description and MITRE tags", () => {
  assert.deepEqual(Object.keys(CASES).sort(), loaded.ruleSet.rules.map(({ name }) => name).sort());
  for (const [name, { fires, silent }] of Object.entries(CASES)) {
    assert.ok(Object.keys(fires).length > 0 && Object.keys(silent).length > 0, name);
  }
  for (const { name, tags } of loaded.ruleSet.rules) {
    assert.ok(tags.some((tag) => tag.startsWith("mitre_")) && tags.some((tag) => /^T\d{4}/.test(tag)), name);
  }
});

/** Names of the rules whose alerts a scene raises. */
async function alertsOf(scene: Scene): Promise<string[]> {
  const { output, report } = await run(scene.builder.toFile(), loaded.ruleSet, 1);
  assert.equal(report.failure, null);
  assert.equal(report.ledger.difference, 0);
  const lines = output.split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { rule: string }).rule);
}

for (const [rule, { fires, silent }] of Object.entries(CASES)) {
  test(rule, async () => {
    for (const [name, scene] of Object.entries(fires)) {
      assert.deepEqual(await alertsOf(scene), [rule], `fires: ${name}`);
    }
    for (const [name, scene] of Object.entries(silent)) {
      assert.equal((await alertsOf(scene)).includes(rule), false, `silent: ${name}`);
    }
  });
}

test("docs/default-rules.md is current", () => {
  const script = join(packageRoot, "scripts/generate-default-rules.mjs");
  const result = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stderr);
});
