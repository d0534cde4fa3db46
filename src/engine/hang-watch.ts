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

/** Bytes that a thread may get with one page fault: a small page, or a large one where the system gives these unasked. */
const PAGE = pageBytes();

function pageBytes(): number {
  try {
    const pages = readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "latin1");
    return pages.includes("[always]") ? 2 ** 21 : 2 ** 12;
  } catch {
    return 2 ** 12;
  }
}

/** Page faults of a thread of this process so far: each is a page that it was the first to touch. 0 where it is not known. */
function pageFaults(tid: number): number {
  if (tid === 0) return 0;
  try {
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[7]);
  } catch {
    return 0;
  }
}

/** Watches one thread that runs plugins, from main: does it get on, or has it hung inside a plugin? */
export class Watch {
  private seen = "";
  private since = 0;
  private cpu = 0;
  private rss = 0;
  private faults = 0;
  private still = false;

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
   * @param rss bytes of memory of the process
   * @returns whether the thread hangs
   */
  hangs(life: number, timeoutMs: number, now: number, rss: number): boolean {
    const { guard } = this;
    const entered = guard.entered;
    const state = `${life} ${entered} ${guard.word(GuardWord.TURNS)} ${this.alive ? guard.word(GuardWord.BEAT) : ""}`;
    if (state !== this.seen || (entered < 0 && !this.alive)) {
      this.seen = state;
      this.since = now;
      this.cpu = cpuNs(guard.word(GuardWord.TID));
      this.rss = rss;
      this.faults = pageFaults(guard.word(GuardWord.TID));
      this.still = false;
      return false;
    }
    this.still = true;
    const elapsed = now - this.since;
    if (elapsed < (this.loading ? timeoutMs * WAITING_SHARE : timeoutMs)) return false;
    const used = (cpuNs(guard.word(GuardWord.TID)) - this.cpu) / 1e6;
    // A thread that is not given the CPU does not hang, nor does one that waits, for a good while.
    return used > timeoutMs * COMPUTING || elapsed > timeoutMs * WAITING_SHARE;
  }

  /** Loading a plugin, and all that it imports, is no call. */
  private get loading(): boolean {
    return this.alive && this.guard.word(GuardWord.BEAT) === 0;
  }

  /**
   * Bytes that the thread has taken since it was first seen inside the call in which it still is, as far as is known: no more
   * than the process has grown by, and no more than the thread has touched.
   */
  taken(rss: number): number {
    if (!this.still || this.loading || rss <= this.rss) return 0;
    return Math.min(rss - this.rss, (pageFaults(this.guard.word(GuardWord.TID)) - this.faults) * PAGE);
  }
}
