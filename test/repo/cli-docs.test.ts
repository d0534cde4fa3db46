// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { schema } from "../../src/config/schema.js";
import { packageRoot } from "../support/shared.js";
import { textOf } from "./scan.js";

const page = textOf("docs/cli.md");

function help(...command: string[]): string {
  const args = [join(packageRoot, "bin", "peregrine.js"), ...command, "--help"];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("docs/cli.md names every option and command that --help names", () => {
  const text = [
    help(),
    help("read"),
    help("bench"),
    help("capture"),
    help("plugin", "check-registry"),
    help("plugin", "new"),
  ].join("\n");
  const options = [...text.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? "");
  assert.ok(options.length > 10);
  assert.deepEqual(
    options.filter((option) => !page.includes(option)),
    [],
  );
});

test("docs/cli.md names every key of the configuration that has a meaning", () => {
  const missing = Object.keys(schema.shape).filter((key) => !page.includes(`\`${key}`) && !page.includes(` ${key}`));
  // An older name of rules_files.
  assert.deepEqual(
    missing.filter((key) => key !== "rules_file"),
    [],
  );
});
