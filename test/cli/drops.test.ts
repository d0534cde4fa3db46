// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { command, logLines } from "../e2e/support.js";
import { ScapBuilder } from "../support/scap-builder.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-drops-"));
after(() => rmSync(folder, { recursive: true }));

const EVENTS = 12_000;
const START = 1_700_000_000_000_000_000n;

/** An event a millisecond: twelve seconds, in several batches. */
function slowCapture(): string {
  const builder = new ScapBuilder().section().machine({ hostname: "box", bootTime: 1_600_000_000_000_000_000n });
  builder.threads([{ tid: 7, comm: "idle", exe: "/bin/idle", cwd: "/", ptid: 1 }]);
  for (let i = 0; i < EVENTS; i++) {
    builder.event("SYSCALL_CLOSE_X", { res: 0, fd: 5 }, { tid: 7, ts: START + BigInt(i) * 1_000_000n });
  }
  return builder.toFile();
}

const capture = slowCapture();
const rules = join(folder, "rules.yaml");
writeFileSync(
  rules,
  "- {rule: never, desc: d, condition: evt.type = close and fd.num = 99, output: x, priority: INFO}\n",
);

function run(...options: readonly string[]) {
  const simulate = ["syscall_event_drops.simulate_drops=true", "syscall_event_drops.rate=1000", ...options];
  return command(["-r", rules, "-e", capture, ...simulate.flatMap((option) => ["-o", option])]);
}

interface Told {
  readonly rule: string;
  readonly priority: string;
  readonly source: string;
  readonly output: string;
  readonly tags?: unknown;
  readonly output_fields: Readonly<Record<string, string>>;
}

test("simulated losses raise Falco's alert, whatever the priority that runs", async () => {
  const { status, stdout, stderr } = await run("priority=critical");
  assert.equal(status, 0, stderr);
  const told = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
  assert.ok(told.length >= 3, `${told.length} alerts`);
  const [first] = told;
  assert.equal(first?.rule, "Falco internal: syscall event drop");
  assert.equal(first.priority, "Debug");
  assert.equal(first.source, "internal");
  assert.equal(first.tags, undefined);
  assert.equal(first.output, "Falco internal: syscall event drop. 1 system calls dropped in last second.");
  assert.equal(first.output_fields["n_drops"], "1");
  assert.equal(first.output_fields["ebpf_enabled"], "0");
  assert.equal(first.output_fields["n_drops_buffer_total"], "0");
  assert.ok(Number(first.output_fields["n_evts"]) > 1000);
});

test("actions: nothing, the log, the end of the run", async () => {
  const ignored = await run("syscall_event_drops.actions[]=ignore");
  assert.deepEqual([ignored.status, ignored.stdout], [0, ""]);
  const logged = await run("syscall_event_drops.actions[]=log", "log_level=debug");
  assert.equal(logged.stdout, "");
  assert.match(logged.stderr, /syscall: 1 of \d+ events were lost in the last second/);
  const ended = await run("syscall_event_drops.actions[]=exit");
  assert.equal(ended.status, 1);
  assert.ok(logLines(ended.stderr, "code").some((line) => line["code"] === "EVENTS_LOST"));
});
