// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import { Bed, cloneCaller, cloneChild, EMPTY_HEADER, exec, exit, read, thread, X } from "./harness.js";

/** Processes 1 (init) and 100 (shell, child of 1). */
function shell(): Bed {
  return new Bed(({ id }) => ({
    ...EMPTY_HEADER,
    threads: [
      thread(100, { ptid: 1, comm: id("bash"), exe: id("-bash"), cwd: id("/home"), exepath: id("/bin/bash") }),
      thread(1, { ptid: 0, comm: id("init"), exe: id("/sbin/init"), cwd: id("/") }),
    ],
  }));
}

test("the initial list is valid from the start, parents behind children", () => {
  const bed = shell();
  const row = bed.rows.at(100, 0);
  assert.equal(bed.text(row, RowWord.COMM), "bash");
  assert.equal(bed.word(row, RowWord.PTID), 1);
  assert.equal(bed.text(row, RowWord.CWD), "/home/");
  assert.equal(bed.text(row, RowWord.CONTAINER), "host");
});

test("an unknown thread becomes a placeholder when its event comes, not before", () => {
  const bed = shell();
  const seen = bed.one({ type: X.SYSCALL_CHDIR_X, tid: 555, params: { res: -2, path: "/x" } });
  assert.equal(bed.text(seen.row, RowWord.COMM), "<NA>");
  assert.equal(bed.word(seen.row, RowWord.PID), -1);
  assert.equal(seen.leader, 0);
  assert.equal(bed.rows.at(555, 0), 0);
  assert.equal(bed.rows.at(555, seen.number), seen.row);
});

test("fork, exec and exit: each event sees its own version", () => {
  const bed = shell();
  const [, child, run, , end] = bed.run(
    cloneCaller(100, 200, { comm: "bash", exe: "-bash", args: "-i" }),
    cloneChild(200, 100, { comm: "bash", exe: "-bash", args: "-i" }),
    exec(200, "ls", { args: "-l\0/tmp" }),
    read(100, 0),
    exit(200),
  );
  assert.ok(child && run && end);
  assert.equal(bed.text(child.row, RowWord.CMDLINE), "bash -i");
  assert.equal(bed.text(child.row, RowWord.EXEPATH), "/bin/bash");
  assert.equal(bed.text(child.row, RowWord.CWD), "/home/");
  assert.equal(bed.word(child.row, RowWord.PTID), 100);
  assert.equal(bed.text(run.row, RowWord.CMDLINE), "ls -l /tmp");
  assert.equal(bed.text(run.row, RowWord.EXEPATH), "/bin/ls");
  assert.equal(bed.rows.at(200, child.number), child.row);
  assert.equal(bed.rows.at(200, run.number), run.row);
  assert.equal(end.row, run.row, "the exit itself still sees its thread");
  bed.run(read(100, 0));
  assert.equal(bed.now(200), 0);
  assert.equal(bed.rows.at(200, end.number), run.row);
});

test("the child's side first, then the caller's: one thread, unchanged", () => {
  const bed = shell();
  const [first, second] = bed.run(cloneChild(200, 100, { comm: "a" }), cloneCaller(100, 200, { comm: "b" }));
  assert.ok(first && second);
  assert.equal(bed.text(bed.now(200), RowWord.COMM), "a");
  assert.notEqual(bed.word(bed.now(200), RowWord.FLAGS) & ThreadFlag.INVERTED, 0);
});

test("either side alone makes the child", () => {
  const bed = shell();
  bed.run(cloneCaller(100, 200, { comm: "a" }), cloneChild(300, 100, { comm: "b" }));
  assert.equal(bed.text(bed.now(200), RowWord.COMM), "a");
  assert.equal(bed.text(bed.now(300), RowWord.COMM), "b");
});

test("a pid is used again in the event after the exit", () => {
  const bed = shell();
  bed.run(cloneCaller(100, 200, { comm: "old" }));
  const [end, again] = bed.run(exit(200), cloneChild(200, 100, { comm: "new" }));
  assert.ok(end && again);
  assert.equal(bed.text(bed.rows.at(200, end.number), RowWord.COMM), "old");
  assert.equal(bed.text(bed.rows.at(200, again.number), RowWord.COMM), "new");
  bed.stage.settle(end.number);
  assert.equal(bed.text(bed.now(200), RowWord.COMM), "new");
});

