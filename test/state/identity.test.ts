// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EMPTY } from "../../src/batch/dictionary.js";
import { GroupWord, Lookup, type LookupBuffers, UserWord } from "../../src/batch/lookup.js";
import { EXTRA_WORDS, ExtraWord, RowWord, ThreadFlag } from "../../src/batch/process-rows.js";
import type { EventSpec } from "../support/records.js";
import { Bed, cloneCaller, EMPTY_HEADER, exec, open, read, thread, X } from "./harness.js";

const TID = 100;
const ID = "c0ffee".padEnd(64, "0");

function shell(): Bed {
  return new Bed(({ id }) => ({ ...EMPTY_HEADER, threads: [thread(TID, { comm: id("sh"), cwd: id("/home") })] }));
}

const call = (type: number, params: Record<string, number | bigint | string | null>): EventSpec => ({
  type,
  tid: TID,
  params,
});

test("user and group ids; -1 leaves them, a failed call too", () => {
  const bed = shell();
  const uid = (event: EventSpec): number => bed.word(bed.one(event).row, RowWord.UID);
  assert.equal(uid(call(X.SYSCALL_SETUID_X, { res: 0, uid: 5 })), 5);
  assert.equal(uid(call(X.SYSCALL_SETUID_X, { res: -1, uid: 6 })), 5);
  assert.equal(uid(call(X.SYSCALL_SETRESUID_X, { res: 0, ruid: 1, euid: 7, suid: 1 })), 7);
  assert.equal(uid(call(X.SYSCALL_SETREUID_X, { res: 0, ruid: 1, euid: -1 })), 7);
  const gid = bed.one(call(X.SYSCALL_SETREGID_X, { res: 0, rgid: 1, egid: 9 }));
  assert.equal(bed.word(gid.row, RowWord.GID), 9);
});

test("a thread's call changes the process", () => {
  const bed = shell();
  bed.run(cloneCaller(TID, 101, { flags: ThreadFlag.THREAD }));
  const seen = bed.one({ type: X.SYSCALL_SETUID_X, tid: 101, params: { res: 0, uid: 5 } });
  assert.equal(bed.word(seen.leader, RowWord.UID), 5);
  assert.equal(seen.leader, bed.now(TID));
  bed.run({ type: X.SYSCALL_CHDIR_X, tid: 101, params: { res: 0, path: "sub" } });
  assert.equal(bed.text(bed.now(TID), RowWord.CWD), "/home/sub/");
});

test("working directories: chdir, fchdir, getcwd", () => {
  const bed = shell();
  const cwd = (event: EventSpec): string | undefined => bed.text(bed.one(event).leader, RowWord.CWD);
  assert.equal(cwd(call(X.SYSCALL_CHDIR_X, { res: 0, path: "../a/./b" })), "/a/b/");
  assert.equal(cwd(call(X.SYSCALL_CHDIR_X, { res: -2, path: "/no" })), "/a/b/");
  bed.run(open(TID, 5, "/etc", 1 | (1 << 10)));
  assert.equal(cwd(call(X.SYSCALL_FCHDIR_X, { res: 0, fd: 5 })), "/etc/");
  assert.equal(cwd(call(X.SYSCALL_GETCWD_X, { res: 9, path: "/srv" })), "/srv/");
  assert.equal(cwd(call(X.SYSCALL_CHDIR_X, { res: 0, path: "/" })), "/");
});

test("setsid, capabilities, limits, root", () => {
  const bed = shell();
  const extra = (event: EventSpec, word: number): number =>
    bed.rows.extras[bed.word(bed.one(event).row, RowWord.EXTRA) * EXTRA_WORDS + word] as number;
  assert.equal(bed.word(bed.one(call(X.SYSCALL_SETSID_X, { res: 77 })).row, RowWord.SID), 77);
  const caps = call(X.SYSCALL_CAPSET_X, {
    res: 0,
    cap_inheritable: 1,
    cap_permitted: 2,
    cap_effective: 0x1_0000_0003n,
  });
  assert.equal(extra(caps, ExtraWord.CAP_EFFECTIVE), 3);
  assert.equal(extra(call(X.SYSCALL_UNSHARE_X, { res: 0, flags: 0 }), ExtraWord.CAP_EFFECTIVE), 3);
  const unshare = call(X.SYSCALL_UNSHARE_X, { res: 0, flags: ThreadFlag.NEWUSER });
  assert.equal(extra(unshare, ExtraWord.CAP_EFFECTIVE), -1);
  assert.equal(extra(unshare, ExtraWord.CAP_EFFECTIVE + 1), 0x1ff);
  const limit = call(X.SYSCALL_PRLIMIT_X, {
    res: 0,
    newcur: 4000,
    newmax: 1,
    oldcur: 1,
    oldmax: 1,
    pid: 0,
    resource: 7,
  });
  assert.equal(extra(limit, ExtraWord.FD_LIMIT), 4000);
  const root = extra(call(X.SYSCALL_CHROOT_X, { res: 0, path: "/jail/" }), ExtraWord.ROOT);
  assert.equal(bed.interner.text(root), "/jail");
});

