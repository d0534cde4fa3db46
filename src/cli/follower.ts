// SPDX-License-Identifier: Apache-2.0

import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** Changes come in bursts: nothing is read before it has been quiet for so long, ms. */
const QUIET = 100;

/** Of the files in a folder; null: all. */
type Names = Set<string> | null;

interface Followed {
  readonly watcher: FSWatcher;
  /** The folder itself: another one under its name is not followed yet. */
  readonly identity: string;
  names: Names;
}

function identityOf(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.dev} ${stats.ino}`;
}

/**
 * Calls `changed` when files change or somebody asks for it, once for each burst, and never while it is still at work. Files are
 * followed by their names in their folders, so that one which is replaced, or behind a link that is, is followed too.
 */
export class Follower {
  private readonly followed = new Map<string, Followed>();
  private timer: NodeJS.Timeout | null = null;
  private working = false;
  private again = false;
  private closed = false;
  private forced = false;

  /** @param changed is told whether somebody asked for it */
  constructor(private readonly changed: (forced: boolean) => Promise<void>) {}

  /**
   * Follows these paths from now on, instead of those before. Paths that are not there are passed over. What is followed
   * already goes on being followed without a gap; where something new is, it is looked at once more, for it may have changed
   * just before.
   */
  follow(paths: readonly string[]): void {
    const wanted = new Map<string, Names>();
    for (const path of paths.map((each) => resolve(each))) {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
        wanted.set(path, null);
        continue;
      }
      const names = wanted.get(dirname(path));
      if (names === null) continue;
      wanted.set(dirname(path), (names ?? new Set()).add(basename(path)));
    }
    const isFirst = this.followed.size === 0;
    for (const [folder, { watcher, identity }] of this.followed) {
      if (wanted.has(folder) && identityOf(folder) === identity) continue;
      watcher.close();
      this.followed.delete(folder);
    }
    for (const [folder, names] of wanted) {
      const followed = this.followed.get(folder);
      if (followed !== undefined) followed.names = names;
      else if (this.watch(folder, names) && !isFirst) this.stir(false);
    }
  }

  /** @returns whether it is followed now */
  private watch(folder: string, names: Names): boolean {
    try {
      const identity = identityOf(folder);
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        const wanted = this.followed.get(folder)?.names ?? null;
        // What mounted configurations are links to is replaced under a name that begins with two dots.
        if (name === null || wanted === null || wanted.has(name) || name.startsWith("..")) this.stir(false);
      });
      watcher.on("error", () => {
        watcher.close();
        this.followed.delete(folder);
      });
      this.followed.set(folder, { watcher, identity, names });
      return true;
    } catch {
      // A folder that went away: SIGHUP still works.
      return false;
    }
  }

  /** There is a reason to look. @param forced not a change of a file, but somebody who asks for it */
  stir(forced: boolean): void {
    this.forced ||= forced;
    if (this.closed) return;
    if (this.working) {
      this.again = true;
      return;
    }
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.work(), QUIET);
  }

  private async work(): Promise<void> {
    this.timer = null;
    this.working = true;
    const { forced } = this;
    this.forced = false;
    try {
      await this.changed(forced);
    } finally {
      this.working = false;
      if (this.again) {
        this.again = false;
        this.stir(this.forced);
      }
    }
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const { watcher } of this.followed.values()) watcher.close();
    this.followed.clear();
  }
}
