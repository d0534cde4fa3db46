// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { PlanTest } from "../batch/plan.js";
import { type Rule, wordOf } from "./handler.js";
import { OpenFlag } from "./open.js";
import type { Tables } from "./tables.js";
import { ThreadFlag } from "./threads.js";

const RES = wordOf(EventType.SYSCALL_DUP_1_X, 0);
const DUP3_FLAGS = wordOf(EventType.SYSCALL_DUP3_X, 3);
const FCNTL_CMD = wordOf(EventType.SYSCALL_FCNTL_X, 2);
const FCNTL_ARG = wordOf(EventType.SYSCALL_FCNTL_X, 3);
const PIDFD = wordOf(EventType.SYSCALL_PIDFD_GETFD_X, 1);
const TARGET_FD = wordOf(EventType.SYSCALL_PIDFD_GETFD_X, 2);

const Fcntl = { DUPFD: 1, SETFD: 3, DUPFD_CLOEXEC: 26 } as const;
const FD_CLOEXEC = 1;

/** The event's fd stands under the number in the result as well. A row is shared until one of the two changes. */
function duplicate(c: Tables, closeOnExec: boolean): void {
  if (c.fdRow === 0 || !c.succeeded(RES)) return;
  const fd = c.fdAt(RES);
  if (c.t !== 0 && fd <= 1) {
    const threads = c.threads;
    threads.setFlags(c.t, threads.flags(c.t) | (fd === 0 ? ThreadFlag.PIPE_DST : ThreadFlag.PIPE_SRC));
  }
  c.addFd(fd, c.fdRow, closeOnExec);
}

function dup(c: Tables): void {
  duplicate(c, false);
}

function dup3(c: Tables): void {
  duplicate(c, (c.int(DUP3_FLAGS) & OpenFlag.CLOEXEC) !== 0);
}

function fcntl(c: Tables): void {
  if (c.fdRow === 0 || !c.succeeded(RES)) return;
  switch (c.int(FCNTL_CMD)) {
    case Fcntl.DUPFD:
      c.addFd(c.fdAt(RES), c.fdRow, false);
      break;
    case Fcntl.DUPFD_CLOEXEC:
      c.addFd(c.fdAt(RES), c.fdRow, true);
      break;
    case Fcntl.SETFD:
      c.fds.setCloseOnExec(c.owner(), c.fd, (c.int(FCNTL_ARG) & FD_CLOEXEC) !== 0);
      break;
    default:
  }
}

/** An fd of another process, by a pidfd. */
function pidfdGetfd(c: Tables): void {
  if (!c.succeeded(RES)) return;
  const pidfd = c.fds.get(c.owner(), c.fdAt(PIDFD));
  if (pidfd === 0) return;
  const target = c.threads.find(c.fdPool.words[pidfd * FD_ROW_WORDS + FdWord.PID] as number);
  if (target === 0) return;
  const row = c.fds.get(c.ownerOf(target, c.threads.leader(target)), c.fdAt(TARGET_FD));
  if (row !== 0) c.addFd(c.fdAt(RES), row, true);
}

const SUCCESS = [PlanTest.SUCCESS, 0];

export const dupRules: readonly Rule[] = [
  { type: EventType.SYSCALL_DUP_1_X, run: dup, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_DUP2_X, run: dup, params: [0, 1], test: SUCCESS },
  { type: EventType.SYSCALL_DUP3_X, run: dup3, params: [0, 1, 3], test: SUCCESS },
  {
    type: EventType.SYSCALL_FCNTL_X,
    run: fcntl,
    params: [0, 1, 2, 3],
    test: [PlanTest.ONE_OF, 2, Fcntl.DUPFD, Fcntl.SETFD, Fcntl.DUPFD_CLOEXEC],
  },
  { type: EventType.SYSCALL_PIDFD_GETFD_X, run: pidfdGetfd, params: [0, 1, 2], test: SUCCESS },
];