test("container ids from control groups", () => {
  const cases: readonly [string, string][] = [
    ["cpu=/", "host"],
    ["cpu=/user.slice/user-1000.slice/session-1.scope", "host"],
    ["cpu=/system.slice/ssh.service", "host"],
    [`cpu=/\0memory=/docker/${ID}`, "c0ffee000000"],
    [`cpu=/system.slice/docker-${ID}.scope`, "c0ffee000000"],
    [`cpu=/machine.slice/libpod-${ID}.scope`, "c0ffee000000"],
    [`cpu=/machine.slice/libpod-${ID}.scope/container`, "c0ffee000000"],
    [`cpu=/user.slice/user-0.slice/user@0.service/user.slice/libpod-payload-${ID}`, "c0ffee000000"],
    [`cpu=/kubepods/burstable/pod1/${ID}`, "c0ffee000000"],
    [`cpu=/kubepods.slice/a.slice/cri-containerd-${ID}.scope`, "c0ffee000000"],
    [`cpu=/kubepods.slice/a.slice/crio-${ID}.scope`, "c0ffee000000"],
    [`cpu=/kubepods.slice/a.slice:cri-containerd:${ID}`, "c0ffee000000"],
    [`cpu=/default/nerdctl-${ID}.scope`, "c0ffee000000"],
    ["cpu=/default/redis", "redis"],
    ["cpu=/x/lxc/web", "web"],
    ["cpu=/lxc.payload.web", "web"],
    ["cpu=/a/b/lxc.payload/web/c", "web"],
    [`cpu=/machine.slice/libpod-${ID}`, "c0ffee000000"],
    [`cpu=/docker/${ID.toUpperCase()}`, "C0FFEE000000"],
    [`cpu=/kubepods/burstable/pod1/crio-${ID}`, "c0ffee000000"],
    [`cpu=/kubepods.slice/kubepods-pod1.slice/docker-${ID}.scope`, "c0ffee000000"],
    ["cpu=/system.slice/redis.service", "host"],
    ["cpu=/user.slice/user-0.slice", "host"],
    ["cpu=/default/a.scope", "host"],
    [`cpu=/default/${"n".repeat(64)}`, "n".repeat(64)],
    [`cpu=/default/${"n".repeat(65)}`, "host"],
    ["cpu=/x/lxc/web/child", "web"],
    ["cpu=/lxc.monitor.web", "host"],
    ["cpu=/machine/x/vm1.libvirt-lxc", "vm1"],
    ["cpu=/machine.slice/machine-lxc\\x2d42\\x2dvm1.scope", "42\\x2dvm1"],
    ["cpu=/machine.slice/machine-lxc\\x2d42\\x2dvm1.scope/libvirt", "42\\x2dvm1"],
    ["cpu=/a/b/libvirt/lxc/vm2", "vm2"],
    ["cpu=/a/b/bpm-nats", "nats"],
    ["cpu=/system.slice/a/runc-bpm-galera-agent.mysql.scope", "galera-agent.mysql"],
    ["cpu=/a/b/bpm-na:ts", "host"],
    // The first entry that any engine accepts decides.
    [`cpu=/a/b/c\0memory=/docker/${ID}\0pids=/x/lxc/web`, "c0ffee000000"],
    [`cpu=/a/b/c/${ID.slice(1)}`, "host"],
  ];
  const bed = shell();
  for (const [cgroups, id] of cases) {
    const seen = bed.one(exec(TID, "x", { cgroups }));
    assert.equal(bed.text(seen.row, RowWord.CONTAINER), id, cgroups);
  }
});

