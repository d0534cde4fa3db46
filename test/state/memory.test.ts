// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { FD_LIMIT, FdKind } from "../../src/batch/fd-rows.js";
import { PLAN_WORDS, PlanAction, PlanTest } from "../../src/batch/plan.js";
import { RowWord } from "../../src/batch/process-rows.js";
import { RecordFlag } from "../../src/batch/record.js";
import { makePlan, stateDemand } from "../../src/state/stage.js";
import { TEST_SHAPE } from "../support/records.js";
import { Bed, cloneCaller, close, EMPTY_HEADER, exec, exit, fdEntry, open, read, thread, X } from "./harness.js";
import { Script, steps, twins } from "./script.js";
import { answerOf } from "./walk.js";

test("only records for rules are listed, touches and enter events are not", () => {
  const demand: number[] = [];
  demand[X.SYSCALL_READ_X] = 0;
  demand[X.SYSCALL_OPENAT_2_E] = 0;
  const bed = new Bed(undefined, { demand });
  bed.run(
    read(5, 0),
    open(5, 3, "/f"),
    { type: X.SYSCALL_BRK_4_X, tid: 9, flags: RecordFlag.TOUCH | RecordFlag.STATE_ONLY },
    { type: X.SYSCALL_OPENAT_2_E, tid: 5, flags: RecordFlag.STATE_ONLY, params: { dirfd: -100, name: "/x", flags: 1 } },
    read(5, 3),
  );
  assert.equal(bed.wanted(), 2);
  assert.notEqual(bed.now(9), 0, "a touch makes its thread");
});

test("the plan: fds of events that rules want, tests of those that they do not", () => {
  const demand: number[] = [];
  demand[X.SYSCALL_READ_X] = 1;
  const plan = makePlan(demand);
  const at = (type: number, word: number): number => plan[type * PLAN_WORDS + word] as number;
  assert.deepEqual(
    [0, 1, 2].map((word) => at(X.SYSCALL_READ_X, word)),
    [PlanAction.RULES, 1, 1 << 2],
  );
  assert.equal(at(X.SYSCALL_WRITE_X, 0), PlanAction.SKIP);
  assert.equal(at(X.SYSCALL_CLOSE_X, 0), PlanAction.STATE);
  assert.equal(at(X.SYSCALL_CLOSE_X, 3), PlanTest.SUCCESS);
  assert.deepEqual(
    [3, 4].map((word) => at(X.SOCKET_SENDTO_X, word)),
    [PlanTest.NOT_EMPTY, 4],
  );
  assert.equal(stateDemand().masks[X.SYSCALL_READ_X], undefined);
});

test("too many threads: the new ones are refused and counted, those that are there go on", () => {
  const bed = new Bed(({ id }) => ({ ...EMPTY_HEADER, threads: [thread(1, { ptid: 0, comm: id("init") })] }), {
    shape: { ...TEST_SHAPE, processRows: 300, ring: { ...TEST_SHAPE.ring, events: 64 } },
  });
  for (let i = 0; i < 10; i++) {
    bed.run(...Array.from({ length: 40 }, (_, k) => cloneCaller(1, 1000 + i * 40 + k)));
    bed.stage.settle(bed.writer.last);
  }
  const { refusedThreads, threads } = bed.stage.counters;
  assert.ok(refusedThreads > 0);
  assert.equal(threads + refusedThreads, 401);
  assert.ok(bed.stage.tight);
  const seen = bed.one(exec(1, "still"));
  assert.equal(bed.text(seen.row, RowWord.COMM), "still");
  const refused = bed.one(read(5000, 0));
  assert.equal(refused.row, 0);
});

test("no rows for changes: made in place and counted, right from then on", () => {
  const bed = new Bed(({ id }) => ({ ...EMPTY_HEADER, threads: [thread(1, { ptid: 0, comm: id("init") })] }), {
    shape: { ...TEST_SHAPE, processRows: 64, ring: { ...TEST_SHAPE.ring, events: 64 } },
  });
  for (let i = 0; i < 100; i++) bed.run(exec(1, `v${i}`));
  assert.ok(bed.stage.counters.exhaustedRows > 0);
  assert.equal(bed.text(bed.now(1), RowWord.COMM), "v99");
  bed.stage.settle(bed.writer.last);
  const before = bed.stage.counters.exhaustedRows;
  const old = bed.writer.last;
  bed.run(exec(1, "again"));
  assert.equal(bed.stage.counters.exhaustedRows, before);
  assert.equal(bed.text(bed.rows.at(1, old), RowWord.COMM), "v99");
});

