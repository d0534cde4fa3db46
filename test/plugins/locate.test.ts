// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { locatePlugin } from "../../src/plugins/locate.js";
import { temporaryFolder } from "../support/temporary.js";

const root = realpathSync(temporaryFolder());
const folder = join(root, "plugins");
const was = process.env["PEREGRINE_PLUGINS"];

before(() => {
  mkdirSync(join(folder, "below"), { recursive: true });
  for (const name of ["a.js", "b.ts", "c.mjs", "libd.so", "below/e.js", "notes.txt"])
    writeFileSync(join(folder, name), "");
  writeFileSync(join(root, "outside.js"), "");
  symlinkSync(join(root, "outside.js"), join(folder, "way-out.js"));
  symlinkSync(join(folder, "a.js"), join(folder, "way-in.js"));
  process.env["PEREGRINE_PLUGINS"] = folder;
});
after(() => {
  if (was === undefined) delete process.env["PEREGRINE_PLUGINS"];
  else process.env["PEREGRINE_PLUGINS"] = was;
});

test("relative paths begin in the plugin folder; the name says what a file is", () => {
  for (const [path, kind] of [
    ["a.js", "module"],
    ["b.ts", "module"],
    ["c.mjs", "module"],
    ["libd.so", "library"],
    ["below/e.js", "module"],
    ["./below/../a.js", "module"],
  ] as const) {
    const found = locatePlugin(path);
    assert.deepEqual([found.kind, found.bundled], [kind, false], path);
    assert.ok(found.path.startsWith(folder));
  }
});

test("a path that leads out of the plugin folder is refused, however it does", () => {
  for (const path of [
    "../outside.js",
    "below/../../outside.js",
    "way-out.js",
    "..//outside.js",
    "../plugins/../outside.js",
  ]) {
    assert.throws(() => locatePlugin(path), { code: "PLUGIN_PATH", message: /outside the plugins directory/ }, path);
  }
  assert.equal(locatePlugin("way-in.js").path, join(folder, "a.js"));
});

test("an absolute path is the user's own affair", () => {
  assert.equal(locatePlugin(join(root, "outside.js")).path, join(root, "outside.js"));
  assert.throws(() => locatePlugin(join(root, "missing.js")), { code: "PLUGIN_PATH", message: /no plugin at/ });
  assert.throws(() => locatePlugin(join(folder, "notes.txt")), { code: "PLUGIN_PATH", message: /must end in/ });
});

test("bundled plugins by their names, and in the place of Falco's libraries that are not there", () => {
  for (const path of ["json", "libjson.so", "/usr/share/falco/plugins/libjson.so"]) {
    const found = locatePlugin(path);
    assert.deepEqual([found.kind, found.bundled], ["module", true], path);
    assert.match(found.path, /plugins\/json\/index\.js$/);
  }
  assert.throws(() => locatePlugin("libnobody.so"), { code: "PLUGIN_PATH" });
  assert.throws(() => locatePlugin("nobody"), { code: "PLUGIN_PATH", message: /cloudtrail, json/ });
});

test("a package of npm by its name", () => {
  const found = locatePlugin("fast-check");
  assert.deepEqual([found.kind, found.bundled], ["module", false]);
});
