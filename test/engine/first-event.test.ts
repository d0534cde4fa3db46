// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SlotWord } from "../../src/batch/ring.js";
import type { Faults } from "../../src/engine/faults.js";
import { closeThreads, run } from "../e2e/support.js";
import { conditionRules } from "../support/run-fields.js";
import { ScapBuilder } from "../support/scap-builder.js";

after(closeThreads);

const START = 1_700_000_000_000_000_001n;
const METAS = 6;

/** Descriptions of the machine, then system calls, then a description again; an event every second. */
function capture(): string {
  const second = (n: number): bigint => START + BigInt(n) * 1_000_000_000n;
  const builder = new ScapBuilder()
    .section()
    .machine()
    .threads([{ tid: 1000 }]);
  // Users at the start of a capture are never shown; behind an event of another kind they are.
  builder.event("CPU_HOTPLUG_E", { cpu: 1, action: 1 }, { ts: second(0) });
  for (let i = 1; i < METAS; i++) builder.event("USER_ADDED_E", { uid: i, gid: i, name: `u${i}` }, { ts: second(i) });
  builder.event("SYSCALL_CLOSE_X", { res: 0 }, { ts: second(METAS) });
  builder.event("USER_ADDED_E", { uid: 99, gid: 99, name: "late" }, { ts: second(METAS + 1) });
  builder.event("SYSCALL_CLOSE_X", { res: 0 }, { ts: second(METAS + 2) });
  return builder.toFile();
}

const FIELDS = ["evt.num", "evt.type", "evt.reltime", "evt.reltime.s", "evt.reltime.ns"];

async function times(path: string, events: number, workers: number, faults: Faults): Promise<string> {
  const { output, report } = await run(path, conditionRules("evt.num > 0"), workers, {
    encoder: { kind: "read-fields", fields: FIELDS },
    ring: { slots: 16, events, recordBytes: 64 * 1024, heapBytes: 4096 },
    faults,
  });
  assert.equal(report.failure, null);
  return output;
}

function line(number: number, type: string, seconds: bigint, ns: bigint): string {
  const reltime = String(seconds * 1_000_000_000n + ns).padStart(9, "0");
  return `${[number, type, reltime, seconds, String(ns).padStart(9, "0")].join("\t")}\n`;
}

test("times relative to the first system call are the same however late a worker is, and wherever batches end", async () => {
  let expected = line(1, "cpu_hotplug", 1_700_000_000n, 1n);
  for (let i = 1; i < METAS; i++) expected += line(i + 1, "useradded", 1_700_000_000n + BigInt(i), 1n);
  expected +=
    line(METAS + 1, "close", 0n, 0n) + line(METAS + 2, "useradded", 1n, 0n) + line(METAS + 3, "close", 2n, 0n);
  const path = capture();
  for (const events of [1, 2, METAS, 64]) {
    for (const workers of [1, 2]) {
      // At 8 ahead the time of the first system call is long known when the first batch is looked at; at 1 it is not.
      for (const faults of [{ ahead: 1 }, { ahead: 8 }, { delay: { seed: events, maxMs: 20 } }]) {
        assert.equal(
          await times(path, events, workers, faults),
          expected,
          `${events} events, ${workers} workers, ${JSON.stringify(faults)}`,
        );
      }
    }
  }
});

test("times are relative to the first event, whether or not a rule looks at events of its kind", async () => {
  const second = (n: number): bigint => START + BigInt(n) * 1_000_000_000n;
  const builder = new ScapBuilder()
    .section()
    .machine()
    .threads([{ tid: 1000 }]);
  // A change of the running thread makes no thread, so it leaves no record unless it is asked for.
  builder.event("SCHEDSWITCH_6_E", { next: 1000 }, { ts: second(0) });
  builder.event("SYSCALL_CLOSE_X", { res: 0 }, { ts: second(3) });
  const path = builder.toFile();
  for (const condition of ["evt.num > 0", "evt.type = close"]) {
    const { output, report } = await run(path, conditionRules(condition), 1, {
      encoder: { kind: "read-fields", fields: FIELDS },
    });
    assert.equal(report.failure, null);
    assert.equal(output.slice(output.indexOf("2\t")), line(2, "close", 3n, 0n), condition);
  }
});

test("the words of the first event are aligned and lie within the header", () => {
  assert.equal(SlotWord.FIRST_EVENT % 2, 0);
  assert.ok(SlotWord.FIRST_TIME + 2 <= SlotWord.HEADER);
});
