// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** What began before watching did, or while it did, is known; by the kernel's iterators and from /proc. */

type Fields = Readonly<Record<string, string | number | boolean | null>>;

const FIELDS = ["evt.type", "fd.name", "proc.name", "proc.pname", "proc.exepath", "evt.args", "fd.typechar"];
const COUNT = 300;
/** The programs are started one by one over this time, in which Peregrine starts as well. */
const PAUSE_US = 8000;

const skip = cannotWatch();
let folder = "";

before(() => {
  if (skip === false) folder = buildPrograms();
});

after(() => {
  if (skip === false) rmSync(folder, { recursive: true, force: true });
});

function start(place: string): ChildProcess {
  mkdirSync(place, { recursive: true });
  return spawn(join(folder, "bin", "between"), [`${COUNT}`, `${PAUSE_US}`], {
    cwd: place,
    stdio: ["pipe", "pipe", "ignore"],
  });
}

async function watch(options: readonly string[]): Promise<Watching> {
  const filter =
    "(evt.type = pread and proc.exepath endswith /between) or (evt.type = procexit and proc.name = marker)";
  const args = [
    "read",
    "--live",
    "--json",
    "--filter",
    filter,
    "--fields",
    FIELDS.concat("proc.args").join(","),
    ...options,
  ];
  const watching = new Watching(folder, args, (line, mark) => line.includes('"procexit"') && line.includes(mark));
  await watching.settled();
  return watching;
}

for (const [name, options] of [
  ["the kernel's iterators", []],
  ["/proc", ["--plain-tracepoints"]],
] as const) {
  test(`programs and files that come while the start state is read by ${name}`, { skip }, async () => {
    const place = join(folder, `between-${options.length}`);
    const programs = start(place);
    const ready = programs.stdout === null ? Promise.resolve() : once(programs.stdout, "data");
    const watching = await watch(options);
    await ready;
    await watching.settled();
    const ended = once(programs, "close");
    programs.stdin?.end();
    await ended;
    await watching.settled();
    const reads = watching.lines
      .map((line) => JSON.parse(line) as Fields)
      .filter((event) => event["evt.type"] === "pread");
    const { code } = await watching.stop();
    assert.equal(code, 0, watching.errors);
    const known = new Map(reads.map((event) => [event["fd.name"], event]));
    for (let i = 0; i < COUNT; i++) {
      const event = known.get(join(place, `child-${i}`));
      assert.ok(event !== undefined, `child-${i} was not seen to read its file; ${known.size} were`);
      assert.equal(event["proc.pname"], "between");
      assert.equal(event["proc.exepath"], join(folder, "bin", "between"));
    }
  });
}
