// SPDX-License-Identifier: Apache-2.0
// A plugin with rules, in an engine: `node --test examples/my-plugin.test.mjs`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileRules, Engine, loadPlugins, ruleOptions } from "peregrine";

const path = fileURLToPath(new URL("my-plugin.mjs", import.meta.url));
const content = `
- rule: Door opened at night
  desc: Doors stay shut from ten to six
  source: doors
  condition: door.hour >= 22 or door.hour < 6
  output: The %door.name door was opened at %door.hour
  priority: WARNING
`;

test("a rule on a plugin's events", async () => {
  const plugins = await loadPlugins([{ path, parameters: "3 9 23", config: { doors: ["front"] } }]);
  const rules = compileRules([{ path: "doors.yaml", content }], ruleOptions(plugins));
  const engine = new Engine(rules, { plugins });
  try {
    const { alerts, report } = await engine.run();
    assert.equal(report.sources[0].events, 3);
    assert.deepEqual(
      alerts.map(({ output_fields }) => output_fields["door.hour"]),
      [3, 23],
    );
  } finally {
    await engine.close();
  }
});
