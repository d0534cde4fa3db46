// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnexWord } from "../../src/batch/annex.js";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { PlanAction } from "../../src/batch/plan.js";
import { RecordWord } from "../../src/batch/record.js";
import { type PlanRow, type ReadRecord, readCapture } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";

const SKIP: PlanRow = [PlanAction.SKIP, 0, 0];
const WORDS = AnnexWord.PAIRS + 4;

function previousOf({ words }: ReadRecord): bigint {
  const at = words[RecordWord.ANNEX] as number;
  return (BigInt(words[at + 1] as number) << 32n) | BigInt((words[at] as number) >>> 0);
}

function build(): ScapBuilder {
  return new ScapBuilder()
    .section()
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 }, { ts: 10n })
    .event("SYSCALL_READ_E", { fd: 1, size: 1 }, { ts: 20n })
    .event("SYSCALL_READ_X", { res: 0 }, { ts: 0x1_0000_0030n, nparams: 2 })
    .event("SYSCALL_FUTEX_X", { res: 0 }, { ts: 0x1_0000_0040n })
    .event("SYSCALL_FUTEX_X", { res: 0 }, { ts: 0x1_0000_0050n })
    .event(60_000, [Buffer.from("?")], { ts: 0x1_0000_0055n })
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 2 }, { ts: 0x1_0000_0060n });
}

test("an annex tells the time of the event before, wanted or not, and not of what was merged or is not known", () => {
  const all = readCapture(build(), { annexWords: WORDS });
  assert.deepEqual(all.records.map(previousOf), [0n, 10n, 0x1_0000_0030n, 0x1_0000_0040n, 0x1_0000_0050n]);
  const few = readCapture(build(), {
    annexWords: WORDS,
    other: SKIP,
    plan: { SYSCALL_CLOSE_X: [PlanAction.RULES, -1, 0] },
  });
  assert.deepEqual(
    few.records.filter(({ touch }) => !touch).map((record) => [record.number, previousOf(record)]),
    [
      [1, 0n],
      [5, 0x1_0000_0050n],
    ],
  );
});

test("an annex stands behind the parameters, empty but for the time; without one a record has nothing there", () => {
  const { records } = readCapture(build(), { annexWords: WORDS });
  for (const { type, words } of records) {
    const size = EVENTS.find((event) => event.enum === `PPME_${type}`)?.words ?? 0;
    assert.equal(words[RecordWord.ANNEX], size);
    assert.equal(words.length, size + WORDS);
    assert.ok(words.subarray(size + 2).every((word) => word === 0));
  }
  for (const { words } of readCapture(build()).records) assert.equal(words[RecordWord.ANNEX], 0);
});

test("a ring without room for the largest record and its annex is refused", () => {
  const ring = { recordBytes: 512 };
  readCapture(build(), { ring });
  assert.throws(() => readCapture(build(), { ring, annexWords: 80 }), /no room for the largest record/);
  assert.throws(() => readCapture(build(), { annexWords: 3 }), /layout/);
});
