// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { PluginContext, SourceEvent } from "peregrine/sdk";
import { z } from "zod";
import type { Feed, Piece } from "../common/pump.js";
import type { AuditLog } from "./audit-log.js";
import { isBlank } from "./file-feed.js";
import { Lines } from "./lines.js";

const PIECE = 256 * 1024;
/** Between two looks at a file that has nothing new, ms. */
const PAUSE = 200;

const schema = z.object({ inode: z.number(), offset: z.number().int().nonnegative() });
type Position = z.output<typeof schema>;

export interface TailOptions {
  readonly from: "start" | "end";
  /** Where the position is remembered; null: nowhere. */
  readonly state: string | null;
}

/** Follows a file that grows, is replaced by another of its name, or is cut off. */
export class TailFeed implements Feed {
  #file = -1;
  #inode = 0;
  #offset = 0;
  #lines: Lines;
  #first = true;

  constructor(
    readonly path: string,
    readonly log: AuditLog,
    readonly options: TailOptions,
    readonly context: PluginContext,
  ) {
    this.#lines = new Lines(log.maxEvent * 16);
  }

  async next(): Promise<Piece | null> {
    if (this.context.signal.aborted) return null;
    if (this.#file === -1 && !this.#open()) return await this.#idle();
    const buffer = Buffer.alloc(PIECE);
    const n = readSync(this.#file, buffer, 0, PIECE, this.#offset);
    if (n === 0) return this.#atEnd() ? await this.#idle() : this.#leave();
    this.#offset += n;
    const events: SourceEvent[] = [];
    for (const line of this.#lines.feed(buffer.subarray(0, n))) this.#parse(line, events);
    const mark = { inode: this.#inode, offset: this.#offset - this.#lines.rest };
    return { events, mark: (taken) => (taken === events.length ? mark : undefined) };
  }

  ack(mark: unknown): void {
    const { state } = this.options;
    if (state === null || mark === undefined) return;
    writeFileSync(`${state}.part`, JSON.stringify(mark), { mode: 0o600 });
    renameSync(`${state}.part`, state);
  }

  close(): void {
    if (this.#file !== -1) closeSync(this.#file);
    this.#file = -1;
  }

  #parse(line: Uint8Array, events: SourceEvent[]): void {
    if (isBlank(line)) return;
    for (const event of this.log.parse(line, this.path)) events.push(event);
  }

  #open(): boolean {
    try {
      this.#file = openSync(this.path, "r");
    } catch (error) {
      if (this.#first)
        this.context.log("warn", `waiting for ${this.path}: ${error instanceof Error ? error.message : error}`);
      this.#first = false;
      // It will be a new file then, all of which counts.
      this.#offset = 0;
      this.#inode = -1;
      return false;
    }
    const { ino, size } = fstatSync(this.#file);
    const known = this.#inode === 0 ? this.#remembered() : null;
    if (known !== null && known.inode === ino && known.offset <= size) this.#offset = known.offset;
    else if (known !== null) this.#offset = 0;
    else this.#offset = this.#inode === 0 && this.options.from === "end" ? size : 0;
    this.#inode = ino;
    return true;
  }

  #remembered(): Position | null {
    if (this.options.state === null) return null;
    try {
      return schema.parse(JSON.parse(readFileSync(this.options.state, "utf8")));
    } catch {
      return null;
    }
  }

  /** Whether the file that is open is still the one of that name, and not cut off. */
  #atEnd(): boolean {
    if (fstatSync(this.#file).size < this.#offset) {
      this.context.log("warn", `${this.path} was cut off, and is read from its start`);
      this.#offset = 0;
      this.#lines = new Lines(this.log.maxEvent * 16);
      return true;
    }
    try {
      return statSync(this.path).ino === this.#inode;
    } catch {
      return true;
    }
  }

  /** The file has another name now, or none, and all of it is read: what is left is its last line. */
  #leave(): Piece {
    const events: SourceEvent[] = [];
    this.#parse(this.#lines.finish(), events);
    this.close();
    this.#inode = -1;
    return { events, mark: () => undefined };
  }

  async #idle(): Promise<Piece> {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return { events: [], mark: () => undefined };
  }
}
