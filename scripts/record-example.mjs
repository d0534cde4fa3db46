// SPDX-License-Identifier: Apache-2.0
// node scripts/record-example.mjs: records examples/first-look.scap anew, as root. A shell does, in a session of its own, what
// default rules look for, and undoes it; Peregrine records that session. Of the machine only what the session itself is goes
// into the file: no other processes, no environment, no addresses.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../", import.meta.url));
const target = join(root, "examples", "first-look.scap");
const folder = mkdtempSync(join(tmpdir(), "first-look-"));
const recorded = join(folder, "all.scap");

/** What happens. Nothing of it stays. */
const SCENARIO = `
read go
umask 077
head -c 0 /etc/shadow
ln -s /etc/shadow link; rm link
cp /bin/sh nginx; ./nginx -c 'sh -c id; true' > /dev/null; rm nginx
find . -name id_rsa
mkdir home; echo ls > home/.bash_history; : > home/.bash_history; rm -r home
echo > /usr/local/bin/first-look; rm /usr/local/bin/first-look
mkdir -p /etc/cron.d; echo > /etc/cron.d/first-look; rm /etc/cron.d/first-look
exit 0
`;

const Block = { PROCESSES: 0x215, FDS: 0x218, INTERFACES: 0x219, USERS: 0x220, FLAGGED: 0x217, FLAGGED_LARGE: 0x222 };
/** Bytes of an entry of the list of processes up to its first text: its length and five ids. */
const IDS = 4 + 5 * 8;

const ended = (child) => new Promise((resolve) => child.on("close", resolve));

/** The list of processes with the session's first one alone. */
function ownProcess(body, pid) {
  for (let at = 0; at + IDS <= body.length; at += body.readUInt32LE(at)) {
    if (body.readBigInt64LE(at + 4) === BigInt(pid)) return body.subarray(at, at + body.readUInt32LE(at));
  }
  throw new Error("the session is not among the processes");
}

/** The capture without what is not the session's. */
function reduced(bytes, pid) {
  const kept = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    const type = bytes.readUInt32LE(at);
    const block = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
    const body = block.subarray(8, -4);
    // Events that the condition did not choose: they tell of other processes.
    if (type === Block.INTERFACES || type === Block.USERS || type === Block.FLAGGED || type === Block.FLAGGED_LARGE)
      continue;
    if (type === Block.FDS && body.readBigInt64LE(0) !== BigInt(pid)) continue;
    kept.push(type === Block.PROCESSES ? made(type, ownProcess(body, pid)) : block);
  }
  return Buffer.concat(kept);
}

function made(type, body) {
  const total = 12 + ((body.length + 3) & ~3);
  const block = Buffer.alloc(total);
  block.writeUInt32LE(type, 0);
  block.writeUInt32LE(total, 4);
  body.copy(block, 8);
  block.writeUInt32LE(total, total - 4);
  return block;
}

const env = { PATH: "/usr/bin:/bin" };
writeFileSync(join(folder, "first-look.sh"), SCENARIO);
const session = spawn("sh", ["first-look.sh"], {
  cwd: folder,
  env,
  detached: true,
  stdio: ["pipe", "ignore", "inherit"],
});
// Out of whatever container this is: what is recorded belongs to no machine in particular.
for (const place of ["", ...readdirSync("/sys/fs/cgroup")]) {
  try {
    writeFileSync(join("/sys/fs/cgroup", place, "cgroup.procs"), String(session.pid));
  } catch {
    // No hierarchy of its own, or not ours to change.
  }
}
const recorder = spawn(
  process.execPath,
  [join(root, "bin", "peregrine.js"), "capture", "-w", recorded, "--filter", `proc.sid = ${session.pid}`],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const done = ended(recorder);
// The recorder writes under another name until it ends; that file is there once the kernel is watched.
const part = `${recorded}.${recorder.pid}.part`;
while (!existsSync(part) && recorder.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
session.stdin.end("go\n");
await ended(session);
// What happened last is still on its way.
await new Promise((resolve) => setTimeout(resolve, 1000));
recorder.kill("SIGINT");
if ((await done) !== 0) process.exit(1);
const raw = readFileSync(recorded);
writeFileSync(target, gzipSync(reduced(raw[0] === 0x1f ? gunzipSync(raw) : raw, session.pid), { level: 9 }));
if (process.argv.includes("--keep")) cpSync(recorded, `${target}.all`);
rmSync(folder, { recursive: true });
