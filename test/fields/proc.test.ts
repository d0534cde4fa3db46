// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { ExtraWord } from "../../src/batch/process-rows.js";
import type { EventView } from "../../src/fields/view.js";
import { FieldBed, field, jsonOf, textOf } from "../support/field-bed.js";

const GETPID = { type: EventType.SYSCALL_GETUID_X };

function keysOf(name: string, e: EventView): (string | null)[] {
  const extract = field(name).extract;
  assert.equal(extract.shape, "each");
  if (extract.shape !== "each") return [];
  const keys = new Int32Array(16);
  const count = extract.keys(e, keys);
  return Array.from(keys.subarray(0, count), (key) => extract.text(key, e));
}

test("a process's own values", () => {
  const bed = new FieldBed();
  const row = bed.process({
    TID: 10,
    PTID: 1,
    COMM: "bash",
    EXE: "-bash",
    EXEPATH: "/bin/bash",
    ARGS: "-c\0ls  x\0",
    CMDLINE: "bash -c ls  x ",
    CWD: "/home/u/",
    SID: 10,
    PGID: 10,
    VPGID: 3,
    VPID: 3,
    VTID: 3,
    TTY: 34816,
    ENV: "A=1\0PATH= /bin \0E=",
    EXE_FLAGS: 5,
    CLONE_TIME: 1_700_000_000_000_000_000n,
  });
  const e = bed.event({ ...GETPID, tid: 10, time: 1_700_000_001_000_000_007n }, { row });
  const expected: Record<string, string | null> = {
    "proc.name": "bash",
    "proc.exe": "-bash",
    "proc.exepath": "/bin/bash",
    "proc.args": "-c ls  x ",
    "proc.args[0]": "-c",
    "proc.args[2]": "",
    "proc.args[99]": "",
    "proc.cmdline": "bash -c ls  x ",
    "proc.exeline": "-bash -c ls  x ",
    "proc.cmdnargs": "3",
    "proc.cmdlenargs": "7",
    "proc.cwd": "/home/u/",
    "proc.pid": "10",
    "proc.ppid": null,
    "proc.vpid": "3",
    "proc.sid": "10",
    "proc.pgid": "10",
    "proc.tty": "34816",
    "proc.env": "A=1 PATH= /bin  E=",
    "proc.env[PATH]": "/bin",
    "proc.env[NONE]": "",
    "proc.env[E]": "",
    "proc.env[0]": "A=1 PATH= /bin  E=",
    "proc.duration": "1000000007",
    "proc.pid.ts": "1700000000000000000",
    "proc.pname": null,
    "proc.aname": null,
    "proc.aname[0]": "bash",
    "proc.aname[1]": null,
    "proc.apid": "10",
    "proc.is_exe_writable": "true",
    "proc.is_exe_upper_layer": "false",
    "proc.is_exe_from_memfd": "true",
    "proc.is_sid_leader": "false",
    "proc.is_vpgid_leader": "true",
    "proc.is_pgid_leader": "true",
    "proc.loginshellid": "10",
    "thread.tid": "10",
    "thread.vtid": "3",
    "thread.ismain": "true",
    "thread.nametid": "bash10",
  };
  for (const [name, text] of Object.entries(expected)) assert.equal(textOf(name, e), text, name);
  assert.equal(jsonOf("proc.tty", e), "34816");
});

test("no thread: all absent but its number", () => {
  const bed = new FieldBed();
  const e = bed.event({ ...GETPID, tid: 77 });
  for (const name of ["proc.name", "proc.args", "proc.cwd", "proc.pid", "proc.tty", "proc.sid", "proc.env[A]"]
    .concat(["proc.aname", "proc.aname[0]", "proc.duration", "proc.is_exe_writable", "thread.cap_effective"])
    .concat(["user.uid", "user.name", "group.gid", "container.id", "proc.cmdnargs", "proc.sname", "proc.vmsize"])) {
    assert.equal(textOf(name, e), null, name);
  }
  assert.equal(textOf("thread.tid", e), "77");
});

