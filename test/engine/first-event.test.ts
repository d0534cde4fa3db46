// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { createMemory } from "../../src/batch/memory.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import type { Faults } from "../../src/engine/faults.js";
import { FirstEvent } from "../../src/engine/first-event.js";
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

test("where the source does not tell it, the first event is the first record that is no description, of the first batch with one", () => {
  const ring = { slots: 2, events: 4, recordBytes: 1024, heapBytes: 64 };
  const memory = createMemory({ ring, strings: 16, stringBytes: 256, processRows: 16, fdRows: 16 });
  const layout = new RingLayout(ring);
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  const fill = (slot: number, records: readonly (readonly [type: number, number: number])[]): void => {
    let o = layout.slotWord(slot) + layout.recordsWord;
    words[layout.slotWord(slot) + SlotWord.RECORDS] = records.length;
    for (const [type, number] of records) {
      words[o + RecordWord.SIZE] = 24;
      words[o + RecordWord.TYPE] = type;
      floats[(o + RecordWord.NUMBER) >> 1] = number;
      words[o + RecordWord.TIME] = number * 10;
      words[o + RecordWord.TIME + 1] = number * 100;
      o += 24;
    }
  };
  const told = (slot: number): number[] => {
    const base = layout.slotWord(slot);
    const at = base + SlotWord.FIRST_TIME;
    return [floats[(base + SlotWord.FIRST_EVENT) >> 1], words[at], words[at + 1]];
  };
  const first = new FirstEvent(memory);
  const { USER_ADDED_E, PLUGINEVENT_E } = EventType;
  fill(0, [[USER_ADDED_E, 1]]);
  first.mark(0);
  assert.deepEqual(told(0), [0, 0, 0]);
  fill(1, [
    [USER_ADDED_E, 2],
    [PLUGINEVENT_E, 3],
    [PLUGINEVENT_E, 4],
  ]);
  first.mark(1);
  assert.deepEqual(told(1), [3, 30, 300]);
  fill(0, [[PLUGINEVENT_E, 5]]);
  first.mark(0);
  assert.deepEqual(told(0), [3, 30, 300], "once it is known, it goes with every batch");
});
