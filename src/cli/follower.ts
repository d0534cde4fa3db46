// SPDX-License-Identifier: Apache-2.0

import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Between two looks at what is followed, ms. */
const PERIOD = 500;

/** Changes come in bursts: nothing is read before a look after so long finds no more of them, ms. */
const QUIET = 100;

/** A file changed so short ago may change once more under the same time stamp: file systems tell time in steps, ms. */
const STEP = 50;

/** What tells one state of a file or a folder's own entry from another; empty where there is none, or a link to none. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true });
    const mark = Date.now() - Number(ctimeMs) < STEP ? " fresh" : "";
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}${mark}`;
  } catch {
    return "";
  }
}

/** The same, with that of all files in it for a folder. */
async function stateWithin(path: string): Promise<string> {
  const own = await stateOf(path);
  if (own === "") return own;
  const names = await readdir(path).catch(() => []);
  const files = await Promise.all(names.map(async (name) => `${name} ${await stateOf(join(path, name))}`));
  return [own, ...files.sort()].join("\n");
}

/**
 * Calls `changed` when files change or somebody asks for it, once for each burst, and never while it is still at work.
 *
 * Files are looked at twice a second. To be told of changes would be quicker, but a single watch of the kernel's makes it walk
 * to the folder of each file that anybody opens or closes on the same file system: 50 ns for an open and a close
 * (docs/performance.md), more than any rule costs.
 */
export class Follower {
  private paths: readonly string[] = [];
  private readonly seen = new Map<string, string>();
  private timer: NodeJS.Timeout | null = null;
  private busy = false;
  private due = false;
  private forced = false;
  private closed = false;

  /** @param changed is told whether somebody asked for it */
  constructor(private readonly changed: (forced: boolean) => Promise<void>) {}

  /**
   * Follows these files and folders from now on, instead of those before, be they there or not. What is followed already goes
   * on being followed without a gap; what is new is looked at once more, for it may have changed just before.
   */
  follow(paths: readonly string[]): void {
    const isFirst = this.paths.length === 0;
    this.paths = [...new Set(paths.map((each) => resolve(each)))];
    for (const path of this.seen.keys()) if (!this.paths.includes(path)) this.seen.delete(path);
    if (!isFirst && this.paths.some((path) => !this.seen.has(path))) this.due = true;
    this.schedule(0);
  }

  /** There is a reason to look. @param forced not a change of a file, but somebody who asks for it */
  stir(forced: boolean): void {
    this.forced ||= forced;
    this.due = true;
    this.schedule(QUIET);
  }

  /** The next turn, unless one is under way, which sees to that itself. */
  private schedule(after: number): void {
    if (this.closed || this.busy) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.turn(), after);
    this.timer.unref();
  }

  private async turn(): Promise<void> {
    this.busy = true;
    try {
      if (await this.look()) {
        this.due = true;
      } else if (this.due && !this.closed) {
        const { forced } = this;
        this.due = false;
        this.forced = false;
        await this.changed(forced);
      }
    } finally {
      this.busy = false;
      if (this.due || this.paths.length > 0) this.schedule(this.due ? QUIET : PERIOD);
    }
  }

  /** Whether anything that was seen before is different now. */
  private async look(): Promise<boolean> {
    let isChanged = false;
    const states = await Promise.all(this.paths.map(async (path) => [path, await stateWithin(path)] as const));
    for (const [path, state] of states) {
      const before = this.seen.get(path);
      isChanged ||= before !== undefined && before !== state;
      this.seen.set(path, state);
    }
    return isChanged;
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
