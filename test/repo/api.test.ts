// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  compileRules,
  Engine,
  loadPlugins,
  loadRules,
  PeregrineError,
  type PluginNews,
  parseCondition,
  ruleOptions,
} from "../../src/index.js";
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

const NIGHT = `
- rule: night
  desc: d
  source: doors
  condition: door.hour < 6
  output: "%evt.num %door.name"
  priority: WARNING
- rule: any
  desc: d
  source: syscall
  condition: evt.num > 0
  output: o
  priority: INFO
`;

test("Engine with plugins: runs on their sources again and again, and on captures", async () => {
  const path = join(examples, "my-plugin.mjs");
  const plugins = await loadPlugins([{ path, parameters: "3 9" }]);
  assert.deepEqual(
    plugins.map(({ name, source, config }) => [name, source?.name, config]),
    [["doors", "doors", { doors: ["front", "cellar"] }]],
  );
  const engine = new Engine(compileRules([{ path: "night.yaml", content: NIGHT }], ruleOptions(plugins)), { plugins });
  try {
    for (let run = 0; run < 2; run++) {
      const { alerts, report } = await engine.run();
      assert.deepEqual(
        alerts.map(({ rule, source, output_fields: of }) => [rule, source, of["evt.num"], of["door.name"]]),
        [
          ["night", "doors", 1, "front"],
          ["night", "doors", 3, "cellar"],
        ],
      );
      const [source] = report.sources;
      assert.deepEqual([source?.events, source?.failure, source?.ledger.difference], [4, null, 0]);
    }
    const { alerts } = await engine.replay(join(examples, "web-shell.scap"));
    assert.ok(alerts.length > 0 && alerts.every(({ rule }) => rule === "any"));
  } finally {
    await engine.close();
  }
});

test("Engine with plugins: what is wrong with one is told", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-engine-"));
  t.after(() => rmSync(folder, { recursive: true }));
  await assert.rejects(loadPlugins([join(folder, "none.mjs")]), { code: "PLUGIN_PATH" });
  const path = join(examples, "my-plugin.mjs");
  await assert.rejects(loadPlugins([{ path, config: { doors: 5 } }]), { code: "PLUGIN_CONFIG" });
  await assert.rejects(loadPlugins([{ path, sha256: "0".repeat(64) }]), { code: "PLUGIN_HASH" });
  const plugins = await loadPlugins([{ path, parameters: "x" }]);
  const rules = compileRules([{ path: "night.yaml", content: NIGHT }], ruleOptions(plugins));
  const news: PluginNews[] = [];
  const engine = new Engine(rules, { plugins, onPlugin: (each) => news.push(each) });
  const none = new Engine(rules);
  try {
    // Hours that are no numbers are values of the wrong type.
    const { alerts } = await engine.run();
    assert.deepEqual(alerts, []);
    assert.ok(
      news.some((each) => each.kind === "fault" && each.plugin === "doors" && each.what === "type"),
      JSON.stringify(news),
    );
    await assert.rejects(none.run(), { code: "SOURCE_UNKNOWN" });
  } finally {
    await engine.close();
    await none.close();
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
