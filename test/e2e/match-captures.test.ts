// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { FinishedCapture } from "../../src/engine/run.js";
import { BUSY_RULES, busyCapture } from "./busy-capture.js";
import { closeThreads, rulesOf, run } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-matches-"));
after(async () => {
  await closeThreads();
  rmSync(folder, { recursive: true });
});

const ROUNDS = 4000;
const capture = busyCapture(ROUNDS).toFile();
/** Outputs tell times, and not numbers, which are others in a part of the capture. */
const RULES = `
- rule: Tool run
  desc: a program is run
  condition: evt.type = execve and proc.args in ("--round=25", "--round=1225", "--round=1230", "--round=2425", "--round=3625")
  output: "run | time=%evt.rawtime command=%proc.cmdline parent=%proc.pname a2=%proc.aname[2] a3=%proc.aname[3]"
  priority: INFO
  capture: true
  capture_duration: 2
- rule: File opened
  desc: a file is opened
  condition: evt.type = openat and fd.name startswith /data/file
  output: "opened | time=%evt.rawtime file=%fd.name name=%proc.name cwd=%proc.cwd parent=%proc.pname a2=%proc.aname[2] a3=%proc.aname[3]"
  priority: NOTICE
`;

interface Alert {
  readonly rule: string;
  readonly output: string;
  readonly time: bigint;
}

function alertsOf(output: string): Alert[] {
  return output
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { rule, output: text } = JSON.parse(line) as { rule: string; output: string };
      const said = text.slice(text.indexOf("|"));
      return { rule, output: said, time: BigInt(/time=(\d+)/.exec(said)?.[1] ?? "0") };
    });
}

const MS = 1_000_000n;
const rules = rulesOf(RULES);

async function captured(name: string, workers: number, slots: number, beforeMs: number) {
  const prefix = join(folder, name);
  const finished: FinishedCapture[] = [];
  const { output, report } = await run(capture, rules, workers, {
    ring: { slots, events: 256 },
    captures: { mode: "rules", defaultDuration: 5000 },
    watch: { recent: { prefix, beforeBytes: 1024 * 1024, beforeNs: beforeMs * 1e6, mostBytes: 0 } },
    onCaptures: (captures) => finished.push(...captures),
  });
  assert.equal(report.failure, null);
  for (const each of finished) assert.equal(each.failure, null);
  const files = readdirSync(folder).filter((file) => file.startsWith(`${name}_`));
  assert.deepEqual(
    files.map((file) => join(folder, file)),
    finished.map(({ path }) => path),
  );
  return { alerts: alertsOf(output), finished };
}

test("a capture around each match: it begins before it, and says the same as the whole", async () => {
  const { alerts, finished } = await captured("one", 2, 8, 1);
  const tools = alerts.filter(({ rule }) => rule === "Tool run");
  assert.ok(finished.length === 4 && tools.length >= 5, `${finished.length} captures of ${tools.length} matches`);
  let covered = 0;
  for (const { path, match } of finished) {
    assert.match(path, new RegExp(`one_\\d{20}_0*${match}\\.scap$`));
    const { output, report } = await run(path, rules, 1);
    assert.equal(report.failure, null);
    const inside = alertsOf(output);
    const [first] = inside;
    const at = tools.find(({ time }) => path.includes(`_${String(time).padStart(20, "0")}_`));
    assert.ok(first !== undefined && at !== undefined, path);
    assert.ok(first.time < at.time, "it begins before the match");
    const from = alerts.findIndex(({ time }) => time >= first.time);
    const whole = alerts.slice(from, from + inside.length);
    assert.deepEqual(inside, whole, path);
    const last = inside.filter(({ rule }) => rule === "Tool run").at(-1);
    covered += inside.filter(({ rule, time }) => rule === "Tool run" && time >= at.time).length;
    const end = inside.at(-1)?.time ?? 0n;
    assert.ok(last !== undefined && end <= last.time + 2n * MS);
  }
  assert.ok(covered >= tools.length, "every match is in the capture that it was wanted for");
});

test("what is in the captures does not depend on the workers", async () => {
  const first = await captured("w1", 1, 4, 1);
  const other = await captured("w3", 3, 4, 1);
  assert.equal(first.finished.length, other.finished.length);
  for (const [i, { path, events }] of first.finished.entries()) {
    const same = other.finished[i];
    assert.ok(same !== undefined);
    assert.equal(same.events, events);
    assert.ok(gunzipSync(readFileSync(path)).equals(gunzipSync(readFileSync(same.path))), path);
  }
});

test("a capture that cannot be written is told, and the run goes on", async () => {
  const finished: FinishedCapture[] = [];
  const { report } = await run(capture, rules, 1, {
    captures: { mode: "all_rules", defaultDuration: 5 },
    watch: { recent: { prefix: join(folder, "none", "x"), beforeBytes: 0, beforeNs: 0, mostBytes: 0 } },
    onCaptures: (captures) => finished.push(...captures),
  });
  assert.equal(report.failure, null);
  assert.ok(report.alerts > 0);
  assert.equal(finished[0]?.failure?.code, "CAPTURE_CREATE");
  assert.ok(!existsSync(join(folder, "none")));
});

test("a capture ends where it is as large as it may be", async () => {
  const finished: FinishedCapture[] = [];
  await run(capture, rulesOf(BUSY_RULES), 1, {
    captures: { mode: "all_rules", defaultDuration: 60_000 },
    watch: { recent: { prefix: join(folder, "cut"), beforeBytes: 0, beforeNs: 0, mostBytes: 20_000 } },
    onCaptures: (captures) => finished.push(...captures),
  });
  assert.ok(finished.length > 0 && finished.slice(0, -1).every(({ cut }) => cut), "all but the last are cut");
});
