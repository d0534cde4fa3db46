// SPDX-License-Identifier: Apache-2.0

import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** Changes come in bursts: nothing is read before it has been quiet for so long, ms. */
const QUIET = 100;

/**
 * Calls `changed` when files change or somebody asks for it, once for each burst, and never while it is still at work. Files are
 * followed by their names in their folders, so that one which is replaced, or behind a link that is, is followed too.
 */
export class Follower {
  private readonly watchers: FSWatcher[] = [];
  private timer: NodeJS.Timeout | null = null;
  private working = false;
  private again = false;
  private closed = false;
  private forced = false;

  /** @param changed is told whether somebody asked for it */
  constructor(private readonly changed: (forced: boolean) => Promise<void>) {}

  /** Follows these paths from now on, instead of those before. Paths that are not there are passed over. */
  follow(paths: readonly string[]): void {
    for (const watcher of this.watchers.splice(0)) watcher.close();
    const folders = new Map<string, Set<string> | null>();
    for (const path of paths.map((each) => resolve(each))) {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
        folders.set(path, null);
        continue;
      }
      const names = folders.get(dirname(path));
      if (names === null) continue;
      folders.set(dirname(path), (names ?? new Set()).add(basename(path)));
    }
    for (const [folder, names] of folders) this.watch(folder, names);
  }

  private watch(folder: string, names: ReadonlySet<string> | null): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // What mounted configurations are links to is replaced under a name that begins with two dots.
        if (name === null || names === null || names.has(name) || name.startsWith("..")) this.stir(false);
      });
      watcher.on("error", () => watcher.close());
      this.watchers.push(watcher);
    } catch {
      // A folder that went away: SIGHUP still works.
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
    for (const watcher of this.watchers.splice(0)) watcher.close();
  }
}
