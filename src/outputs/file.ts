// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync } from "node:fs";
import { PeregrineError, why } from "../telemetry/errors.js";
import type { Output } from "./output.js";
import { linesOf, StreamOutput } from "./stream.js";

/**
 * Appends to a file. Unless it is kept open it is opened for each chunk, so that a file that was moved away is made anew.
 */
export class FileOutput implements Output {
  readonly name = "file";
  private fd = -1;
  private stream: StreamOutput | null = null;
  /** The open file is no longer the one of that name. */
  private stale = false;
  /** Lines that were lost with streams that are closed. */
  private gone = 0;
  private torn = false;

  constructor(
    private readonly path: string,
    private readonly keepOpen: boolean,
    private readonly buffered: boolean,
  ) {}

  /** The file is made if need be, and closed again unless it is kept open. */
  open(): void {
    this.opened();
    if (!this.keepOpen) void this.close();
  }

  reopen(): void {
    // Not closed here: a piece of a chunk may still be waiting for room.
    this.stale = this.keepOpen;
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.gone + (this.stream?.lost ?? 0);
  }

  write(chunk: Buffer): void | Promise<void> {
    if (this.stale) {
      this.stale = false;
      const closed = this.close();
      if (closed !== undefined) return closed.then(() => this.write(chunk));
    }
    let stream: StreamOutput;
    try {
      stream = this.opened();
    } catch (error) {
      this.gone += linesOf(chunk);
      throw error;
    }
    if (this.keepOpen) return stream.write(chunk);
    let written: void | Promise<void>;
    try {
      written = stream.write(chunk);
    } catch (error) {
      void this.close();
      throw error;
    }
    return written === undefined ? this.close() : written.finally(() => this.close());
  }

  close(): void | Promise<void> {
    const stream = this.stream;
    if (stream === null) return;
    this.stream = null;
    const { fd } = this;
    const ended = (): void => {
      this.gone += stream.lost;
      this.torn = stream.torn;
      closeSync(fd);
    };
    let flushed: void | Promise<void>;
    try {
      flushed = stream.close();
    } catch (error) {
      ended();
      throw error;
    }
    if (flushed !== undefined) return flushed.finally(ended);
    ended();
  }

  private opened(): StreamOutput {
    if (this.stream === null) {
      try {
        this.fd = openSync(this.path, "a");
      } catch (cause) {
        const message = `failed to open output file ${this.path} (${why(cause)})`;
        throw new PeregrineError("OUTPUT_WRITE", message, {}, { cause });
      }
      this.stream = new StreamOutput(this.name, this.fd, this.keepOpen && this.buffered, this.torn);
    }
    return this.stream;
  }
}
