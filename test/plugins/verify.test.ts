// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { groupMembers } from "../../src/plugins/group-members.js";
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
    message: /everybody can write the folder .*folder and so exchange it: chmod go-w .*folder$/,
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
    const folder = { code: "PLUGIN_WRITABLE", message: new RegExp(`user ${SOMEBODY} can write the folder`) };
    assert.throws(() => verifyFile(path, null), folder);
  }
});

function nested(name: string): { readonly path: string; readonly above: string } {
  const above = join(root, name);
  mkdirSync(join(above, "a", "b"), { recursive: true, mode: 0o755 });
  const path = join(above, "a", "b", "plugin.js");
  writeFileSync(path, TEXT, { mode: 0o644 });
  return { path, above };
}

test("a file below a folder that everybody can write is refused, however far up that is, unless it is sticky", () => {
  const { path, above } = nested("above");
  assert.equal(verifyFile(path, null), HASH);
  chmodSync(above, 0o757);
  const refused = {
    code: "PLUGIN_WRITABLE",
    message: new RegExp(`folder ${above} and so exchange it: chmod go-w ${above}$`),
  };
  assert.throws(() => verifyFile(path, null), refused);
  chmodSync(above, 0o1777);
  assert.equal(verifyFile(path, null), HASH);
});

test("a file below another user's folder is refused, and below one of a group that others are in", {
  skip: ROOT ? false : "giving folders away needs root",
}, () => {
  const { path, above } = nested("others");
  chownSync(above, SOMEBODY, 0);
  const owned = { code: "PLUGIN_WRITABLE", message: new RegExp(`user ${SOMEBODY} can .*: chown root ${above}$`) };
  assert.throws(() => verifyFile(path, null), owned);
  // A group that nobody knows is not root's.
  chownSync(above, 0, SOMEBODY);
  assert.equal(verifyFile(path, null), HASH, "it cannot write");
  chmodSync(above, 0o775);
  const grouped = { code: "PLUGIN_WRITABLE", message: new RegExp(`group ${SOMEBODY} can .*: chmod go-w ${above}$`) };
  assert.throws(() => verifyFile(path, null), grouped);
  chownSync(above, 0, 0);
  assert.equal(verifyFile(path, null), HASH, "root's group may");
});

test("a folder above Peregrine itself is not looked at: who can write it can put another Peregrine there", async () => {
  const above = join(root, "above-peregrine");
  const program = join(above, "peregrine", "src");
  cpSync(join(import.meta.dirname, "..", "..", "src"), program, { recursive: true });
  const copied: { verifyFile: typeof verifyFile } = await import(join(program, "plugins", "verify.js"));
  const path = join(above, "plugins", "plugin.js");
  mkdirSync(join(above, "plugins"), { mode: 0o755 });
  writeFileSync(path, TEXT, { mode: 0o644 });
  chmodSync(above, 0o757);
  assert.equal(copied.verifyFile(path, null), HASH);
  assert.throws(() => verifyFile(path, null), { code: "PLUGIN_WRITABLE" });
});

test("who is in a group: those whose it is, and those who are named in it", () => {
  const passwd =
    "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:\nbob:x:1001:100::/:\n# a comment\neve:x:1002:100::/:\n";
  const group = "root:x:0:\nann:x:1000:\nusers:x:100:ann\nshared:x:50:bob,ghost\nempty:x:51:\n";
  const members = (gid: number): readonly number[] | null => groupMembers(gid, passwd, group);
  assert.deepEqual(members(1000), [1000]);
  assert.deepEqual(members(100), [1001, 1002, 1000]);
  assert.deepEqual(members(50), [1001, -1], "a name without a user is somebody");
  assert.deepEqual(members(51), []);
  assert.equal(members(4711), null);
});

test("a file that is not there", () => {
  assert.throws(() => hashOf(join(root, "nothing")), { code: "PLUGIN_PATH" });
});