test("container metadata of both kinds of event, by the container's id", () => {
  const bed = shell();
  const table = new Lookup(bed.memory.containers);
  const json = (image: string): string => JSON.stringify({ id: "abc", image });
  const key = (): number => bed.interner.intern("abc");
  const at = (s: number): string | undefined => {
    const value = table.find(key(), 0, s);
    return value === 0 ? undefined : bed.interner.text(table.words[value] as number);
  };
  const first = bed.one({ type: X.CONTAINER_JSON_2_E, params: { json: `{"container":${json("one")}}` } });
  assert.equal(first.row, 0);
  assert.equal(at(first.number), `{"container":${json("one")}}`);
  const second = bed.one({
    type: X.ASYNCEVENT_E,
    params: { plugin_id: 0, name: "container", data: `${json("two")}\0` },
  });
  assert.equal(at(second.number), json("two"));
  assert.equal(at(first.number), `{"container":${json("one")}}`);
  const gone = bed.one({
    type: X.ASYNCEVENT_E,
    params: { plugin_id: 0, name: "container_removed", data: json("two") },
  });
  assert.equal(at(gone.number), undefined);
  bed.run({ type: X.CONTAINER_JSON_2_E, params: { json: "no json" } });
});

test("users: the replaying host fills the gaps of the capture's list, events come last", () => {
  const root = mkdtempSync(join(tmpdir(), "peregrine-people-"));
  try {
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/bash\nhere:x:5:5::/h:/bin/sh\nbad line\n");
    writeFileSync(join(root, "etc", "group"), "root:x:0:\nstaff:x:50:here\n");
    const bed = new Bed(
      ({ id }) => ({
        ...EMPTY_HEADER,
        users: [{ uid: 0, gid: 0, name: id("captured"), home: id("/r"), shell: id("/s") }],
        groups: [{ gid: 0, name: id("wheel") }],
      }),
      { hostRoot: root },
    );
    const users = new Lookup(bed.memory.users);
    const groups = new Lookup(bed.memory.groups);
    const user = (uid: number, s: number, container = EMPTY): string | undefined => {
      const at = users.find(container, uid, s);
      return at === 0 ? undefined : bed.interner.text(users.words[at + UserWord.NAME] as number);
    };
    const group = (gid: number): string | undefined => {
      const at = groups.find(EMPTY, gid, 0);
      return at === 0 ? undefined : bed.interner.text(groups.words[at + GroupWord.NAME] as number);
    };
    assert.deepEqual([user(0, 0), user(5, 0), user(6, 0)], ["captured", "here", undefined]);
    assert.deepEqual([group(0), group(50), group(51)], ["wheel", "staff", undefined]);
    const added = { uid: 6, gid: 6, name: "late", home: "/l", shell: "/s", container_id: "" };
    const seen = bed.one({ type: X.USER_ADDED_E, params: added });
    assert.deepEqual([user(6, seen.number), user(6, seen.number - 1)], ["late", undefined]);
    const inside = bed.one({ type: X.USER_ADDED_E, params: { ...added, container_id: "abc" } });
    assert.equal(user(6, inside.number, bed.interner.intern("abc")), "late");
    const deleted = bed.one({ type: X.USER_DELETED_E, params: added });
    assert.deepEqual([user(6, deleted.number), user(6, seen.number)], [undefined, "late"]);
    const count = users.words[0] as number;
    bed.run({ type: X.USER_ADDED_E, params: added }, { type: X.USER_ADDED_E, params: added }, read(TID, 0));
    assert.equal(users.words[0], count + 1, "the same again takes no room");
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** Entries of the longest chain of a look-up table: the most steps that one look-up takes. */
function longestChain(buffers: LookupBuffers): number {
  const entries = new Int32Array(buffers.entries);
  return Math.max(
    ...new Int32Array(buffers.heads).map((head) => {
      let steps = 0;
      for (let entry = head; entry !== 0; entry = entries[entry * 16 + 2] as number) steps++;
      return steps;
    }),
  );
}

const container = (name: string, id: string): EventSpec => ({
  type: X.ASYNCEVENT_E,
  params: { plugin_id: 0, name, data: JSON.stringify({ id }) },
});

test("containers that come and go without end leave room for the next, and look-ups short", () => {
  const bed = new Bed();
  const stays = bed.interner.intern("stays");
  const find = (key: number): number => new Lookup(bed.memory.containers).find(key, 0, bed.writer.last);
  bed.run(container("container", "stays"));
  for (let i = 0; i < 18_000; i += 50) {
    const events: EventSpec[] = [];
    for (let k = i; k < i + 50; k++) {
      // One name of four is used again and again.
      const id = k % 4 === 0 ? "again" : `c${k}`;
      events.push(container("container", id), container("container_removed", id));
    }
    bed.run(...events);
    assert.equal(find(bed.interner.intern("again")), 0);
    // What the ingest loop does with no batch in flight.
    bed.stage.settle(bed.writer.last);
    assert.ok(!bed.stage.tight);
    assert.ok(longestChain(bed.memory.containers) <= 64 + 100);
  }
  assert.equal(bed.stage.counters.lostLookups, 0);
  assert.notEqual(find(stays), 0);
  bed.run(container("container_removed", "stays"), container("container", "last"));
  assert.equal(find(stays), 0);
  assert.notEqual(find(bed.interner.intern("last")), 0);

  const marks = new Uint8Array(bed.memory.shape.strings);
  bed.stage.mark(marks);
  const json = (id: string): number | undefined => marks[bed.interner.intern(JSON.stringify({ id }))];
  assert.deepEqual([json("c17999"), json("stays"), json("last")], [0, 0, 1], "metadata of containers that are there");
});

test("look-ups that batches in flight may ask for stay as they are", () => {
  const bed = new Bed();
  const key = bed.interner.intern("one");
  const table = new Lookup(bed.memory.containers);
  const [there] = bed.run(container("container", "one"), container("container_removed", "one"));
  const before = there?.number ?? 0;
  for (let i = 0; i < 100; i++) bed.run(container("container", "one"), container("container_removed", "one"));
  assert.ok(bed.stage.tight, "a long chain asks for a drain");
  bed.stage.settle(before - 1);
  assert.notEqual(table.find(key, 0, before), 0);
  bed.stage.settle(bed.writer.last);
  assert.ok(!bed.stage.tight);
  assert.equal(longestChain(bed.memory.containers), 0);
});

test("a full table of containers that are all there: new ones are lost and counted, removals make room", () => {
  const bed = new Bed();
  const table = new Lookup(bed.memory.containers);
  const batch = (name: string, from: number, to: number): void => {
    for (let i = from; i < to; i += 100) {
      bed.run(...Array.from({ length: Math.min(100, to - i) }, (_, k) => container(name, `c${i + k}`)));
      bed.stage.settle(bed.writer.last);
    }
  };
  batch("container", 0, 16_000);
  const lost = bed.stage.counters.lostLookups;
  assert.ok(lost > 0);
  assert.ok(!bed.stage.tight, "where compacting gains nothing, nobody waits for it");
  batch("container_removed", 0, 2000);
  assert.equal(table.find(bed.interner.intern("c5"), 0, bed.writer.last), 0);
  batch("container", 20_000, 20_900);
  assert.notEqual(table.find(bed.interner.intern("c20899"), 0, bed.writer.last), 0);
  assert.ok(bed.stage.counters.lostLookups <= lost + 100, "at most those of the batch that found the table full");
});

test("a section begins without the users, groups and containers of the one before", () => {
  const bed = new Bed(({ id }) => ({ ...EMPTY_HEADER, groups: [{ gid: 7, name: id("old") }] }));
  const containers = new Lookup(bed.memory.containers);
  const groups = new Lookup(bed.memory.groups);
  bed.run(container("container", "one"));
  assert.notEqual(groups.find(EMPTY, 7, bed.writer.last), 0);
  bed.stage.begin({ ...EMPTY_HEADER, groups: [{ gid: 8, name: bed.interner.intern("new") }] }, bed.writer.last + 1);
  const s = bed.writer.last + 1;
  assert.equal(containers.find(bed.interner.intern("one"), 0, s), 0);
  assert.equal(groups.find(EMPTY, 7, s), 0);
  assert.equal(groups.words[groups.find(EMPTY, 8, s) + GroupWord.NAME], bed.interner.intern("new"));
});
