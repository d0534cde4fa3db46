// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hashOf, verifyFile } from "../../src/plugins/verify.js";
import { temporaryFolder } from "../support/temporary.js";

const root = temporaryFolder();
const TEXT = "export const plugin = null;\n";
const HASH = createHash("sha256").update(TEXT).digest("hex");

function file(name: string, mode: number, folderMode = 0o755): string {
  const folder = join(root, name);
  mkdirSync(folder);
  const path = join(folder, "plugin.js");
  writeFileSync(path, TEXT);
  chmodSync(path, mode);
  chmodSync(folder, folderMode);
  return path;
}

test("a file that only its owner can write has its hash, whatever is pinned in which letters", () => {
  const path = file("good", 0o644);
  assert.equal(verifyFile(path, null), HASH);
  assert.equal(verifyFile(path, HASH.toUpperCase()), HASH);
  assert.equal(hashOf(path), HASH);
});

test("another file than the one that is pinned is refused, with both hashes", () => {
  const path = file("pinned", 0o644);
  const other = "0".repeat(64);
  assert.throws(() => verifyFile(path, other), { code: "PLUGIN_HASH", message: new RegExp(`${HASH}, not ${other}`) });
});

test("a file that everybody can write is refused, and so is one in such a folder, unless that is sticky", () => {
  assert.throws(() => verifyFile(file("file", 0o646), null), {
    code: "PLUGIN_WRITABLE",
    message: /everybody can write it/,
  });
  assert.throws(() => verifyFile(file("folder", 0o644, 0o757), null), {
    code: "PLUGIN_WRITABLE",
    message: /its folder/,
  });
  assert.equal(verifyFile(file("sticky", 0o644, 0o1777), null), HASH);
});

const ROOT = process.getuid?.() === 0;
const SOMEBODY = 4711;

test("a file that belongs to another user is refused, and so is one in such a folder, sticky or not", {
  skip: ROOT ? false : "giving files away needs root",
}, () => {
  const given = file("given", 0o644);
  chownSync(given, SOMEBODY, 0);
  const refused = { code: "PLUGIN_WRITABLE", message: `the plugin is refused: user ${SOMEBODY} can write it` };
  assert.throws(() => verifyFile(given, null), refused);
  for (const mode of [0o755, 0o1777]) {
    const path = file(`given-${mode}`, 0o644, mode);
    chownSync(join(path, ".."), SOMEBODY, 0);
    const folder = { code: "PLUGIN_WRITABLE", message: `the plugin is refused: user ${SOMEBODY} can write its folder` };
    assert.throws(() => verifyFile(path, null), folder);
  }
});

test("a file that is not there", () => {
  assert.throws(() => hashOf(join(root, "nothing")), { code: "PLUGIN_PATH" });
});
