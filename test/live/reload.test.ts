// SPDX-License-Identifier: Apache-2.0
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** Rules change under a run that watches this machine. */

const skip = cannotWatch();
let folder = "";
let rules = "";
let watching: Watching;

/** Rules whose alerts begin with `name`; the second one asks for calls that the first does not. */
function rulesOf(name: string, types: string): string {
  return `- rule: marks
  desc: marks
  condition: evt.type in (${types}) and proc.args contains mark-
  output: ${name} %evt.type %proc.args
  priority: NOTICE
`;
}

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  rules = join(folder, "rules.yaml");
  writeFileSync(rules, rulesOf("first", "execve"));
  watching = new Watching(folder, ["-r", rules, "-o", "json_output=false"], (line, mark) => line.includes(mark));
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  await watching.end();
});

/** Waits until a mark is told by rules of this name. */
async function told(name: string): Promise<void> {
  for (;;) {
    const from = watching.lines.length;
    await watching.settled();
    if (watching.lines.slice(from).some((line) => line.includes(`Notice ${name} `))) return;
  }
}

test("rules are loaded again when their file is replaced, and at SIGHUP", { skip }, async () => {
  await told("first");
  writeFileSync(`${rules}.new`, rulesOf("second", "execve, brk, munmap"));
  renameSync(`${rules}.new`, rules);
  await told("second");
  writeFileSync(rules, "- rule: half");
  while (!watching.lines.some((line) => line.includes("Falco internal: hot restart failure"))) await watching.settled();
  while (!watching.errors.includes("RELOAD_FAILED")) await watching.settled();
  await told("second");
  writeFileSync(rules, rulesOf("third", "execve"));
  watching.signal("SIGHUP");
  await told("third");
});
