// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdState, FdWord } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { takeEnter } from "./enter.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { Thread } from "./threads.js";

/** Open flags in the capture's own encoding. */
export const OpenFlag = {
  DIRECTORY: 1 << 10,
  CLOEXEC: 1 << 12,
  CREATED: 1 << 14,
  UPPER_LAYER: 1 << 15,
  LOWER_LAYER: 1 << 16,
} as const;

const AT_FDCWD = -100;

/** Where the parameters of one kind of open are; -1 where it has none. */
interface Shape {
  readonly fd: number;
  readonly dirfd: number;
  readonly name: number;
  readonly flags: number;
  readonly creatFlags: number;
  readonly dev: number;
  readonly ino: number;
  /** The enter event that belongs to it, -1 for none. */
  readonly enter: number;
}

function opened(c: Tables, shape: Shape): void {
  const enter = shape.enter < 0 ? 0 : takeEnter(c, shape.enter);
  if (!c.succeeded(shape.fd) || c.t === 0) return;
  const strings = c.strings;
  let name = c.int(shape.name) || strings.na;
  let dirfd = shape.dirfd < 0 ? AT_FDCWD : c.fdAt(shape.dirfd);
  let flags = shape.flags < 0 ? 0 : c.int(shape.flags);
  if (enter !== 0) {
    const words = c.threads.words;
    const base = c.t << Thread.SHIFT;
    const before = words[base + Thread.ENTER_NAME] as number;
    // What the call was given counts, not what its memory held when it returned.
    if (before !== 0 && before !== strings.na) {
      name = before;
      if (shape.dirfd >= 0) dirfd = words[base + Thread.ENTER_FD] as number;
      if (shape.flags >= 0) flags = (words[base + Thread.ENTER_FLAGS] as number) | (flags & ~(OpenFlag.CREATED - 1));
    }
  }
  let layers = flags;
  if (shape.creatFlags >= 0) layers = c.int(shape.creatFlags) << 15;
  const path = strings.isAbsolute(name) ? strings.path(0, name) : strings.path(c.directory(dirfd), name);
  const kind = (flags & OpenFlag.DIRECTORY) !== 0 ? FdKind.DIRECTORY : FdKind.FILE_V2;
  const row = c.fdPool.make(kind, flags, path);
  if (row !== 0) {
    const rows = c.fdPool.words;
    const base = row * FD_ROW_WORDS;
    rows[base + FdWord.NAME_RAW] = name;
    rows[base + FdWord.DEV] = c.int(shape.dev);
    rows[base + FdWord.INO] = c.int(shape.ino);
    rows[base + FdWord.INO + 1] = c.int(shape.ino + 1);
    rows[base + FdWord.STATE] =
      ((layers & OpenFlag.UPPER_LAYER) !== 0 ? FdState.UPPER_LAYER : 0) |
      ((layers & OpenFlag.LOWER_LAYER) !== 0 ? FdState.LOWER_LAYER : 0);
  }
  c.addFd(c.fdAt(shape.fd), row, (flags & OpenFlag.CLOEXEC) !== 0);
}

/** A rule for one kind of open; parameters by index, -1 where it has none. */
function opener(
  type: number,
  enter: number,
  at: { name: number; dirfd?: number; flags?: number; creatFlags?: number; dev: number; ino: number },
): Rule {
  const words = wordsOf(type);
  const { dirfd = -1, flags = -1, creatFlags = -1 } = at;
  const word = (param: number): number => (param < 0 ? -1 : (words[param] ?? -1));
  const shape: Shape = {
    fd: word(0),
    dirfd: word(dirfd),
    name: word(at.name),
    flags: word(flags),
    creatFlags: word(creatFlags),
    dev: word(at.dev),
    ino: word(at.ino),
    enter,
  };
  return {
    type,
    params: [0, at.name, dirfd, flags, creatFlags, at.dev, at.ino].filter((param) => param >= 0),
    // Where an enter event may be kept, a failed open must take it.
    ...(enter < 0 ? { test: [PlanTest.SUCCESS, 0] } : {}),
    run: (c) => opened(c, shape),
  };
}

export const openRules: readonly Rule[] = [
  opener(EventType.SYSCALL_OPEN_X, EventType.SYSCALL_OPEN_E, { name: 1, flags: 2, dev: 4, ino: 5 }),
  opener(EventType.SYSCALL_CREAT_X, EventType.SYSCALL_CREAT_E, { name: 1, dev: 3, ino: 4, creatFlags: 5 }),
  opener(EventType.SYSCALL_OPENAT_2_X, EventType.SYSCALL_OPENAT_2_E, { dirfd: 1, name: 2, flags: 3, dev: 5, ino: 6 }),
  opener(EventType.SYSCALL_OPENAT2_X, EventType.SYSCALL_OPENAT2_E, { dirfd: 1, name: 2, flags: 3, dev: 6, ino: 7 }),
  opener(EventType.SYSCALL_OPEN_BY_HANDLE_AT_X, -1, { name: 3, flags: 2, dev: 4, ino: 5 }),
];
