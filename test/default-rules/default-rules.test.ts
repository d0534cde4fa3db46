// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { resolveField } from "../../src/fields/registry.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import { closeThreads, run } from "../e2e/support.js";
import { packageRoot, shared, withoutShared } from "../support/shared.js";
import { CASES } from "./cases.js";
import { incident } from "./example.js";
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
      assert.deepEqual(await alertsOf(scene), [], `silent: ${name}`);
    }
  });
}

test("the example raises alerts, and is what its source says", async () => {
  const example = join(packageRoot, "examples", "incident.scap");
  assert.deepEqual(readFileSync(example), readFileSync(incident().builder.toFile()));
  assert.deepEqual(await alertsOf(incident()), [
    "Shell started by a server in a container",
    "Sensitive file read",
    "Unexpected outbound connection",
    "Standard stream redirected to the network",
    "Shell history cleared",
  ]);
});

test("docs/default-rules.md is current", () => {
  const script = join(packageRoot, "scripts/generate-default-rules.mjs");
  const result = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stderr);
});

/** What the script recorded in modern/ does, once in host-activity and, but for the part in a container, twice in mixed. */
const DONE = {
  "Sensitive file read": 2,
  "Link to a sensitive file": 3,
  "Credential search": 4,
  // Truncated while it had lines in it, and removed; its making cleared nothing.
  "Log cleared": 2,
  "Process attached by ptrace": 1,
  "Executable run from memory": 1,
} as const;
const IN_CONTAINER = { "Sensitive file read": 1, "Standard stream redirected to the network": 2 } as const;

test("on public captures: what was done on purpose, and nothing else", { skip: withoutShared }, async () => {
  const folder = shared("data", "captures");
  const captures = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".scap"));
  assert.ok(captures.length > 15);
  for (const name of captures) {
    const { output } = await run(join(folder, name), loaded.ruleSet, 1);
    const counts: Record<string, number> = {};
    for (const line of output.split("\n").slice(0, -1)) {
      const { rule } = JSON.parse(line) as { rule: string };
      counts[rule] = (counts[rule] ?? 0) + 1;
    }
    const expected: Record<string, number> = {};
    const add = (more: Readonly<Record<string, number>>): void => {
      for (const [rule, count] of Object.entries(more)) expected[rule] = (expected[rule] ?? 0) + count;
    };
    if (name === join("modern", "host-activity.scap")) [DONE, IN_CONTAINER].forEach(add);
    if (name === join("modern", "mixed.scap")) [DONE, DONE].forEach(add);
    assert.deepEqual(counts, expected, name);
  }
});
