// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { type Rule, wordOf, wordsOf } from "./handler.js";
import { OpenFlag } from "./open.js";
import type { Tables } from "./tables.js";

const SUCCESS = [PlanTest.SUCCESS, 0];

/** Calls whose result is an fd of one kind without a name; `flags` is the parameter with its open flags, -1 for none. */
function maker(type: number, kind: number, flags: number): Rule {
  const res = wordOf(type, 0);
  const flagsWord = flags < 0 ? -1 : wordOf(type, flags);
  return {
    type,
    params: flags < 0 ? [0] : [0, flags],
    test: SUCCESS,
    run: (c) => {
      if (!c.succeeded(res)) return;
      const openFlags = flagsWord < 0 ? 0 : c.int(flagsWord);
      c.addFd(c.fdAt(res), c.fdPool.make(kind, openFlags, 0), (openFlags & OpenFlag.CLOEXEC) !== 0);
    },
  };
}

/** epoll_create1 has a flag table of its own: its only bit is close on exec. */
const EPOLL_FLAGS = wordOf(EventType.SYSCALL_EPOLL_CREATE1_X, 1);

function epollCreated(c: Tables): void {
  if (!c.succeeded(RES)) return;
  const closeOnExec = (c.int(EPOLL_FLAGS) & 1) !== 0;
  const row = c.fdPool.make(FdKind.EVENTPOLL, closeOnExec ? OpenFlag.CLOEXEC : 0, 0);
  c.addFd(c.fdAt(RES), row, closeOnExec);
}
const RES = wordOf(EventType.SYSCALL_EPOLL_CREATE1_X, 0);

const PIPE = wordsOf(EventType.SYSCALL_PIPE2_X);

/** Both ends of a pipe: fds p1 and p2, inode p3, flags p4 of pipe2. */
function piped(c: Tables): void {
  pipe(c, 0);
}

function piped2(c: Tables): void {
  pipe(c, c.int(PIPE[4] as number));
}

function pipe(c: Tables, flags: number): void {
  if (!c.succeeded(PIPE[0] as number)) return;
  for (let end = 1; end <= 2; end++) {
    const row = c.fdPool.make(FdKind.FIFO, flags, 0);
    if (row !== 0) {
      c.fdPool.words[row * FD_ROW_WORDS + FdWord.INO] = c.int(PIPE[3] as number);
      c.fdPool.words[row * FD_ROW_WORDS + FdWord.INO + 1] = c.int((PIPE[3] as number) + 1);
    }
    c.addFd(c.fdAt(PIPE[end] as number), row, (flags & OpenFlag.CLOEXEC) !== 0);
  }
}

const MEMFD = wordsOf(EventType.SYSCALL_MEMFD_CREATE_X);

function memfdCreated(c: Tables): void {
  if (!c.succeeded(MEMFD[0] as number)) return;
  const flags = c.int(MEMFD[2] as number);
  const row = c.fdPool.make(FdKind.MEMFD, flags, c.int(MEMFD[1] as number));
  c.addFd(c.fdAt(MEMFD[0] as number), row, (flags & 1) !== 0);
}

const PIDFD = wordsOf(EventType.SYSCALL_PIDFD_OPEN_X);

function pidfdOpened(c: Tables): void {
  if (!c.succeeded(PIDFD[0] as number)) return;
  const pid = c.int(PIDFD[1] as number);
  const row = c.fdPool.make(FdKind.PIDFD, c.int(PIDFD[2] as number), c.strings.interner.intern(`/proc/${pid}`));
  if (row !== 0) c.fdPool.words[row * FD_ROW_WORDS + FdWord.PID] = c.slotAt(PIDFD[1] as number);
  c.addFd(c.fdAt(PIDFD[0] as number), row, true);
}

export const specialFdRules: readonly Rule[] = [
  maker(EventType.SYSCALL_EVENTFD_X, FdKind.EVENT, -1),
  maker(EventType.SYSCALL_EVENTFD2_X, FdKind.EVENT, 1),
  maker(EventType.SYSCALL_SIGNALFD_X, FdKind.SIGNALFD, -1),
  maker(EventType.SYSCALL_SIGNALFD4_X, FdKind.SIGNALFD, 1),
  maker(EventType.SYSCALL_TIMERFD_CREATE_X, FdKind.TIMERFD, 2),
  maker(EventType.SYSCALL_INOTIFY_INIT_X, FdKind.INOTIFY, -1),
  maker(EventType.SYSCALL_INOTIFY_INIT1_X, FdKind.INOTIFY, 1),
  maker(EventType.SYSCALL_BPF_2_X, FdKind.BPF, -1),
  maker(EventType.SYSCALL_USERFAULTFD_X, FdKind.USERFAULTFD, 1),
  maker(EventType.SYSCALL_IO_URING_SETUP_X, FdKind.IO_URING, -1),
  maker(EventType.SYSCALL_EPOLL_CREATE_X, FdKind.EVENTPOLL, -1),
  { type: EventType.SYSCALL_EPOLL_CREATE1_X, run: epollCreated, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_PIPE_X, run: piped, params: [0, 1, 2, 3], test: SUCCESS },
  { type: EventType.SYSCALL_PIPE2_X, run: piped2, params: [0, 1, 2, 3, 4], test: SUCCESS },
  { type: EventType.SYSCALL_MEMFD_CREATE_X, run: memfdCreated, params: [0, 1, 2], test: SUCCESS },
  { type: EventType.SYSCALL_PIDFD_OPEN_X, run: pidfdOpened, params: [0, 1, 2], test: SUCCESS },
];
