// SPDX-License-Identifier: Apache-2.0
// A test of one's own rules: `node --test examples/my-rules.test.mjs`. In a project of yours, this runs in CI.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileRules, Engine, loadRules, parseCondition } from "peregrine";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const rules = path("my_rules.yaml");
const engine = new Engine(compileRules([rules]));
after(() => engine.close());

test("the rules load without a warning", () => {
  const { diagnostics } = loadRules([rules]);
  assert.deepEqual(diagnostics, []);
});

test("a shell below nginx raises one alert, one below sshd none", async () => {
  const { alerts, report } = await engine.replay(path("web-shell.scap"));
  assert.equal(report.failure, null);
  assert.deepEqual(
    alerts.map(({ rule, output_fields }) => [rule, output_fields["proc.pname"]]),
    [["Shell below a web server", "nginx"]],
  );
});

test("a mistake has a place", () => {
  const parsed = parseCondition("proc.name = sh and");
  assert.equal(parsed.ok, false);
  assert.equal(parsed.line, 1);
});
