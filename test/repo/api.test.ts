// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compileRules, Engine, loadRules, PeregrineError, parseCondition } from "../../src/index.js";
import { packageRoot } from "../support/shared.js";

const examples = join(packageRoot, "examples");

test("parseCondition: a tree with ranges, or a message with a place", () => {
  const parsed = parseCondition("evt.type=open and\nshell");
  assert.ok(parsed.ok && parsed.node.kind === "and");
  assert.deepEqual(parsed.node.children[1], { kind: "identifier", name: "shell", range: { start: 18, end: 23 } });
  const failed = parseCondition("evt.type=open and\n  =");
  assert.ok(!failed.ok);
  assert.equal(failed.line, 2);
  assert.equal(failed.offset, 17 + failed.column);
  assert.notEqual(failed.message, "");
});

test("loadRules takes paths and texts; compileRules throws what is wrong with its place", () => {
  const more = {
    path: "more.yaml",
    content: "- {rule: Shell below a web server, override: {tags: append}, tags: [web]}",
  };
  const { ok, ruleSet } = loadRules([join(examples, "my_rules.yaml"), more]);
  assert.ok(ok);
  assert.deepEqual(ruleSet.rules[0]?.tags, ["process", "web"]);
  assert.equal(loadRules([more]).ok, false);
  assert.throws(
    () => compileRules([more]),
    (error) =>
      error instanceof PeregrineError && error.code === "RULES_INVALID" && /more\.yaml:1:\d+/.test(error.message),
  );
  assert.throws(
    () => loadRules([join(examples, "none.yaml")]),
    (error) => error instanceof PeregrineError && error.code === "RULES_OPEN",
  );
});

test("Engine: several captures, one after the other", async () => {
  const engine = new Engine(compileRules([join(examples, "my_rules.yaml")]));
  try {
    for (let run = 0; run < 2; run++) {
      const { alerts, report } = await engine.replay(join(examples, "web-shell.scap"));
      assert.equal(report.failure, null);
      assert.deepEqual(
        alerts.map(({ rule, output }) => [rule, output.replace(/^\S+ /, "")]),
        [["Shell below a web server", "Warning Shell below a web server (command=sh -c id parent=nginx)"]],
      );
    }
  } finally {
    await engine.close();
  }
});

test("the examples pass in a project of their own", (t) => {
  const project = mkdtempSync(join(tmpdir(), "peregrine-examples-"));
  t.after(() => rmSync(project, { recursive: true }));
  cpSync(examples, project, { recursive: true });
  // The package as it is being tested, by its name.
  const installed = join(project, "node_modules", "peregrine");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "package.json"), JSON.stringify({ type: "module", exports: "./index.js" }));
  const index = new URL("../../src/index.js", import.meta.url).href;
  writeFileSync(join(installed, "index.js"), `export * from ${JSON.stringify(index)};\n`);
  const tests = readdirSync(project).filter((name) => name.endsWith(".test.mjs"));
  assert.ok(tests.length > 0);
  // The inner runner must not take itself for a child of the one that runs this.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ["--test", ...tests], { cwd: project, env, encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
