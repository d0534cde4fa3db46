// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { filesOf, packageJson, textOf } from "./scan.js";

test("the bootstrap uses nothing but Node itself", () => {
  for (const path of ["setup", "start", "test", "build", "run", "generate", "reporter"].map(
    (name) => `scripts/${name}.mjs`,
  )) {
    const targets = [...textOf(path).matchAll(/from "([^"]+)"/g)].map((match) => match[1] ?? "");
    assert.deepEqual(
      targets.filter((name) => !name.startsWith("node:") && name !== "./setup.mjs"),
      [],
      path,
    );
  }
});

test("every script of package.json that names a file names one that is there", () => {
  const scripts = new Set(filesOf("scripts", ".mjs"));
  const named = Object.values(packageJson().scripts).flatMap((text) => text.match(/scripts\/[\w-]+\.mjs/g) ?? []);
  assert.deepEqual(
    named.filter((path) => !scripts.has(path)),
    [],
  );
});

// Compiled to another folder, the test says nothing about dist/.
const elsewhere = import.meta.url.includes("/dist/test/") ? false : "not run from dist/";

test("setting up what is set up says nothing", { skip: elsewhere }, () => {
  const result = spawnSync(process.execPath, ["scripts/setup.mjs"], { cwd: packageRoot, encoding: "utf8" });
  assert.equal(result.stderr, "");
  assert.equal(result.stdout, "");
  assert.equal(result.status, 0);
});

test("commands of the documents are scripts of package.json", () => {
  const known = new Set([...Object.keys(packageJson().scripts), "ci", "install"]);
  const documents = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", ...filesOf("docs", ".md")];
  for (const path of documents) {
    const used = [...textOf(path).matchAll(/\bnpm (?:run )?([a-z:]+[a-z])\b/g)].map((match) => match[1] ?? "");
    assert.deepEqual(
      used.filter((name) => !known.has(name)),
      [],
      path,
    );
  }
});
