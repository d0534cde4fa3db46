// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const schema = z.object({
  version: z.literal(1),
  what: z.string(),
  /** Start of the pass that is under way, ms since the epoch by the clock of the service. */
  passFrom: z.number(),
  /** Objects that changed before this were read in earlier passes; null: the first pass is under way. */
  since: z.number().nullable(),
  /** By prefix: all keys up to this one are done. */
  cursors: z.record(z.string(), z.string()),
  /** The object that is partly done, and the number of its last record that is. */
  current: z.object({ key: z.string(), number: z.number() }).nullable(),
  /** Objects that are done and may be listed again, with the time of their last change. */
  recent: z.array(z.tuple([z.string(), z.number()])),
});

export type S3State = z.output<typeof schema>;

/** Not more often than this, in ms: what is lost with a crash is only read again. */
const PAUSE = 250;

/** What an S3 source remembers between runs: a JSON file that is replaced as a whole. */
export class StateFile {
  #written = 0;
  #dirty = false;
  /** Writes what was saved too soon after the last time: nothing else may come for long. */
  #later: NodeJS.Timeout | undefined;

  constructor(
    readonly path: string | null,
    readonly what: string,
  ) {}

  /** null: there is none, or one of another version or of something else. */
  load(): S3State | null {
    if (this.path === null) return null;
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch {
      return null;
    }
    try {
      const state = schema.parse(JSON.parse(text));
      return state.what === this.what ? state : null;
    } catch (error) {
      // A name that stays, so that nobody's place in a bucket is thrown away by a mistake.
      renameSync(this.path, `${this.path}.unreadable`);
      throw new Error(`the state file ${this.path} cannot be read and is renamed: ${String(error)}`);
    }
  }

  save(state: () => S3State, now: boolean): void {
    if (this.path === null) return;
    this.#dirty = true;
    const wait = this.#written + PAUSE - Date.now();
    if (!now && wait > 0) {
      // A clock that is set back must not put it off for long.
      this.#later ??= setTimeout(() => this.#saveLate(state), Math.min(wait, PAUSE)).unref();
      return;
    }
    this.#cancel();
    this.#written = Date.now();
    this.#dirty = false;
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const part = `${this.path}.part`;
    writeFileSync(part, JSON.stringify(state()), { mode: 0o600 });
    renameSync(part, this.path);
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  remove(): void {
    this.#cancel();
    if (this.path !== null) rmSync(this.path, { force: true });
    this.#dirty = false;
  }

  #saveLate(state: () => S3State): void {
    try {
      this.save(state, true);
    } catch {
      // Told by the next save, which fails as well if nothing has changed.
      this.#dirty = true;
    }
  }

  #cancel(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
  }
}
