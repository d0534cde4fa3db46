// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FdKind } from "../../src/batch/fd-rows.js";
import { FieldBed, textOf } from "../support/field-bed.js";

type Params = Readonly<Record<string, string | number>>;

const FIELDS = ["name", "nameraw", "source", "sourceraw", "target", "targetraw"];

function world(): { bed: FieldBed; row: number; directory: number; file: number } {
  const bed = new FieldBed();
  return {
    bed,
    row: bed.process({ TID: 10, PTID: 1, CWD: "/home/u/" }),
    directory: bed.file({ kind: FdKind.DIRECTORY, name: "/srv" }),
    file: bed.file({ name: "/etc/passwd" }),
  };
}

test("paths of calls that succeeded, by call", () => {
  const cases: [number, Params, string, (string | null)[]][] = [
    [EventType.SYSCALL_OPEN_X, { fd: 3, name: "x" }, "", ["/home/u/x", "x", null, null, null, null]],
    [EventType.SYSCALL_OPEN_X, { fd: -2, name: "/a/./b" }, "", ["/a/b", "/a/./b", null, null, null, null]],
    [EventType.SYSCALL_OPEN_X, { fd: -1, name: "/a" }, "", [null, null, null, null, null, null]],
    [
      EventType.SYSCALL_OPENAT_2_X,
      { fd: 3, dirfd: 4, name: "passwd" },
      "file",
      ["/etc/passwd", "passwd", null, null, null, null],
    ],
    [EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: -100, name: "x" }, "", ["<UNKNOWN>", "x", null, null, null, null]],
    [EventType.SYSCALL_MKDIR_2_X, { res: 0, path: "d/" }, "", ["/home/u/d", "d/", null, null, null, null]],
    [EventType.SYSCALL_MKDIR_2_X, { res: -17, path: "/d" }, "", [null, null, null, null, null, null]],
    [
      EventType.SYSCALL_MKDIRAT_X,
      { res: 0, dirfd: 4, path: "d" },
      "directory",
      ["/srv/d", "d", null, null, null, null],
    ],
    [
      EventType.SYSCALL_UNLINKAT_2_X,
      { res: 0, dirfd: -100, name: "./x" },
      "",
      ["<UNKNOWN>./x", "./x", null, null, null, null],
    ],
    [
      EventType.SYSCALL_UNLINKAT_2_X,
      { res: 0, dirfd: 4, name: "x" },
      "file",
      ["<UNKNOWN>x", "x", null, null, null, null],
    ],
    [EventType.SYSCALL_FCHMOD_X, { res: 0, fd: 4 }, "file", ["/etc/passwd", "/etc/passwd", null, null, null, null]],
    [
      EventType.SYSCALL_FCHMODAT_X,
      { res: 0, dirfd: 4, filename: "../x" },
      "directory",
      ["/x", "../x", null, null, null, null],
    ],
    [EventType.SYSCALL_FCHOWNAT_X, { res: 0, dirfd: 4, pathname: "/p" }, "", ["/p", "/p", null, null, null, null]],
    [
      EventType.SYSCALL_QUOTACTL_X,
      { res: 0, special: "/dev/sda" },
      "",
      ["/dev/sda", "/dev/sda", null, null, null, null],
    ],
    [EventType.SYSCALL_UMOUNT_1_X, { res: 0, name: "." }, "", ["/home/u", ".", null, null, null, null]],
    [
      EventType.SYSCALL_RENAME_X,
      { res: 0, oldpath: "a", newpath: "/b" },
      "",
      [null, null, "/home/u/a", "a", "/b", "/b"],
    ],
    [
      EventType.SYSCALL_LINK_2_X,
      { res: 0, oldpath: "/a", newpath: "b" },
      "",
      [null, null, "/home/u/b", "b", "/a", "/a"],
    ],
    [
      EventType.SYSCALL_SYMLINK_X,
      { res: 0, target: "t", linkpath: "/l" },
      "",
      [null, null, "/l", "/l", "/home/u/t", "t"],
    ],
    [
      EventType.SYSCALL_SYMLINKAT_X,
      { res: 0, target: "/t", linkdirfd: -100, linkpath: "l" },
      "",
      [null, null, "<UNKNOWN>l", "l", "/t", "/t"],
    ],
    [
      EventType.SYSCALL_MOUNT_X,
      { res: 0, dev: "/dev/x", dir: "/mnt" },
      "",
      [null, null, "/dev/x", "/dev/x", "/mnt", "/mnt"],
    ],
    [EventType.SYSCALL_READ_X, { res: 0 }, "file", [null, null, null, null, null, null]],
  ];
  for (const [type, params, on, expected] of cases) {
    const { bed, row, directory, file } = world();
    const fdRow = on === "file" ? file : on === "directory" ? directory : 0;
    const e = bed.event({ type, params }, { row, fdRow });
    const texts = FIELDS.map((name) => textOf(`fs.path.${name}`, e));
    assert.deepEqual(texts, expected, `${type} ${JSON.stringify(params)}`);
  }
});

test("renameat2 knows two directories", () => {
  const { bed, row, directory } = world();
  const params = { res: 0, olddirfd: 4, oldpath: "a", newdirfd: -100, newpath: "b" };
  const e = bed.event({ type: EventType.SYSCALL_RENAMEAT2_X, params }, { row, rows: { olddirfd: directory } });
  assert.equal(textOf("fs.path.source", e), "/srv/a");
  assert.equal(textOf("fs.path.target", e), "/home/u/b");
  assert.equal(textOf("evt.abspath", e), "/srv/a");
  assert.equal(textOf("evt.abspath.src", e), "/srv/a");
  assert.equal(textOf("evt.abspath.dst", e), "/home/u/b");
});

test("evt.abspath", () => {
  const { bed, row, directory } = world();
  const of = (type: number, params: Params): string | null =>
    textOf("evt.abspath", bed.event({ type, params }, { row, rows: "dirfd" in params ? { dirfd: directory } : {} }));
  assert.equal(of(EventType.SYSCALL_OPENAT_2_X, { fd: -2, dirfd: 4, name: "x" }), "/srv/x");
  assert.equal(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, dirfd: -100, name: "x" }), "/home/u/x");
  assert.equal(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, dirfd: 4, name: "/x" }), "/x");
  assert.equal(of(EventType.SYSCALL_OPENAT_2_X, { fd: 3, name: "x" }), null);
  assert.equal(of(EventType.SYSCALL_MKDIRAT_X, { res: 0, dirfd: 4, path: "d" }), "/srv/d");
  assert.equal(of(EventType.SYSCALL_OPEN_X, { fd: 3, name: "/x" }), null);
  const handle = (fd: number): string | null =>
    textOf(
      "evt.abspath",
      bed.event({ type: EventType.SYSCALL_OPEN_BY_HANDLE_AT_X, params: { fd, path: "/tmp/a\xff" } }, { row }),
    );
  assert.equal(handle(4), "/tmp/a\xff");
  assert.equal(handle(-1), null);
});
