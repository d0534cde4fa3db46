// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readRegistry } from "../../../src/plugins/registry.js";
import { writePlugin } from "../../../src/plugins/scaffold.js";
import { packageRoot } from "../../support/shared.js";
import { temporaryFolder } from "../../support/temporary.js";
import { Shell } from "./shell.js";

const root = temporaryFolder();
const read = readRegistry(readFileSync(join(packageRoot, "registry.yaml"), "utf8"));
const registry = "registry" in read ? read.registry : null;

function plan(name: string, folder = join(root, name)) {
  return { name, library: null, folder, packageRoot, registry };
}

test("a new plugin passes its test, its types are right, and its rule fires", async () => {
  const shell = new Shell(root);
  const made = await shell.run("peregrine plugin new my-gate_2");
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /peregrine -c falco\.yaml/);
  const tested = await shell.run("npm test", "my-gate_2");
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /pass 3/);
  const checked = await shell.typecheck("my-gate_2");
  assert.equal(checked.status, 0, checked.stdout);
  const ran = await shell.run("peregrine -c my-gate_2/falco.yaml");
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^\S+ Warning A login failed \(user=mallory from=203\.0\.113\.9\)\n$/);
  const listed = await shell.run("peregrine -c my-gate_2/falco.yaml --list=my_gate_2");
  assert.match(listed.stdout, /my_gate_2\.user/);
});

test("a new library in C passes its test, and its rule fires", async () => {
  const shell = new Shell(join(root, "c"));
  const made = await shell.run("peregrine plugin new my-gate_3 --library c");
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /make test\n {2}make\n {2}peregrine -c falco\.yaml/);
  // The author of a plugin in C looks for warnings.
  const tested = await shell.run(
    "make test CFLAGS='-Wall -Wextra -Werror'; make CFLAGS='-O2 -Wall -Wextra -Werror'",
    "my-gate_3",
  );
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /^ok$/m);
  const ran = await shell.run("peregrine -c my-gate_3/falco.yaml");
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^\S+ Warning A login failed \(user=mallory from=203\.0\.113\.9\)\n$/);
  const listed = await shell.run("peregrine -c my-gate_3/falco.yaml --list=my_gate_3");
  assert.match(listed.stdout, /my_gate_3\.word/);
  const unknown = await shell.run("peregrine plugin new other --library cobol");
  assert.notEqual(unknown.status, 0);
  assert.match(unknown.stderr, /Allowed choices are c/);
});

test("names that mean something in YAML, and folders with blanks and quotes", () => {
  const folder = join(root, 'a "folder"');
  writePlugin(plan("null", folder));
  assert.match(
    readFileSync(join(folder, "falco.yaml"), "utf8"),
    /name: "null"\n {4}library_path: ".*a \\"folder\\"\/null\.ts"/,
  );
});

test("nobody but the owner can write what was written, whatever the umask is", () => {
  const before = process.umask(0);
  try {
    const files = writePlugin(plan("open-to-all"));
    const modes = ["", ...files].map((file) => statSync(join(root, "open-to-all", file)).mode & 0o022);
    assert.deepEqual(new Set(modes), new Set([0]));
  } finally {
    process.umask(before);
  }
});

test("bad names, names that are given out, and folders that hold something are refused", () => {
  const full = join(root, "full");
  mkdirSync(full);
  writeFileSync(join(full, "mine"), "");
  for (const [wanted, message] of [
    [plan("Upper", join(root, "x")), /"Upper" is no name of a plugin/],
    [plan("9lives", join(root, "x")), /is no name/],
    [plan("../up", join(root, "x")), /is no name/],
    [plan("json", join(root, "x")), /has a plugin or an event source "json"/],
    [plan("k8s-audit", join(root, "x")), /"k8s-audit" already/],
    [plan("syscall", join(root, "x")), /reserved/],
    [plan("fresh", full), /not empty/],
  ] as const) {
    assert.throws(() => writePlugin(wanted), { code: "PLUGIN_NEW", message });
  }
});
