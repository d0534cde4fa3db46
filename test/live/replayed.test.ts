// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { BUNDLES, Containers, containerId, noContainers } from "./container.js";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** What was recorded while rules were evaluated raises the same alerts when it is replayed. */

const skip = cannotWatch();
let folder = "";

before(() => {
  if (skip === false) folder = buildPrograms();
});

after(() => {
  if (skip === false) execFileSync("rm", ["-r", folder]);
});

/** A bit of everything that default rules look for. */
function misbehave(watching: Watching): void {
  watching.run("symlink_shadow", [join(folder, "link")]);
  watching.run("exec_memory", [join(folder, "bin", "marker")]);
  watching.run("births", [join(folder, "bin", "marker")]);
  for (const program of ["namespaces", "trace", "module", "opens", "rename", "take_fd"]) watching.run(program);
  watching.run("connect_out", [join(folder, "socket")]);
  execFileSync("sh", ["-c", "echo > /usr/local/bin/pg-y; rm /usr/local/bin/pg-y"]);
  if (noContainers() !== false) return;
  const containers = new Containers(folder);
  const id = containerId("replayed");
  const place = { cgroupsPath: `/docker/${id}`, bundle: BUNDLES.containerd(id) };
  containers.run({
    ...place,
    args: ["/bin/sh", "-c", "/bin/namespaces; /bin/module"],
    terminal: true,
    privileged: true,
  });
  containers.remove();
}

for (const name of ["recorded.scap", "recorded.scap.gz"]) {
  test(`replayed: the same alerts, ${name}`, { skip }, async () => {
    const capture = join(folder, name);
    const watching = new Watching(folder, ["-o", "json_output=true", "-w", capture], (line, mark) =>
      line.includes(mark),
    );
    watching.mark = (mark) => void spawnSync("cat", ["/etc/shadow", mark], { stdio: "ignore" });
    await watching.settled();
    misbehave(watching);
    await watching.settled();
    const { code } = await watching.stop();
    assert.equal(code, 0, watching.errors);

    const program = join(packageRoot, "bin", "peregrine.js");
    const replayed = spawnSync(process.execPath, [program, "-e", capture, "-o", "json_output=true"], {
      encoding: "latin1",
      maxBuffer: 1 << 28,
    });
    assert.equal(replayed.status, 0, replayed.stderr);
    const rules = new Set(watching.lines.map((line) => (JSON.parse(line) as { rule: string }).rule));
    for (const rule of ["Executable run from memory", "Link to a sensitive file", "Kernel module loaded"]) {
      assert.ok(rules.has(rule), `${rule} did not fire`);
    }
    if (noContainers() === false) assert.ok(rules.has("Privileged container started"));
    // Nothing differs: events are numbered and timed by the capture as they were live, and it has users and containers.
    assert.deepEqual(replayed.stdout.split("\n").slice(0, -1), watching.lines);
  });
}
