// SPDX-License-Identifier: Apache-2.0

/*
 * What reading costs: CPU ns for each event of a capture file, read(), selection, interning and records included.
 *
 *   node dist/bench/micro/reader.js [CAPTURE] [events]
 *
 * The capture (by default the one that the bench repeats) is inflated and its events repeated in a temporary
 * file, at least as many as asked for. The plan wants what rules and state usually want.
 */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { createMemory } from "../../src/batch/memory.js";
import { PLAN_WORDS, PlanAction, PlanTest } from "../../src/batch/plan.js";
import { createInterner, ReaderCounter, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { defaultSeed } from "../inputs.js";

const EVENT_BLOCKS = new Set([0x204, 0x208, 0x216, 0x217, 0x221, 0x222]);
const PASSES = 5;

/** Names of events whose records rules look at, and of those that only change state. */
const RULES = new Set(
  "open openat openat2 creat open_by_handle_at execve execveat clone clone3 fork vfork connect accept accept4 bind listen sendto sendmsg ptrace unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mkdir mkdirat rmdir chmod fchmod fchmodat mount umount umount2 setuid setgid setns unshare bpf init_module finit_module memfd_create userfaultfd socket dup dup2 dup3 kill".split(
    " ",
  ),
);
const STATE = new Set(
  "close chdir fchdir getcwd chroot setsid setresuid setresgid setreuid setregid pipe pipe2 eventfd eventfd2 socketpair procexit prctl capset prlimit setrlimit shutdown timerfd_create epoll_create1 inotify_init1 close_range pidfd_open io_uring_setup".split(
    " ",
  ),
);

function usualPlan(): Int32Array {
  const plan = new Int32Array(EVENTS.length * PLAN_WORDS);
  for (const event of EVENTS) {
    const at = event.id * PLAN_WORDS;
    let mask = 0;
    event.params.forEach((param, i) => {
      if (param.kind !== "blob") mask |= 1 << i;
    });
    if (RULES.has(event.name)) plan[at] = PlanAction.RULES;
    else if (STATE.has(event.name)) plan[at] = PlanAction.STATE;
    else if (event.name === "fcntl") {
      plan[at] = PlanAction.STATE;
      plan.set([PlanTest.ONE_OF, 2, 1, 4, 5], at + 3);
    } else if (event.name === "recvfrom" || event.name === "recvmsg") {
      plan[at] = PlanAction.STATE;
      plan.set([PlanTest.NOT_EMPTY, event.params.findIndex((param) => param.name === "tuple")], at + 3);
    }
    plan[at + 1] = mask;
    plan[at + 2] = mask;
  }
  return plan;
}

/** Writes the header of a capture once and its events until there are enough; returns the number of events. */
function repeat(capture: Buffer, events: number, to: string): number {
  let at = 0;
  let first = -1;
  let count = 0;
  while (at + 12 <= capture.length) {
    if (EVENT_BLOCKS.has(capture.readUInt32LE(at))) {
      if (first < 0) first = at;
      count++;
    }
    at += capture.readUInt32LE(at + 4);
  }
  const file = openSync(to, "w");
  writeSync(file, capture, 0, first);
  let written = 0;
  for (; written < events; written += count) writeSync(file, capture, first, at - first);
  closeSync(file);
  return written;
}

function pass(path: string): { ns: number; counters: Float64Array; strings: number } {
  const memory = createMemory();
  const interner = createInterner(memory);
  const source = new ScapSource({ path, memory, interner, plan: usualPlan() });
  source.open();
  // The ring's and the dictionary's first pages are taken here.
  for (let slot = 0; slot < memory.shape.ring.slots; slot++) source.fill(slot);
  const skipped = source.counters[ReaderCounter.SEEN] as number;
  const before = process.cpuUsage();
  let slot = 0;
  let result: number;
  do {
    result = source.fill(slot);
    slot = (slot + 1) % memory.shape.ring.slots;
  } while (result === FillResult.MORE);
  const used = process.cpuUsage(before);
  const ns = ((used.user + used.system) * 1000) / ((source.counters[ReaderCounter.SEEN] as number) - skipped);
  source.close();
  return { ns, counters: source.counters.slice(), strings: interner.count };
}

const input = process.argv[2] ?? (await defaultSeed());
const bytes = readFileSync(input);
const plain = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
// A name that nobody can have put a link at.
const folder = mkdtempSync(join(tmpdir(), "peregrine-reader-"));
const path = join(folder, "repeated.scap");
try {
  const events = repeat(plain, Number(process.argv[3] ?? 4_000_000), path);
  const results = Array.from({ length: PASSES }, () => pass(path));
  const times = results.map((result) => result.ns).sort((a, b) => a - b);
  const { counters, strings } = results[0] as (typeof results)[number];
  const share = (index: number): string => `${(((counters[index] as number) / events) * 100).toFixed(1)} %`;
  console.log(`${events} events, ${((counters[ReaderCounter.BYTES] as number) / events).toFixed(0)} bytes each`);
  console.log(
    `skipped ${share(ReaderCounter.NOT_WANTED)}, rejected ${share(ReaderCounter.STATE_REJECTED)}, merged ${share(ReaderCounter.MERGED)}, state ${share(ReaderCounter.STATE_RECORDS)}, rules ${share(ReaderCounter.RULE_RECORDS)}; ${strings} strings`,
  );
  console.log(
    `reader: ${times.map((ns) => ns.toFixed(1)).join(" ")} ns of CPU an event, median ${times[PASSES >> 1]?.toFixed(1)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