test("an end with more children than free rows", () => {
  const bed = new Bed(
    ({ id }) => ({
      ...EMPTY_HEADER,
      threads: [
        thread(1, { ptid: 0, comm: id("init") }),
        thread(2, { ptid: 1 }),
        ...Array.from({ length: 200 }, (_, i) => thread(100 + i, { ptid: 2 })),
      ],
    }),
    { shape: { ...TEST_SHAPE, processRows: 300, ring: { ...TEST_SHAPE.ring, events: 64 } } },
  );
  bed.run(exit(2), read(1, 0));
  assert.ok(bed.stage.counters.exhaustedRows > 0);
  assert.ok(
    Array.from({ length: 200 }, (_, i) => bed.word(bed.now(100 + i), RowWord.PTID)).every((ptid) => ptid === 1),
  );
});

test("too many fds in a process, and no fd rows", () => {
  const bed = new Bed(() => ({ ...EMPTY_HEADER, threads: [thread(1, { ptid: 0 }), thread(2)] }), {
    shape: { ...TEST_SHAPE, fdRows: FD_LIMIT + 200 },
  });
  for (let fd = 0; fd < FD_LIMIT + 10; fd += 10) {
    bed.run(...Array.from({ length: 10 }, (_, i) => open(1, fd + i, "/f")));
  }
  assert.equal(bed.stage.counters.fds, FD_LIMIT);
  assert.equal(bed.stage.counters.refusedFds, Math.ceil((FD_LIMIT + 10) / 10) * 10 - FD_LIMIT);
  const refused = bed.one(open(1, 60_000, "/g"));
  assert.equal(refused.fdRow, 0);
  assert.equal(refused.fd, 60_000);
  for (let fd = 0; fd < 400; fd++) bed.run(open(2, fd, "/h"));
  assert.equal(bed.one(open(2, 500, "/h")).fdRow, 0);
  bed.run(close(1, 5), read(1, 0));
  bed.stage.settle(bed.writer.last);
  assert.notEqual(bed.one(open(1, 5, "/again")).fdRow, 0);
});

test("after a sweep of the dictionary everything reads as before", () => {
  const { bed, model } = twins();
  const maker = new Script();
  for (const [i, step] of steps(3000, 11).entries()) {
    const event = maker.event(step);
    const expected = model.apply(event);
    const seen = bed.one(event);
    assert.deepEqual(answerOf(bed, seen), expected, `event ${i}`);
    if (i % 50 !== 49) continue;
    bed.stage.settle(bed.writer.last);
    const marks = new Uint8Array(bed.memory.shape.strings);
    bed.stage.mark(marks);
    const before = bed.interner.count;
    bed.interner.sweep(marks);
    bed.stage.collected();
    assert.ok(bed.interner.count <= before);
  }
  assert.ok(bed.interner.count < 200);
});

test("a new section begins at its number: old rows stay for those before it", () => {
  const bed = new Bed(({ id }) => ({
    ...EMPTY_HEADER,
    threads: [thread(1, { ptid: 0, comm: id("old") }), thread(2, { comm: id("gone") })],
    fds: [fdEntry(1, 0, FdKind.FILE_V2, id("/old"))],
  }));
  const before = bed.one(read(1, 0));
  const comm = bed.interner.intern("new");
  bed.stage.begin({ ...EMPTY_HEADER, threads: [thread(1, { ptid: 0, comm })] }, bed.writer.last + 1);
  const after = bed.one(read(1, 0));
  assert.equal(bed.fdName(before.fdRow), "/old");
  assert.equal(after.fdRow, 0);
  assert.equal(bed.text(bed.rows.at(1, before.number), RowWord.COMM), "old");
  assert.equal(bed.text(bed.rows.at(1, after.number), RowWord.COMM), "new");
  assert.notEqual(bed.rows.at(2, before.number), 0);
  assert.equal(bed.rows.at(2, after.number), 0);
  bed.stage.settle(after.number);
  bed.stage.settle(after.number);
  assert.equal(bed.stage.counters.rowsUsed, 1);
});