test("a thread that is only known to exist", () => {
  const bed = new FieldBed();
  const row = bed.process({
    TID: 9,
    PID: -1,
    PTID: -1,
    VPID: -1,
    VTID: -1,
    COMM: "<NA>",
    EXE: "<NA>",
    CMDLINE: "<NA>",
    SID: -1,
    UID: -1,
    GID: -1,
  });
  const e = bed.event({ ...GETPID, tid: 9 }, { row, leader: 0 });
  const expected: Record<string, string | null> = {
    "proc.name": "<NA>",
    "proc.cmdline": "<NA>",
    "proc.exepath": "",
    "proc.args": "",
    "proc.cwd": "./",
    "proc.pid": "-1",
    "proc.ppid": null,
    "proc.vpid": null,
    "proc.sid": "-1",
    "user.uid": "4294967295",
    "group.gid": "4294967295",
    "user.name": "<NA>",
    "user.loginuid": "0",
    "proc.aname[0]": null,
  };
  for (const [name, text] of Object.entries(expected)) assert.equal(textOf(name, e), text, name);
});

test("ancestors: the indexed walk goes from leader to leader, the other one from thread to thread", () => {
  const bed = new FieldBed();
  bed.process({ TID: 1, PTID: 0, COMM: "init", CMDLINE: "init", ARGS: "" });
  bed.process({ TID: 5, PTID: 1, COMM: "shell", CMDLINE: "shell -l", ARGS: "-l", VPID: 50 });
  bed.process({ TID: 6, PID: 5, PTID: 1, COMM: "helper", CMDLINE: "helper", ARGS: "a\0b" });
  const main = bed.process({ TID: 7, PTID: 6, COMM: "cat" });
  const thread = bed.process({ TID: 8, PID: 7, PTID: 6, COMM: "cat-2" });
  for (const [row, tid] of [
    [main, 7],
    [thread, 8],
  ] as const) {
    const e = bed.event({ ...GETPID, tid }, { row, leader: main });
    assert.deepEqual(keysOf("proc.aname", e), ["helper", "init"]);
    assert.equal(textOf("proc.aname", e), "helper init");
    assert.equal(textOf("proc.acmdline", e), "helper init");
    assert.equal(textOf("proc.aargs", e), "a b ");
    assert.deepEqual(keysOf("proc.apid", e), ["5", "1"]);
    assert.equal(textOf("proc.aname[0]", e), "cat");
    assert.equal(textOf("proc.aname[1]", e), "shell");
    assert.equal(textOf("proc.aname[2]", e), "init");
    assert.equal(textOf("proc.aname[3]", e), null);
    assert.equal(textOf("proc.apid[1]", e), "5");
    assert.equal(textOf("proc.acmdline[1]", e), "shell -l");
    assert.equal(textOf("proc.aargs[1]", e), "-l");
    assert.equal(textOf("proc.pname", e), "shell");
    assert.equal(textOf("proc.ppid", e), "6");
  }
});

test("ancestors that lead back into themselves are cut", () => {
  const bed = new FieldBed();
  bed.process({ TID: 1, PTID: 3, COMM: "a" });
  bed.process({ TID: 2, PTID: 1, COMM: "b" });
  bed.process({ TID: 3, PTID: 2, COMM: "c" });
  const row = bed.process({ TID: 4, PTID: 3, COMM: "d" });
  const self = bed.process({ TID: 5, PTID: 5, COMM: "self" });
  const e = bed.event({ ...GETPID, tid: 4 }, { row });
  const seen = keysOf("proc.aname", e);
  assert.deepEqual(seen.slice(0, 3), ["c", "b", "a"]);
  assert.ok(seen.length < 16, `${seen.length} ancestors`);
  assert.ok(textOf("proc.aname", e)?.startsWith("c b a"));
  assert.equal(textOf("proc.aname[40]", e) === null, false);
  assert.deepEqual(keysOf("proc.aname", bed.event({ ...GETPID, tid: 5 }, { row: self })), []);
  assert.equal(textOf("proc.loginshellid", e), null);
});

test("ancestors are seen as they were at the event", () => {
  const bed = new FieldBed();
  bed.process({ TID: 1, PTID: 0, COMM: "old" }, 0);
  const row = bed.process({ TID: 2, PTID: 1, COMM: "x" }, 0);
  bed.process({ TID: 1, PTID: 0, COMM: "new" }, 50);
  assert.equal(textOf("proc.pname", bed.event({ ...GETPID, number: 49 }, { row })), "old");
  assert.equal(textOf("proc.pname", bed.event({ ...GETPID, number: 50 }, { row })), "new");
});

