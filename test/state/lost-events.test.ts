// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import type { EventSpec } from "../support/records.js";
import { Bed, cloneCaller, cloneChild, EMPTY_HEADER, exec, exit, open, read, type Seen, thread, X } from "./harness.js";

/*
 * Events can be lost, and numbers of threads come again: what is shown of a thread after a gap must be its own, or nothing.
 */

/** 1 (init), 100 (shell), and 200, child of the shell, which has run "old" and opened a file. */
function bed(): Bed {
  const made = new Bed(({ id }) => ({
    ...EMPTY_HEADER,
    threads: [
      thread(1, { ptid: 0, comm: id("init"), cwd: id("/") }),
      thread(100, { ptid: 1, comm: id("sh"), cwd: id("/home") }),
      thread(300, { ptid: 1, comm: id("daemon"), cwd: id("/srv") }),
    ],
  }));
  made.run(cloneCaller(100, 200), exec(200, "old", { args: "-secret", env: "A=1" }), open(200, 7, "/etc/old"));
  return made;
}

/** The driver says that it has dropped events. */
const GAP: EventSpec = { type: X.DROP_E, tid: 0, params: { ratio: 1 } };

/** Names of a thread's program, arguments, parent and fd 7 at an event. */
function shown(of: Bed, seen: Seen | undefined): (string | number | undefined)[] {
  assert.ok(seen);
  const { row } = seen;
  return [of.text(row, RowWord.COMM), of.text(row, RowWord.ARGS), of.word(row, RowWord.PTID)];
}

const later = (event: EventSpec): EventSpec => ({ ...event, time: 1_700_000_100_000_000_000n });

test("an exit was lost: the caller's side of the next clone makes the thread anew", () => {
  const of = bed();
  const seen = of.run(GAP, later(cloneCaller(300, 200, { exe: "daemon", comm: "daemon" })), read(200, 7));
  assert.deepEqual(shown(of, seen.at(-1)), ["daemon", "", 300]);
  assert.equal(seen.at(-1)?.fdRow, 0);
});

test("an exit was lost: the child's side of the next clone makes the thread anew", () => {
  const of = bed();
  const seen = of.run(GAP, later(cloneChild(200, 300, { exe: "daemon", comm: "daemon" })), read(200, 7));
  assert.deepEqual(shown(of, seen.at(-1)), ["daemon", "", 300]);
  assert.equal(seen.at(-1)?.fdRow, 0);
});

test("exit and clone were lost: exec tells the program, and the parent where the number is another process's now", () => {
  const of = bed();
  // 200 was a process of its own; it comes again as the same, so that only the program is new.
  const same = of.run(GAP, later(exec(200, "new", { pid: 200, ptid: 300 })));
  assert.deepEqual(shown(of, same.at(-1)).slice(0, 2), ["new", ""]);
  // 201 was a thread of 200, and comes again as a process.
  of.run(cloneCaller(200, 201, { flags: ThreadFlag.THREAD }));
  const other = of.run(GAP, later(exec(201, "other", { pid: 201, ptid: 300 })), read(201, 7));
  assert.deepEqual(shown(of, other.at(-1)), ["other", "", 300]);
  assert.equal(of.word(other.at(-1)?.row ?? 0, RowWord.PID), 201);
  assert.equal(other.at(-1)?.leader, other.at(-1)?.row);
  // It has no fds of the process that it was a thread of.
  assert.equal(other.at(-1)?.fdRow, 0);
});

test("a leader that comes again as another process's thread is that process's", () => {
  const of = bed();
  const flags = ThreadFlag.THREAD;
  const seen = of.run(GAP, later(cloneCaller(300, 200, { flags, exe: "daemon", comm: "daemon" })), read(200, 7));
  assert.deepEqual(shown(of, seen.at(-1)), ["daemon", "", 1]);
  assert.equal(of.word(seen.at(-1)?.row ?? 0, RowWord.PID), 300);
  assert.equal(of.text(seen.at(-1)?.leader ?? 0, RowWord.COMM), "daemon");
});

test("children of a thread whose end was lost do not become the next one's", () => {
  const of = bed();
  of.run(cloneCaller(200, 210), exec(210, "child"));
  const seen = of.run(GAP, later(cloneCaller(300, 200, { exe: "daemon", comm: "daemon" })), read(210, 7));
  const ptid = of.word(seen.at(-1)?.row ?? 0, RowWord.PTID);
  assert.notEqual(ptid, 200);
});

test("events of a thread that nobody told us about show nothing of the one before", () => {
  const of = bed();
  const seen = of.run(exit(200), GAP, later(read(200, 7)));
  assert.deepEqual(shown(of, seen.at(-1)), ["<NA>", "", -1]);
  assert.equal(seen.at(-1)?.fdRow, 0);
});
