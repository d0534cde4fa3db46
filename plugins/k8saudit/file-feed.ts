// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigFailure, type Progress, type SourceEvent } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import type { AuditLog } from "./audit-log.js";
import { Lines } from "./lines.js";

const PIECE = 256 * 1024;

/** Files of JSON lines, one after the other. */
export class FileFeed implements Feed {
  #file = -1;
  #name = "";
  #line = 0;
  #done = 0;
  #lines: Lines;

  constructor(
    readonly paths: string[],
    readonly log: AuditLog,
  ) {
    this.#lines = new Lines(log.maxEvent * 16);
  }

  next(): Piece | null {
    if (this.#file === -1 && !this.#open()) return null;
    // A new buffer each time: events are views of it.
    const buffer = Buffer.alloc(PIECE);
    const n = readSync(this.#file, buffer);
    const events: SourceEvent[] = [];
    if (n > 0) for (const line of this.#lines.feed(buffer.subarray(0, n))) this.#parse(line, events);
    else {
      this.#parse(this.#lines.finish(), events);
      this.close();
      this.#done++;
    }
    return { events, mark: () => undefined };
  }

  progress(): Progress {
    const all = this.#done + this.paths.length + 1;
    return { percent: (100 * this.#done) / all, text: `${this.#name}, line ${this.#line}` };
  }

  close(): void {
    if (this.#file !== -1) closeSync(this.#file);
    this.#file = -1;
  }

  #open(): boolean {
    const path = this.paths.shift();
    if (path === undefined) return false;
    this.#file = openSync(path, "r");
    this.#name = path;
    this.#line = 0;
    return true;
  }

  #parse(line: Uint8Array, events: SourceEvent[]): void {
    this.#line++;
    if (isBlank(line)) return;
    for (const event of this.log.parse(line, `${this.#name}, line ${this.#line}`)) events.push(event);
  }
}

export function isBlank(line: Uint8Array): boolean {
  return line.every((c) => c === 0x20 || c === 0x0d || c === 0x09);
}

/** The files for a path: itself, or the files in a folder, the oldest first. @throws ConfigFailure */
export function auditFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    const files = names.map(({ name }) => ({ path: join(path, name), time: statSync(join(path, name)).mtimeMs }));
    files.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
    return files.map((file) => file.path);
  } catch (error) {
    throw new ConfigFailure(`cannot open ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