test("sessions and groups: the process of that id, else the oldest ancestor with the same id", () => {
  const bed = new FieldBed();
  const rest = { EXE: "e", EXEPATH: "/e" };
  bed.process({ TID: 1, PTID: 0, COMM: "init", SID: 1, VPGID: 1, PGID: 1, ...rest });
  bed.process({ TID: 20, PTID: 1, COMM: "leader", SID: 20, VPGID: 20, PGID: 20, EXE: "lead", EXEPATH: "/lead" });
  const host = bed.process({ TID: 30, PTID: 20, COMM: "child", SID: 20, VPGID: 20, PGID: 20, ...rest });
  const e = bed.event({ ...GETPID, tid: 30 }, { row: host });
  for (const [name, text] of [
    ["proc.sname", "leader"],
    ["proc.sid.exe", "lead"],
    ["proc.sid.exepath", "/lead"],
    ["proc.vpgid.name", "leader"],
    ["proc.pgid.exe", "lead"],
  ] as const) {
    assert.equal(textOf(name, e), text, name);
  }
  bed.process({ TID: 40, VTID: 2, VPID: 2, PTID: 20, COMM: "outer", SID: 2, VPGID: 2, PGID: 40, ...rest });
  const inner = bed.process({
    TID: 41,
    VTID: 3,
    VPID: 3,
    PTID: 40,
    COMM: "inner",
    SID: 2,
    VPGID: 2,
    PGID: 40,
    ...rest,
  });
  const boxed = bed.event({ ...GETPID, tid: 41 }, { row: inner });
  assert.equal(textOf("proc.sname", boxed), "outer");
  assert.equal(textOf("proc.vpgid.name", boxed), "outer");
  assert.equal(textOf("proc.pgid.name", boxed), "outer");
});

test("sessions and groups without a leader in sight have no name: neither their own process nor an unknown id stands in", () => {
  const bed = new FieldBed();
  const ids = (id: number): Record<string, number> => ({ SID: id, VPGID: id, PGID: id });
  bed.process({ TID: 1, PTID: 0, COMM: "init", EXE: "/sbin/init", ...ids(-1) });
  bed.process({ TID: 20, PTID: 1, COMM: "sh", EXE: "sh", ...ids(7) });
  const names = ["proc.sname", "proc.sid.exe", "proc.vpgid.name", "proc.pgid.exepath"];
  const of = (tid: number, ptid: number, id: number): (string | null)[] => {
    const row = bed.process({ TID: tid, PTID: ptid, COMM: "x", EXE: "x", EXEPATH: "/x", ...ids(id) });
    const e = bed.event({ ...GETPID, tid }, { row });
    return names.map((name) => textOf(name, e));
  };
  // The leader, 9, is gone, and the parent is in another session.
  assert.deepEqual(of(30, 20, 9), ["", "", "", ""]);
  assert.deepEqual(of(31, 1, -1), ["", "", "", ""]);
  assert.deepEqual(of(32, 20, 7), ["sh", "sh", "sh", ""]);
});

test("environments of ancestors", () => {
  const bed = new FieldBed();
  bed.process({ TID: 1, PTID: 0, ENV: "A=top\0B=b" });
  bed.process({ TID: 2, PTID: 1, ENV: "A=" });
  const row = bed.process({ TID: 3, PTID: 2, ENV: "A=own" });
  const e = bed.event({ ...GETPID, tid: 3 }, { row });
  assert.equal(textOf("proc.aenv[A]", e), "top");
  assert.equal(textOf("proc.aenv[NONE]", e), "");
  assert.equal(textOf("proc.aenv", e), "A=own");
  assert.equal(textOf("proc.aenv[0]", e), "A=own");
  assert.equal(textOf("proc.aenv[1]", e), "A=");
  assert.equal(textOf("proc.aenv[2]", e), "A=top B=b");
  assert.equal(textOf("proc.aenv[3]", e), null);
  assert.deepEqual(keysOf("proc.aenv[1]", e), ["A=", "A=top B=b"]);
});

