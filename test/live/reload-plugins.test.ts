// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { compileLibrary } from "../plugins/library/compile.js";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** Rules change under a run in which a library parses this machine's system calls. */

const skip = cannotWatch();
let folder = "";
let rules = "";
let watching: Watching;

/** Rules whose alerts begin with `name`; the second one is on the file that `touch` opens. */
function rulesOf(name: string, condition: string, output: string): string {
  return `- rule: marks
  desc: marks
  condition: evt.type = execve and proc.args contains mark-
  output: ${name} %proc.args
  priority: NOTICE
- rule: parsed
  desc: a file was opened by this thread
  condition: fd.name endswith parsed-file and ${condition}
  output: "${output}"
  priority: NOTICE
`;
}

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  rules = join(folder, "rules.yaml");
  writeFileSync(rules, rulesOf("first", "evt.type in (open, openat) and sys.opens > 0", "opened %sys.opens %sys.fd"));
  const config = join(folder, "falco.yaml");
  const library = compileLibrary("syscalls.cc");
  writeFileSync(
    config,
    `json_output: false\nstdout_output: {enabled: true}\nplugins: [{name: syscalls, library_path: ${library}}]\n`,
    { mode: 0o600 },
  );
  watching = new Watching(folder, ["-c", config, "-r", rules], (line, mark) => line.includes(mark));
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  await watching.end();
});

/** Opens the file, and waits for what is told of it; up to three times where that is nothing: events may be lost. */
async function touch(): Promise<readonly string[]> {
  const from = watching.lines.length;
  for (let attempt = 1; ; attempt++) {
    spawnSync("sh", ["-c", "echo > parsed-file"], { cwd: folder });
    await watching.settled();
    const lines = watching.lines.slice(from);
    const told = lines.flatMap((line) => / Notice ((?:opened|closed) .*)$/.exec(line)?.[1] ?? []);
    if (told.length > 0 || attempt === 3) return told;
  }
}

/** Waits until a mark is told by rules of this name. */
async function told(name: string): Promise<void> {
  for (;;) {
    const from = watching.lines.length;
    await watching.settled();
    if (watching.lines.slice(from).some((line) => line.includes(`Notice ${name} `))) return;
  }
}

test("rules that are loaded again see what a library has parsed, on events that none was on before", {
  skip,
}, async () => {
  const path = join(folder, "parsed-file");
  const [opened = ""] = await touch();
  const [, opens, name] = /^opened (\d+) (.*)$/.exec(opened) ?? [];
  assert.ok(Number(opens) >= 1, opened);
  assert.equal(name, path);
  writeFileSync(rules, rulesOf("second", "evt.type = close and sys.opens > 0", "closed %sys.opens %sys.fd"));
  watching.signal("SIGHUP");
  await told("second");
  // The shell does the same each time, and has a thread of its own: it closes the file as often as it has opened files.
  const closed = await touch();
  assert.ok(closed.includes(`closed ${opens} ${path}`), `${closed.join("\n")} ${opened}`);

  writeFileSync(rules, rulesOf("third", "evt.type = close and sys.parsed > 0", "closed %sys.parsed"));
  watching.signal("SIGHUP");
  while (!watching.errors.includes("no rule used sys.parsed when the run began: that takes a restart")) {
    await watching.settled();
  }
  await told("second");
  assert.ok((await touch()).includes(`closed ${opens} ${path}`), "the rules before stay as they were");
});
