// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { PlanTest } from "../batch/plan.js";
import { type Rule, wordOf } from "./handler.js";
import type { Tables } from "./tables.js";

const CLOEXEC_ONLY = 4;

const closeRange = {
  first: wordOf(EventType.SYSCALL_CLOSE_RANGE_X, 1),
  last: wordOf(EventType.SYSCALL_CLOSE_RANGE_X, 2),
  flags: wordOf(EventType.SYSCALL_CLOSE_RANGE_X, 3),
  res: wordOf(EventType.SYSCALL_CLOSE_RANGE_X, 0),
} as const;

/** The fd is there for this event still, and gone for the next. */
function closed(c: Tables): void {
  if (c.fdRow === 0 || !c.succeeded(RES)) return;
  c.closingOwner = c.owner();
  c.closingFd = c.fd;
}
const RES = wordOf(EventType.SYSCALL_CLOSE_X, 0);

function closedRange(c: Tables): void {
  if (!c.succeeded(closeRange.res)) return;
  const owner = c.owner();
  const first = c.int(closeRange.first) >>> 0;
  const last = c.int(closeRange.last) >>> 0;
  if ((c.int(closeRange.flags) & CLOEXEC_ONLY) === 0) {
    c.fds.removeRange(owner, first, last);
    return;
  }
  c.fds.each(owner, (fd) => {
    if (fd >= first && fd <= last) c.fds.setCloseOnExec(owner, fd, true);
  });
}

export const closeRules: readonly Rule[] = [
  { type: EventType.SYSCALL_CLOSE_X, run: closed, params: [0, 1], test: [PlanTest.SUCCESS, 0] },
  { type: EventType.SYSCALL_CLOSE_RANGE_X, run: closedRange, params: [0, 1, 2, 3], test: [PlanTest.SUCCESS, 0] },
];
