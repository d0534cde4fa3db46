// SPDX-License-Identifier: Apache-2.0

import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PeregrineError } from "../telemetry/errors.js";
import type { Output } from "./output.js";

/** Bytes that are held back where outputs are buffered. */
const BUFFERED = 64 * 1024;

const NEWLINE = Buffer.from("\n");

/** Ends of lines in a chunk from a place on. */
export function linesOf(chunk: Buffer, from = 0): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE[0], from); at !== -1; at = chunk.indexOf(NEWLINE[0], at + 1)) lines++;
  return lines;
}

function failure(name: string, cause: unknown): PeregrineError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  return new PeregrineError("OUTPUT_WRITE", `${name}: ${code}`, {}, { cause });
}

/** Whether the reader of an output has gone away. */
export function readerGone(error: unknown): boolean {
  const cause = error instanceof PeregrineError ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  // A socket whose reader left bytes unread is reset instead of closed.
  return code === "EPIPE" || code === "ECONNRESET";
}

/**
 * Writes to an open file descriptor with plain write calls, so that what was written is there whatever becomes of this
 * process. A pipe that is full and does not block is tried again until it has room.
 */
export class StreamOutput implements Output {
  private held: Buffer[] = [];
  private bytes = 0;
  /** Lines that could not be written, or not to their ends. */
  lost = 0;

  /** @param torn whether the last line of the target lacks its end, because there was no room for it */
  constructor(
    readonly name: string,
    private readonly fd: number,
    private readonly buffered: boolean,
    public torn = false,
  ) {}

  write(chunk: Buffer): void | Promise<void> {
    if (!this.buffered) return this.flush(chunk);
    // The chunk's memory is the caller's no longer, so it may be kept.
    this.held.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes >= BUFFERED) return this.flushHeld();
  }

  close(): void | Promise<void> {
    return this.flushHeld();
  }

  private flushHeld(): void | Promise<void> {
    if (this.held.length === 0) return;
    const all = Buffer.concat(this.held);
    this.held = [];
    this.bytes = 0;
    return this.flush(all);
  }

  private flush(chunk: Buffer): void | Promise<void> {
    // The first line behind one without an end would be lost with it.
    const whole = this.torn ? Buffer.concat([NEWLINE, chunk]) : chunk;
    const done = this.push(whole, 0);
    if (done < whole.length) return this.wait(whole, done);
  }

  private async wait(chunk: Buffer, from: number): Promise<void> {
    for (let at = from, pause = 1; at < chunk.length; pause = Math.min(pause * 2, 50)) {
      await sleep(pause);
      const next = this.push(chunk, at);
      if (next > at) pause = 1;
      at = next;
    }
  }

  /** Writes as much as the target takes. @returns where to go on */
  private push(chunk: Buffer, from: number): number {
    let at = from;
    try {
      while (at < chunk.length) at += writeSync(this.fd, chunk, at, chunk.length - at);
      this.torn = false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") {
        this.lost += linesOf(chunk, at);
        if (at > 0) this.torn = chunk[at - 1] !== NEWLINE[0];
        throw failure(this.name, error);
      }
    }
    return at;
  }
}
