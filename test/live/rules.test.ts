// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** Default rules fire on what real programs do. */

const skip = cannotWatch();
let folder = "";
let watching: Watching;

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  watching = new Watching(folder, ["-o", "json_output=true"], (line, mark) => line.includes(mark));
  watching.mark = (mark) => void spawnSync("cat", ["/etc/shadow", mark], { stdio: "ignore" });
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  await watching.end();
});

async function rulesOf(work: () => void): Promise<string[]> {
  const from = watching.lines.length;
  work();
  await watching.settled();
  return watching.lines.slice(from).map((line) => (JSON.parse(line) as { rule: string }).rule);
}

/** A program of the test's under a name that rules look for. */
function named(program: string, name: string): string {
  const place = join(folder, "bin", name);
  copyFileSync(join(folder, "bin", program), place);
  execFileSync("chmod", ["755", place]);
  return name;
}

const cases: readonly (readonly [rule: string, work: () => void])[] = [
  ["Sensitive file read", () => execFileSync("cat", ["/etc/shadow"], { stdio: "ignore" })],
  ["Link to a sensitive file", () => watching.run("symlink_shadow", [join(folder, "link")])],
  ["Executable run from memory", () => watching.run("exec_memory", [join(folder, "bin", "marker")])],
  ["Namespace entered", () => watching.run("namespaces")],
  ["Process attached by ptrace", () => watching.run("trace")],
  [
    "Write below a binary directory",
    () => execFileSync("sh", ["-c", "echo > /usr/local/bin/pg-x; rm /usr/local/bin/pg-x"]),
  ],
  ["Core utility replaced", () => execFileSync("sh", ["-c", "echo > /usr/local/bin/uname; rm /usr/local/bin/uname"])],
  ["Login binary replaced", () => execFileSync("sh", ["-c", "echo > /usr/local/bin/login; rm /usr/local/bin/login"])],
  ["Password binary replaced", () => execFileSync("sh", ["-c", "echo > /usr/local/bin/vipw; rm /usr/local/bin/vipw"])],
  ["SSH binary replaced", () => execFileSync("sh", ["-c", "echo > /usr/local/bin/sftp; rm /usr/local/bin/sftp"])],
  [
    "Cron job written",
    () => execFileSync("sh", ["-c", "mkdir -p /etc/cron.d; echo > /etc/cron.d/pg-x; rm /etc/cron.d/pg-x"]),
  ],
  [
    "Systemd unit written",
    () =>
      execFileSync("sh", [
        "-c",
        "mkdir -p /etc/systemd/system; echo > /etc/systemd/system/pg-x.service; rm /etc/systemd/system/pg-x.service",
      ]),
  ],
  ["Write below etc", () => execFileSync("sh", ["-c", "echo > /etc/pg-x; rm /etc/pg-x"])],
  ["Log cleared", () => execFileSync("sh", ["-c", "echo x > /var/log/pg-x; : > /var/log/pg-x; rm /var/log/pg-x"])],
  [
    "Shell history cleared",
    () => execFileSync("sh", ["-c", `echo x > ${folder}/.bash_history; rm ${folder}/.bash_history`]),
  ],
  ["Credential search", () => execFileSync("sh", ["-c", `find ${folder} -name id_rsa || true`])],
  ["Standard stream redirected to the network", () => watching.run(named("shell_out", "python3"), ["127.0.0.1", "9"])],
  ["Kernel module loaded", () => watching.run("module")],
  ["Unexpected outbound connection", () => talk("base64")],
  ["Unexpected inbound connection", () => talk("nc")],
];

/** A program of that name accepts a connection, and makes it too, at an address that is not this machine's loop-back. */
function talk(name: string): void {
  const program = join(folder, "bin", named("accept_in", name));
  assert.equal(watching.run("net_alone", [program, "192.0.2.1", "47100"]), 0);
}

for (const [rule, work] of cases) {
  test(rule, { skip }, async () => {
    const fired = await rulesOf(work);
    assert.ok(fired.includes(rule), `fired: ${fired.join(", ")}\n${watching.errors}`);
  });
}

test("every default rule fires live: here, or in a real container", () => {
  const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");
  const tests = read("test", "live", "rules.test.ts") + read("test", "live", "containers.test.ts");
  const rules = [...read("rules", "peregrine_rules.yaml").matchAll(/^- rule: (.+)$/gm)].map(([, name = ""]) => name);
  assert.ok(rules.length > 20);
  assert.deepEqual(
    rules.filter((name) => !tests.includes(name)),
    [],
  );
});
