// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { cannotWatch } from "./watching.js";

/** As an ordinary user with no more capabilities than watching needs, and without one of them. */

const command = join(packageRoot, "bin", "peregrine.js");

function noOrdinaryUser(): string | false {
  if (spawnSync("setpriv", ["--version"]).status !== 0) return "giving capabilities needs setpriv";
  const readable = spawnSync("setpriv", [...user([]), process.execPath, command, "--version"]);
  return readable.status === 0 ? false : `an ordinary user cannot run ${command}: ${readable.stderr}`;
}

/** Arguments of setpriv for the user nobody with these capabilities alone. */
function user(capabilities: readonly string[]): string[] {
  const set = capabilities.map((name) => `+${name}`).join(",");
  const given = set === "" ? "-all" : `-all,${set}`;
  return [
    ...["--reuid=65534", "--regid=65534", "--clear-groups", `--bounding-set=${given}`],
    ...[`--inh-caps=${given}`, `--ambient-caps=${given}`],
  ];
}

const skip = cannotWatch() || noOrdinaryUser();

interface Thread {
  readonly capabilities: bigint;
  /** Whether programs that it starts can gain none either. */
  readonly fresh: boolean;
}

/** A signal that no thread of Node's blocks but the one that takes signals for the inspector, and runs no other code. */
const BLOCKED = 1n << 39n;

/** The threads of a process that signals reach. */
function threadsOf(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
    if ((BigInt(`0x${field("SigBlk")}`) & BLOCKED) !== 0n) return [];
    return [{ capabilities: BigInt(`0x${field("CapPrm")}`), fresh: field("NoNewPrivs") === "1" }];
  });
}

test("an ordinary user with CAP_BPF and CAP_PERFMON watches, knows who ran before, and gives the rest up", {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-rights-"));
  chmodSync(folder, 0o755);
  // Of another user, with an open file: what only the kernel's iterators tell somebody without rights.
  const old = spawn("sh", ["-c", "exec 7</etc/shadow; read line; read line <&7; exec cat /dev/null"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const filter =
    "(evt.type = read and proc.name = sh and fd.name = /etc/shadow) or (evt.type = execve and proc.name = true)";
  const fields = "evt.type,fd.name,proc.name,proc.exepath,proc.cmdline,proc.cwd";
  const args = [
    ...user(["bpf", "perfmon"]),
    process.execPath,
    command,
    "read",
    "--live",
    "--json",
    "--filter",
    filter,
    "--fields",
    fields,
  ];
  const watching = spawn("setpriv", args, { stdio: ["ignore", "pipe", "pipe"] });
  let lines = "";
  let errors = "";
  watching.stdout.setEncoding("utf8").on("data", (text: string) => {
    lines += text;
  });
  watching.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const seen = async (what: string, again: () => void): Promise<void> => {
    while (!lines.includes(what)) {
      assert.equal(watching.exitCode, null, errors);
      again();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await seen('"execve"', () => execFileSync("true"));
  const pid = watching.pid ?? 0;
  const threads = threadsOf(pid);
  old.stdin?.write("go\n");
  await seen('"read"', () => {});
  old.stdin?.end();
  watching.kill("SIGINT");
  const [code] = await once(watching, "close");
  rmSync(folder, { recursive: true });
  assert.equal(code, 0, errors);
  const read = lines.split("\n").find((line) => line.includes('"evt.type":"read"'));
  assert.match(`${read}`, /"fd.name":"\/etc\/shadow"/);
  assert.match(`${read}`, /"proc.exepath":"\/usr\/bin\/\w+"/);
  assert.match(`${read}`, /"proc.cmdline":"sh -c exec 7/);
  assert.ok(threads.length > 4);
  assert.ok(
    threads.every(({ capabilities, fresh }) => capabilities === 0n && fresh),
    "a thread still has capabilities",
  );
});

for (const given of [[], ["bpf"], ["perfmon"]]) {
  test(`an ordinary user with ${given.join(" and ") || "nothing"}: what is missing, in one sentence`, { skip }, () => {
    assert.ok(existsSync(command));
    const result = spawnSync("setpriv", [...user(given), process.execPath, command, "read", "--live"], {
      encoding: "utf8",
    });
    assert.equal(result.status, 1, result.stdout);
    assert.match(result.stderr, /LIVE_PERMISSION/);
    assert.match(result.stderr, /CAP_BPF and CAP_PERFMON/);
  });
}
