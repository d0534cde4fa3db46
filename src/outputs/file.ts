// SPDX-License-Identifier: Apache-2.0

import { closeSync, openSync } from "node:fs";
import { PeregrineError, why } from "../telemetry/errors.js";
import type { Output } from "./output.js";
import { StreamOutput } from "./stream.js";

/**
 * Appends to a file. Unless it is kept open it is opened for each chunk, so that a file that was moved away is made anew.
 */
export class FileOutput implements Output {
  readonly name = "file";
  private fd = -1;
  private stream: StreamOutput | null = null;
  /** The open file is no longer the one of that name. */
  private stale = false;

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

  write(chunk: Buffer): void | Promise<void> {
    if (this.stale) {
      this.stale = false;
      const closed = this.close();
      if (closed !== undefined) return closed.then(() => this.write(chunk));
    }
    const stream = this.opened();
    const written = stream.write(chunk);
    if (this.keepOpen) return written;
    if (written === undefined) return this.close();
    return written.then(() => this.close());
  }

  close(): void | Promise<void> {
    const stream = this.stream;
    if (stream === null) return;
    this.stream = null;
    const { fd } = this;
    const flushed = stream.close();
    if (flushed === undefined) closeSync(fd);
    else return flushed.then(() => closeSync(fd));
  }

  private opened(): StreamOutput {
    if (this.stream === null) {
      try {
        this.fd = openSync(this.path, "a");
      } catch (cause) {
        const message = `failed to open output file ${this.path} (${why(cause)})`;
        throw new PeregrineError("OUTPUT_WRITE", message, {}, { cause });
      }
      this.stream = new StreamOutput(this.name, this.fd, this.keepOpen && this.buffered);
    }
    return this.stream;
  }
}
