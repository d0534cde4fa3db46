// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { logLines } from "../e2e/support.js";
import { packageRoot } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-daemon-"));
after(() => rmSync(folder, { recursive: true }));

const SDK = new URL("../../src/sdk/index.js", import.meta.url).href;
// A source that goes on until it is stopped: an event every few milliseconds, with a number of its own.
writeFileSync(
  join(folder, "ticks.mjs"),
  `import { definePlugin, SDK_VERSION } from ${JSON.stringify(SDK)};
export const plugin = definePlugin({
  name: "ticks", version: "1.0.0", description: "ticks", contact: "nobody", sdk: SDK_VERSION, init: (config) => config,
  source: {
    id: 999, source: "ticks",
    open: () => {
      let next = 0;
      return { nextBatch: async () => { await new Promise((go) => setTimeout(go, 5)); return { events: [{ data: String(++next) }] }; }, close: () => {} };
    },
  },
});
`,
);
const config = join(folder, "falco.yaml");
writeFileSync(
  config,
  `rules_files: ${folder}/rules.yaml\nplugins: [{name: ticks, library_path: ${folder}/ticks.mjs}]\nfile_output: {enabled: true, keep_alive: true, filename: ${folder}/alerts.txt}\n`,
);

function rules(name: string): void {
  writeFileSync(
    join(folder, "rules.yaml"),
    `- {rule: ${name}, desc: d, condition: evt.num > 0, output: "n=%evt.num", priority: INFO, source: ticks}`,
  );
}

function alerts(name = "alerts.txt"): string {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

const none = async (): Promise<void> => {};

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  /** What it has said so far. */
  said(): string;
  /** Waits until something holds; fails where the process ends before. */
  until(done: () => boolean): Promise<void>;
}

const main = join(folder, "main.mjs");
writeFileSync(
  main,
  `import { main } from ${JSON.stringify(new URL("../../src/cli/main.js", import.meta.url).href)}; await main(process.argv.slice(2));`,
);

/** Runs the command in a process that plugins can be loaded in. */
async function watching(args: readonly string[], during: (running: Running) => Promise<void>): Promise<Ended> {
  rmSync(join(folder, "alerts.txt"), { force: true });
  const child = spawn(process.execPath, [main, "-c", config, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      assert.equal(child.exitCode ?? child.signalCode, null, stderr);
      await sleep(10);
    }
  };
  try {
    await during({ child, said: () => stderr, until });
    await closed;
  } finally {
    child.kill("SIGKILL");
  }
  return { status: child.exitCode, stderr };
}

/** Numbers that alerts tell behind `mark`, in their order. */
function numbers(mark: string): number[] {
  return alerts()
    .split("\n")
    .filter((line) => line.includes(` ${mark}`))
    .map((line) => Number(line.split(mark)[1]));
}

function upTo(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const AGAIN =
  '- {rule: second, desc: d, condition: evt.num > 0, output: "again=%evt.num", priority: ERROR, source: ticks}';

test("SIGHUP, or a file that changes: the run goes on with the new rules; bad ones change nothing", async () => {
  rules("first");
  const { status, stderr } = await watching([], async ({ child, said, until }) => {
    await until(() => alerts().includes("n=1\n"));
    rules("- [");
    child.kill("SIGHUP");
    await until(() => said().includes("RELOAD_FAILED"));
    await until(() => alerts().includes("Critical Falco internal: hot restart failure"));
    const before = numbers("n=").length;
    await until(() => numbers("n=").length > before + 3);
    writeFileSync(join(folder, "rules.yaml"), AGAIN);
    await until(() => numbers("again=").length > 3);
    child.kill("SIGTERM");
  });
  assert.equal(status, 0, stderr);
  const summaries = logLines(stderr, "alertsByRule");
  assert.equal(summaries.length, 1);
  const [summary] = summaries;
  const [first, second] = [numbers("n="), numbers("again=")];
  // Every event met the old rules or the new ones, and each once.
  assert.deepEqual(first, upTo(1, first.length));
  assert.deepEqual(second, upTo(first.length + 1, first.length + second.length));
  assert.deepEqual(summary["alertsByRule"], { first: first.length, second: second.length });
  const { seen, evaluated, inFlight } = summary["ledger"] as Record<string, number>;
  assert.equal(seen, evaluated);
  assert.equal(inFlight, 0);
});

test("SIGHUP begins anew where more than the rules is different", async () => {
  rules("first");
  const text = readFileSync(config, "utf8");
  const { status, stderr } = await watching([], async ({ child, until }) => {
    await until(() => alerts().includes("n=1\n"));
    writeFileSync(join(folder, "rules.yaml"), AGAIN);
    writeFileSync(config, `${text}lookups: {users: false}\n`);
    child.kill("SIGHUP");
    await until(() => alerts().includes("again=1\n"));
    child.kill("SIGTERM");
  });
  writeFileSync(config, text);
  assert.equal(status, 0, stderr);
  const last = logLines(stderr, "alertsByRule").at(-1);
  assert.deepEqual(Object.keys(last?.["alertsByRule"] as object), ["second"]);
  const second = numbers("again=");
  assert.ok(second.includes(1));
});

test("a configuration that changes begins the run anew, and the log says that it did", async () => {
  rules("first");
  const text = readFileSync(config, "utf8");
  const { status, stderr } = await watching([], async ({ child, until, said }) => {
    await until(() => alerts().includes("n=1\n"));
    writeFileSync(join(folder, "rules.yaml"), AGAIN);
    writeFileSync(config, `${text}lookups: {users: false}\n`);
    await until(() => alerts().includes("again=1\n") && said().includes("beginning anew"));
    child.kill("SIGTERM");
  });
  writeFileSync(config, text);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /Files have changed: more than the rules is different, beginning anew/);
  assert.doesNotMatch(stderr, /SIGHUP/);
});

