// SPDX-License-Identifier: Apache-2.0

import type { SectionHeader } from "./source.js";
import { type CaptureWriter, WriteResult, type WriterOptions } from "./writer.js";

export interface RotationOptions extends WriterOptions {
  /** Path of the file with this index, counted from 0. An index may name an earlier file again: it is replaced. */
  readonly pathOf: (index: number) => string;
  /** What is known when a file begins: its lists. Called once for each file. */
  readonly header: () => SectionHeader | null;
  /** Is told of each file that is whole. */
  readonly onFile?: (path: string, events: number) => void;
}

/**
 * Writes events to one file after the other: when a bound of the options is reached, the file is closed and the next one
 * begins, with the lists of that moment. A file is not made before there is an event for it.
 */
export class RotatingCapture {
  private index = 0;
  private path: string | null = null;

  constructor(
    private readonly writer: CaptureWriter,
    private readonly options: RotationOptions,
  ) {}

  /** @returns a WriteResult, but never FULL @throws as CaptureWriter.write() and open() */
  write(event: Uint8Array, cpu: number, flags = 0): number {
    return this.put(() => this.writer.write(event, cpu, flags));
  }

  /** @returns a WriteResult, but never FULL @throws as CaptureWriter.write() and open() */
  writePlugin(time: bigint, plugin: number, data: Uint8Array): number {
    return this.put(() => this.writer.writePlugin(time, plugin, data));
  }

  /** Brings all events out that are held back. @throws PeregrineError */
  flush(): void {
    if (this.path !== null) this.writer.flush();
  }

  /** Ends the file in hand. @throws PeregrineError */
  close(): void {
    if (this.path === null) return;
    const { path } = this;
    this.path = null;
    this.writer.close();
    this.options.onFile?.(path, this.writer.counters.events);
  }

  private put(write: () => number): number {
    if (this.path === null) this.begin();
    const result = write();
    if (result !== WriteResult.FULL) return result;
    this.close();
    this.begin();
    return write();
  }

  private begin(): void {
    const path = this.options.pathOf(this.index++);
    this.writer.open(path, this.options, this.options.header());
    this.path = path;
  }
}
