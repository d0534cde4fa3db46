// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { logLines } from "../e2e/support.js";
import { Shell } from "../plugins/new/shell.js";
import { temporaryFolder } from "../support/temporary.js";
import { moduleFile } from "./beside.js";
import type { FaultConfig } from "./make.js";

const RULES = `
- rule: good
  desc: every tenth event
  condition: good.text endswith 2
  output: "good %good.text"
  priority: INFO
  source: good_source
`;

/** Runs the command with both plugins; the one that breaks does so as told. */
function run(config: FaultConfig, policy: string) {
  const folder = temporaryFolder();
  const path = join(folder, "falco.yaml");
  writeFileSync(join(folder, "rules.yaml"), RULES);
  const lines = [
    "plugins:",
    `  - {name: good, library_path: ${moduleFile("good")}, init_config: {events: 300}}`,
    `  - {name: faulty, library_path: ${moduleFile("faulty")}, init_config: ${JSON.stringify(config)}, ${policy}}`,
    "load_plugins: [good, faulty]",
    `rules_files: [${join(folder, "rules.yaml")}]`,
    "stdout_output: {enabled: true}",
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  return new Shell(folder).run(`peregrine -c "${path}"`);
}

test("a source that is given up is an error with the plugin's name and exit status 1; the other is complete", async () => {
  const { status, stdout, stderr } = await run({ sourceThrowAt: 60 }, "max_restarts: 1");
  assert.equal(status, 1, stderr);
  assert.equal(stdout.split("\n").filter((line) => line.includes("good ")).length, 30);
  const broke = logLines(stderr, "part").map(({ plugin, part, pause }) => [plugin, part, pause]);
  assert.deepEqual(broke, [
    ["faulty", "source", 100],
    ["faulty", "source", null],
  ]);
  assert.ok(logLines(stderr, "code").some(({ code, msg }) => code === "PLUGIN_FAILED" && /'faulty'/.test(String(msg))));
});

test("on_failure: exit ends the run with exit status 1, and says of which plugin", async () => {
  const { status, stderr } = await run({ sourceThrowAt: 60 }, "on_failure: exit");
  assert.equal(status, 1, stderr);
  assert.ok(logLines(stderr, "code").some(({ code, msg }) => code === "PLUGIN_FAILED" && /'faulty'/.test(String(msg))));
});

test("memory_mb of the configuration bounds a source", async () => {
  const { status, stderr } = await run({ sourceKeepsFrom: 1, events: 1_000_000 }, "max_restarts: 0, memory_mb: 32");
  assert.equal(status, 1, stderr);
  assert.match(stderr, /faulty has broken \(source\): (it held \d+ MiB of buffers|a call took more than 32 MiB)/);
});