test("npm start hands SIGTERM on: the run ends, and nothing of it is left", async () => {
  rules("first");
  const pid = join(folder, "npm.pid");
  rmSync(join(folder, "alerts.txt"), { force: true });
  // A group of its own, so that whatever is left can be ended.
  const npm = spawn("npm", ["start", "--silent", "--", "-c", config, "--pidfile", pid], {
    cwd: packageRoot,
    stdio: "ignore",
    detached: true,
  });
  const ended = once(npm, "exit");
  try {
    while (!alerts().includes("n=1\n")) {
      assert.equal(npm.exitCode ?? npm.signalCode, null);
      await sleep(10);
    }
    const watcher = Number(readFileSync(pid, "utf8"));
    assert.doesNotThrow(() => process.kill(watcher, 0));
    npm.kill("SIGTERM");
    await ended;
    // npm may be gone first; one that was never told goes on for ever.
    while (existsSync(`/proc/${watcher}`)) await sleep(10);
    assert.equal(existsSync(pid), false);
  } finally {
    try {
      if (npm.pid !== undefined) process.kill(-npm.pid, "SIGKILL");
    } catch {
      // Nothing was left.
    }
  }
});

test("SIGUSR1 opens the file anew and starts no debugger; the pid file is there while the process is", async () => {
  rules("first");
  const pidfile = join(folder, "pid");
  const { status, stderr } = await watching(["-P", pidfile, "-M", "3600"], async ({ child, said, until }) => {
    await until(() => alerts().includes("n=1\n"));
    assert.equal(Number(readFileSync(pidfile, "utf8")), child.pid);
    renameSync(join(folder, "alerts.txt"), join(folder, "old.txt"));
    const size = statSync(join(folder, "old.txt")).size;
    await until(() => statSync(join(folder, "old.txt")).size > size);
    assert.ok(!existsSync(join(folder, "alerts.txt")), "kept open");
    child.kill("SIGUSR1");
    await until(() => alerts().includes("n="));
    assert.doesNotMatch(said(), /Debugger listening/);
    child.kill("SIGINT");
  });
  assert.equal(status, 0, stderr);
  assert.ok(!existsSync(pidfile));
  const numbers = `${alerts("old.txt")}${alerts()}`
    .trimEnd()
    .split("\n")
    .map((line) => Number(line.split("n=")[1]));
  assert.deepEqual(
    numbers,
    [...numbers.keys()].map((i) => i + 1),
  );
});

test("SIGUSR1 before there is anything to reopen", async () => {
  const bin = readFileSync(join(packageRoot, "bin", "peregrine.js"), "utf8");
  assert.match(bin, /process\.on\("SIGUSR1"[\s\S]*await import/);
});

test("-M ends the run, with nothing lost", async () => {
  rules("first");
  const { status, stderr } = await watching(["-M", "0.3"], none);
  assert.equal(status, 0, stderr);
  const [{ ledger, stopped }] = logLines(stderr, "ledger");
  assert.equal(stopped, true);
  assert.equal((ledger as Record<string, number>)["seen"], (ledger as Record<string, number>)["evaluated"]);
});

test("--dry-run opens nothing and tells what is wrong", async () => {
  rules("first");
  rmSync(join(folder, "alerts.txt"), { force: true });
  const good = await watching(["--dry-run"], none);
  assert.equal(good.status, 0, good.stderr);
  assert.ok(!existsSync(join(folder, "alerts.txt")));
  writeFileSync(join(folder, "rules.yaml"), "- rule: [");
  assert.equal((await watching(["--dry-run"], none)).status, 1);
});

test("-p puts a text behind the outputs; what a source may acknowledge is written at once, buffered or not; a pid file that cannot be written", async () => {
  rules("first");
  const { status, stderr } = await watching(
    ["-p", "more=%evt.num", "-o", "buffered_outputs=true"],
    async ({ child, until }) => {
      await until(() => alerts().includes("n=1 more=1\n"));
      child.kill("SIGTERM");
    },
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /-p is deprecated/);
  const bad = await watching(["-P", join(folder, "no", "such")], none);
  assert.equal(bad.status, 1);
  assert.equal(logLines(bad.stderr, "code")[0]["code"], "PIDFILE_WRITE");
});