test("what the extra row holds", () => {
  const bed = new FieldBed();
  const container = bed.id("abcdef012345");
  const row = bed.process({ TID: 10, PTID: 1, CLONE_TIME: 1_700_000_000_000_000_000n, CONTAINER: container });
  bed.extra(row, {
    [ExtraWord.CAP_EFFECTIVE]: 0x100_0000_0021n,
    [ExtraWord.CAP_PERMITTED]: 0n,
    [ExtraWord.EXE_INO]: 2n ** 40n,
    [ExtraWord.EXE_CTIME]: 1_699_999_999_000_000_000n,
    [ExtraWord.EXE_MTIME]: 5n,
    [ExtraWord.PIDNS_START]: 1_699_999_998_000_000_000n,
    [ExtraWord.FD_LIMIT]: -1n,
    [ExtraWord.CGROUPS]: bed.id("cpu=/a\0mem_cgroup=/b=c\0perf=/p"),
    [ExtraWord.VM_SIZE]: 4096,
    [ExtraWord.VM_RSS]: 7,
  });
  const e = bed.event({ ...GETPID, tid: 10, time: 1_700_000_000_000_000_009n }, { row });
  const expected: Record<string, string | null> = {
    "thread.cap_effective": "CAP_CHOWN CAP_KILL CAP_CHECKPOINT_RESTORE",
    "thread.cap_permitted": "",
    "proc.exe_ino": "1099511627776",
    "proc.exe_ino.ctime": "1699999999000000000",
    "proc.exe_ino.mtime": "5",
    "proc.exe_ino.ctime_duration_proc_start": "1000000000",
    "proc.exe_ino.ctime_duration_pidns_start": "1000000000",
    "proc.pidns_init_start_ts": "1699999998000000000",
    "proc.fdlimit": "-1",
    "proc.vmsize": "4096",
    "thread.vmsize": "4096",
    "thread.vmrss.b": "7168",
    "thread.cgroups": "cpu=/a memory=/b=c perf_event=/p",
    "thread.cgroup.memory": "/b=c",
    "thread.cgroup.blkio": null,
    "container.start_ts": "1699999998000000000",
    "container.duration": "2000000009",
  };
  for (const [name, text] of Object.entries(expected)) assert.equal(textOf(name, e), text, name);
  const bare = bed.event({ ...GETPID, tid: 11 }, { row: bed.process({ TID: 11, PTID: 1 }) });
  for (const name of [
    "proc.exe_ino",
    "proc.exe_ino.ctime",
    "proc.pidns_init_start_ts",
    "proc.duration",
    "thread.cgroups",
  ]) {
    assert.equal(textOf(name, bare), null, name);
  }
});

test("users and groups: the thread's container's, root wherever nobody says otherwise", () => {
  const bed = new FieldBed();
  bed.users.put(1, 1000, 0, [bed.id("ana"), bed.id("/home/ana"), bed.id("/bin/sh"), 1000]);
  bed.users.put(bed.id("abcdef012345"), 1000, 0, [bed.id("app"), 0, 0, 0]);
  bed.groups.put(1, 1000, 0, [bed.id("staff")]);
  const of = (spec: Record<string, number | string>, number = 10): (string | null)[] => {
    const row = bed.process({ TID: 10, PTID: 1, LOGINUID: -1, ...spec });
    const e = bed.event({ ...GETPID, number }, { row });
    return ["user.uid", "user.name", "user.homedir", "user.shell", "user.loginuid", "user.loginname", "group.name"].map(
      (name) => textOf(name, e),
    );
  };
  assert.deepEqual(of({ UID: 1000, GID: 1000, CONTAINER: "host" }), [
    "1000",
    "ana",
    "/home/ana",
    "/bin/sh",
    "-1",
    "<NA>",
    "staff",
  ]);
  assert.deepEqual(of({ UID: 1000, GID: 1000 }).slice(0, 2), ["1000", "ana"]);
  assert.deepEqual(of({ UID: 0, GID: 0 }), ["0", "root", "/root", "<NA>", "-1", "<NA>", "root"]);
  assert.deepEqual(of({ UID: 5, GID: 5, LOGINUID: 1000 }), ["5", "<NA>", "<NA>", "<NA>", "1000", "ana", "<NA>"]);
  assert.deepEqual(of({ UID: 1000, GID: 1000, CONTAINER: "abcdef012345" }).slice(0, 2), ["1000", "app"]);
  bed.users.put(1, 1000, 20, [bed.id("renamed")]);
  assert.equal(of({ UID: 1000 }, 19)[1], "ana");
  assert.equal(of({ UID: 1000 }, 20)[1], "renamed");
});
