// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/**
 * What happens when the ring runs full: Peregrine is stopped, as a machine without a free processor would stop it, while
 * programs make more events than the ring holds.
 */

/** Some 30 MiB of events; the ring has 8. */
const ROUNDS = 150_000;
const MARKERS = 8;
const RULES = `
- rule: Program
  desc: a program was started
  condition: evt.type in (execve, execveat) and proc.name = marker
  output: "%proc.args %proc.pname"
  priority: NOTICE
- rule: Opened
  desc: a file was opened by the busy program
  condition: evt.type in (open, openat) and proc.name = busy and fd.name = /etc/hostname
  output: opened
  priority: NOTICE
- rule: Read
  desc: a file was read
  condition: evt.type = read and fd.name endswith /held
  output: "%fd.name %evt.res"
  priority: NOTICE
`;

interface Alert {
  readonly rule: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, string | number | null>>;
}

const skip = cannotWatch();
let folder = "";
let watching: Watching;
/** A shell that does what it is told by lines. */
let shell: ChildProcess;

async function tell(line: string): Promise<void> {
  const answer = shell.stdout === null ? Promise.resolve() : once(shell.stdout, "data");
  const ended = once(shell, "exit").then(() => Promise.reject(new Error(`the shell ended at: ${line}`)));
  ended.catch(() => {});
  shell.stdin?.write(`${line}; echo done\n`);
  await Promise.race([answer, ended]);
}

function alerts(rule: string): Alert[] {
  return watching.lines.map((line) => JSON.parse(line) as Alert).filter((alert) => alert.rule === rule);
}

function marker(argument: string): void {
  // The event has all of the environment, and 1 MiB of the ring is kept for all programs of the machine.
  spawnSync(join(folder, "bin", "marker"), [argument], { cwd: folder, stdio: "ignore", env: {} });
}

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  const rules = join(folder, "rules.yaml");
  writeFileSync(rules, RULES);
  writeFileSync(join(folder, "held"), "text\n");
  shell = spawn("/bin/sh", [], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const options = ["json_output=true", "base_syscalls.all=true", "engine.modern_ebpf.cpus_for_each_buffer=0"];
  watching = new Watching(folder, ["-r", rules, ...options.flatMap((each) => ["-o", each])], (line, mark) =>
    line.includes(mark),
  );
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  shell.stdin?.end();
  await watching.end();
});

test("a full ring loses what can be lost, tells how much, and what that falsified is read anew", { skip }, async () => {
  watching.signal("SIGSTOP");
  try {
    watching.run("busy", [String(ROUNDS)]);
    // From here on the ring is full for all but events of processes and their rights.
    await tell("exec 9<held");
    for (let i = 0; i < MARKERS; i++) marker(`under-pressure-${i}`);
  } finally {
    watching.signal("SIGCONT");
  }
  await watching.settled();
  const started = alerts("Program").filter(({ output }) => output.includes("under-pressure"));
  assert.deepEqual(
    started.map(({ output }) => output.split(" ")[2]),
    Array.from({ length: MARKERS }, (_, i) => `under-pressure-${i}`),
    "no program that was started is lost, though files that were opened before are",
  );

  // Pictures are two seconds apart, and the loss is looked at once a second.
  await pause(3500);
  await watching.settled();
  const [drop] = alerts("Falco internal: syscall event drop");
  assert.ok(drop !== undefined, "the loss raises an alert");
  const lost = (name: string): number => Number(drop.output_fields[name]);
  const opened = alerts("Opened").length;
  assert.ok(opened > 0 && opened < ROUNDS, `${opened} events of the loop came out`);
  assert.ok(
    opened + lost("n_drops_buffer_open_exit") >= ROUNDS,
    `${opened} and ${lost("n_drops_buffer_open_exit")} that were lost are not all`,
  );
  assert.ok(lost("n_drops_buffer_close_exit") > ROUNDS / 2);
  assert.equal(lost("n_drops_buffer_reserve"), lost("n_drops_buffer_total"), "all by the part that is kept");
  for (const name of ["clone_fork", "execve", "proc", "credential"])
    assert.equal(lost(`n_drops_buffer_${name}_exit`), 0);

  await tell("read line <&9");
  await watching.settled();
  const [read] = alerts("Read");
  assert.equal(read?.output_fields["fd.name"], join(folder, "held"), "a file whose opening was lost has its name");
});

test("calls that failed are no events where that is configured, and /proc tells what was there", { skip }, async () => {
  const filter =
    "(evt.type in (open, openat) and evt.rawarg.name endswith /none) or (evt.type = procexit and proc.name = marker)";
  const fields = ["evt.rawarg.name", "fd.name", "proc.exepath", "proc.args"].join(",");
  const keys = ["drop_failed_exit", "disable_iterators"].flatMap((key) => ["-o", `engine.modern_ebpf.${key}=true`]);
  const reading = new Watching(
    folder,
    ["read", "--live", "--json", ...keys, "--filter", filter, "--fields", fields],
    (line, mark) => line.includes(mark),
  );
  await reading.settled();
  await tell("{ true < nowhere/none; } 2>/dev/null");
  await tell("true > ./none");
  await reading.settled();
  const opened = reading.lines
    .map((line) => JSON.parse(line) as Record<string, string | null>)
    .filter((event) => event["evt.rawarg.name"] !== null);
  assert.deepEqual(
    opened.map((event) => event["fd.name"]),
    [join(folder, "none")],
    "the one that went well",
  );
  assert.match(opened[0]?.["proc.exepath"] ?? "", /\/(sh|dash|bash)$/, "of a shell that ran before");
  const { code } = await reading.stop();
  assert.equal(code, 0, reading.errors);
});

test("the ring and the bytes of data that events carry are as configured", { skip }, async () => {
  const filter = "(evt.type = write and evt.buflen = 1000) or (evt.type = procexit and proc.name = marker)";
  const options = ["-o", "falco_libs.snaplen=300", "-o", "engine.modern_ebpf.buf_size_preset=1"];
  const fields = ["evt.buffer", "proc.args"].join(",");
  const reading = new Watching(
    folder,
    ["read", "--live", "--json", ...options, "--filter", filter, "--fields", fields],
    (line, mark) => line.includes(mark),
  );
  await reading.settled();
  spawnSync("/bin/sh", ["-c", 'printf "%01000d" 7 > /dev/null'], { cwd: folder });
  await reading.settled();
  const [written] = reading.lines
    .map((line) => JSON.parse(line) as Record<string, string | null>)
    .flatMap((event) => event["evt.buffer"] ?? []);
  assert.equal(written, "0".repeat(300));
  const { code } = await reading.stop();
  assert.equal(code, 0, reading.errors);
});