test("a caller's event that comes after the child's exit does not bring it back", () => {
  const bed = shell();
  bed.run(cloneChild(200, 100), exit(200), read(100, 0));
  bed.run(cloneCaller(100, 200));
  assert.equal(bed.now(200), 0);
});

test("a leader that ends before its threads stays until the last one is gone", () => {
  const bed = shell();
  const flags = ThreadFlag.THREAD;
  bed.run(cloneCaller(100, 101, { flags, pid: 100, tid: 100 }));
  assert.equal(bed.word(bed.now(101), RowWord.PID), 100);
  bed.run(exit(100), read(101, 0));
  assert.notEqual(bed.now(100), 0);
  bed.run(exit(101), read(1, 0));
  assert.equal(bed.now(101), 0);
  assert.equal(bed.now(100), 0);
});

test("children go to a living thread of the group, to the told reaper, to the nearest subreaper, or to nobody", () => {
  const bed = shell();
  bed.run(cloneCaller(1, 50), cloneCaller(50, 60), cloneCaller(60, 70), cloneCaller(70, 80));
  bed.run({ type: X.SYSCALL_PRCTL_X, tid: 50, params: { res: 0, option: 36, arg2_str: null, arg2_int: 1 } });
  bed.run(exit(70), read(1, 0));
  assert.equal(bed.word(bed.now(80), RowWord.PTID), 50, "nearest subreaper");
  bed.run(exit(50, 1), read(1, 0));
  assert.equal(bed.word(bed.now(80), RowWord.PTID), 1, "told reaper");
  assert.equal(bed.word(bed.now(60), RowWord.PTID), 1);
  bed.run(exit(1), read(60, 0));
  assert.equal(bed.word(bed.now(80), RowWord.PTID), 0, "nobody is left");
});

test("a parent that is seen only after the child is found by number then", () => {
  const bed = new Bed();
  const early = bed.one(cloneChild(200, 150, { comm: "child" }));
  assert.equal(bed.word(early.row, RowWord.PTID), 0, "its parent is a placeholder");
  const late = bed.one(exec(150, "parent"));
  assert.equal(bed.text(late.row, RowWord.COMM), "parent");
});

test("exec by a leader removes the other threads", () => {
  const bed = shell();
  bed.run(cloneCaller(100, 101, { flags: ThreadFlag.THREAD }), cloneCaller(100, 102, { flags: ThreadFlag.THREAD }));
  const before = bed.writer.last;
  bed.run(exec(100, "new"));
  assert.equal(bed.now(101), 0);
  assert.equal(bed.now(102), 0);
  assert.notEqual(bed.rows.at(101, before), 0);
});

test("vfork and children in other pid namespaces are made by their own side only", () => {
  const bed = shell();
  bed.run(
    { ...cloneCaller(100, 200), type: X.SYSCALL_VFORK_20_X },
    cloneCaller(100, 201, { flags: ThreadFlag.VFORK }),
    cloneCaller(100, 202, { flags: ThreadFlag.NEWPID }),
    cloneCaller(100, 203, { flags: ThreadFlag.PARENT }),
    cloneCaller(100, 204, { flags: ThreadFlag.CHILD_IN_PIDNS }),
  );
  for (const tid of [200, 201, 202, 203, 204]) assert.equal(bed.now(tid), 0);
});

test("large tids have slots of their own", () => {
  const bed = new Bed();
  const big = 0x1_0000_0005n;
  const a = bed.one({ ...exec(0, "big"), tid: big });
  assert.equal(bed.text(a.row, RowWord.COMM), "big");
  const b = bed.one({ type: X.SYSCALL_GETCWD_X, tid: big, params: { res: 0, path: "/x" } });
  assert.equal(bed.text(b.row, RowWord.COMM), "big");
});

test("numbers beyond 32 bits", () => {
  for (const number of [2 ** 32 - 1, 2 ** 40]) {
    const bed = shell();
    const run = bed.one({ ...exec(100, "x"), number });
    assert.equal(bed.text(bed.rows.at(100, number - 1), RowWord.COMM), "bash");
    assert.equal(bed.rows.at(100, number), run.row);
  }
});
