// SPDX-License-Identifier: Apache-2.0
// npm run generate: writes every generated file anew. With --check: fails where one differed from what it should be.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root, say, setUp } from "./setup.mjs";

const check = process.argv.includes("--check");

/** name -> contents of every file that a generator writes; they are known by their place or name. */
function generated(folder = root, found = new Map()) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = relative(root, path);
    if (entry.isDirectory()) {
      if (!["node_modules", "dist", "build", ".git", ".out"].includes(entry.name)) generated(path, found);
    } else if (/\.generated\.|(^|[/\\])generated[/\\]|^docs[/\\](errors|fields)\.md$/.test(name)) {
      found.set(name, readFileSync(path, "utf8"));
    }
  }
  return found;
}

setUp();
const before = generated();
const hasJava = spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0;
const GENERATORS = [
  "generate-schema",
  "generate-native",
  "generate-bpf",
  "generate-legacy",
  "generate-grammar",
  "generate-docs",
];
for (const script of GENERATORS) {
  const path = join(root, "scripts", `${script}.mjs`);
  if (!existsSync(path)) continue;
  if (script === "generate-grammar" && !hasJava) {
    say("generate-grammar: left out, it needs java, which is not here");
    continue;
  }
  const result = spawnSync(process.execPath, [path], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) {
    say(`${script} failed`);
    process.exit(1);
  }
}
const after = generated();
const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
  (name) => before.get(name) !== after.get(name),
);
for (const name of changed) say(`${check ? "was not current" : "written"}: ${name}`);
if (check && changed.length > 0) process.exit(1);
if (changed.length === 0) say(`all ${after.size} generated files are current`);
