// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { type Rule, wordOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { Thread } from "./threads.js";

const REAPER = wordOf(EventType.PROCEXIT_1_E, 4);

/** A thread ends: it is dead for its group from now on, and out of the table when the next event arrives. */
function exited(c: Tables): void {
  const t = c.t;
  if (t === 0) return;
  const threads = c.threads;
  if (c.has(4) && threads.hasChildren(t)) threads.words[(t << Thread.SHIFT) + Thread.REAPER] = c.slotAt(REAPER);
  threads.markDead(t);
  c.endingThread = t;
  c.endingTime = c.time;
}

export const exitRules: readonly Rule[] = [{ type: EventType.PROCEXIT_1_E, run: exited, params: [4] }];
