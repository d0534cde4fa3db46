// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { type Guard, GuardWord } from "../batch/guard.js";

/** A thread that waits for something outside gets this many times the time that one which computes gets. */
const WAITING_SHARE = 6;
/** Share of the time on a CPU from which on a thread computes: on a busy machine it is not all of it. */
const COMPUTING = 0.3;

/** CPU time of a thread of this process in ns, NaN where the system does not tell. */
function cpuNs(tid: number): number {
  if (tid === 0) return Number.NaN;
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, "latin1").split(" ", 1)[0]);
  } catch {
    return Number.NaN;
  }
}

/** Watches one thread that runs plugins, from main: does it get on, or has it hung inside a plugin? */
export class Watch {
  private seen = "";
  private since = 0;
  private cpu = 0;

  /**
   * @param alive whether the thread shows signs of life when it is in no plugin, so that standing still is a hang anywhere:
   * threads of sources, where a plugin's code may run at any time
   */
  constructor(
    private readonly guard: Guard,
    private readonly alive: boolean,
  ) {}

  /**
   * Looks once more.
   * @param life changes when another thread has taken the place of the one watched
   * @param timeoutMs how long a call of the plugin may take
   * @param now ms
   * @returns whether the thread hangs
   */
  hangs(life: number, timeoutMs: number, now: number): boolean {
    const { guard } = this;
    const entered = guard.entered;
    const state = `${life} ${entered} ${guard.word(GuardWord.TURNS)} ${this.alive ? guard.word(GuardWord.BEAT) : ""}`;
    if (state !== this.seen || (entered < 0 && !this.alive)) {
      this.seen = state;
      this.since = now;
      this.cpu = cpuNs(guard.word(GuardWord.TID));
      return false;
    }
    const elapsed = now - this.since;
    if (elapsed < timeoutMs) return false;
    const used = (cpuNs(guard.word(GuardWord.TID)) - this.cpu) / 1e6;
    // A thread that is not given the CPU does not hang, nor does one that waits, for a good while.
    return used > timeoutMs * COMPUTING || elapsed > timeoutMs * WAITING_SHARE;
  }
}
