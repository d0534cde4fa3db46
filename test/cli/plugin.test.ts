// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { command, logLines } from "../e2e/support.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-plugin-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const entry = (id: number) =>
  `  - {name: a, description: d, capabilities: {sourcing: {supported: true, id: ${id}, source: a}}}\n`;

test("plugin check-registry: Ok and exit 0, or a line for each problem and exit 1", async () => {
  const good = file("good.yaml", `plugins:\n${entry(1)}`);
  const bad = file("bad.yaml", `plugins:\n${entry(0)}`);
  assert.deepEqual(await command(["plugin", "check-registry", good]), {
    status: 0,
    stdout: `${good}: Ok\n`,
    stderr: "",
  });
  const told = await command(["plugin", "check-registry", bad]);
  assert.equal(told.status, 1);
  assert.match(told.stdout, /bad\.yaml:2:78: error REGISTRY_ID: .* the ID 0/);
  const json = await command(["plugin", "check-registry", bad, "--json"]);
  assert.equal(json.status, 1);
  const { ok, problems } = JSON.parse(json.stdout) as { ok: boolean; problems: { code: string; line: number }[] };
  assert.equal(ok, false);
  assert.deepEqual(
    problems.map(({ code, line }) => [code, line]),
    [["REGISTRY_ID", 2]],
  );
  const changed = await command([
    "plugin",
    "check-registry",
    file("new.yaml", `plugins:\n${entry(2)}`),
    "--base",
    good,
  ]);
  assert.match(changed.stdout, /REGISTRY_CHANGED: the ID of "a" was 1 and is 2/);
});

test("plugin check-registry: a file that is not there, a base that is none", async () => {
  const missing = await command(["plugin", "check-registry", join(folder, "missing.yaml")]);
  assert.equal(missing.status, 1);
  assert.equal(logLines(missing.stderr, "code")[0]?.["code"], "REGISTRY_OPEN");
  const good = file("fine.yaml", "plugins: []\n");
  const base = await command(["plugin", "check-registry", good, "--base", file("none.yaml", "plugins: 3\n")]);
  assert.equal(base.status, 1);
  assert.equal(logLines(base.stderr, "code")[0]?.["code"], "REGISTRY_SHAPE");
});
