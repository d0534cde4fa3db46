// SPDX-License-Identifier: Apache-2.0

import { renameSync } from "node:fs";
import { createMemory } from "../batch/memory.js";
import { createInterner } from "../capture/scap.js";
import { CaptureWriter } from "../capture/writer.js";
import { asyncImage } from "../plugins/async-image.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { Failure } from "./ingest-thread.js";
import type { PluginRecord } from "./source-spec.js";

/** Flag of an event that is there for the state alone. */
const STATE_ONLY = 1;
const EXTENSION = /(\.scap)?(\.gz)?$/;
/** Lists of processes and their strings do not occur: the least of everything. */
const NO_SHAPE = {
  ring: { slots: 1, events: 2, recordBytes: 64, heapBytes: 64 },
  strings: 16,
  stringBytes: 1024,
  processRows: 16,
  fdRows: 16,
};

/** A name beside `path`: `word` stands before its extension. */
export function besidePath(path: string, word: string): string {
  return path.replace(EXTENSION, (extension) => `.${word}${extension}`);
}

/** The capture that life number `life` of the source's thread writes, from 1: a file for each, so that nothing is lost. */
function pathOf({ path }: PluginRecord, life: number): string {
  return life === 1 ? path : besidePath(path, String(life));
}

/**
 * The capture of a thread that has died is as whole as its last batch: it gets its name. Does nothing where the thread has
 * given it that itself.
 */
export function salvage(record: PluginRecord, life: number): void {
  const path = pathOf(record, life);
  try {
    renameSync(`${path}.${process.pid}.part`, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * Writes the events of one plugin's source to a capture, as they come. What goes wrong with the file is the file's failure: the
 * events go to the rules all the same.
 */
export class PluginRecording {
  private readonly writer: CaptureWriter;
  private readonly path: string;
  private open = true;
  /** Why no more is written. */
  failure: Failure | null = null;

  constructor(
    record: PluginRecord,
    life: number,
    private readonly id: number,
  ) {
    this.path = pathOf(record, life);
    this.writer = new CaptureWriter(createInterner(createMemory(NO_SHAPE)));
    this.guarded(() => this.writer.open(this.path, { gzip: record.gzip }, null));
  }

  /** An event of the source; its time is in two words. */
  plugin(low: number, high: number, data: Uint8Array | string): void {
    this.guarded(() => this.writer.writePlugin(timeOf(low, high), this.id, bytesOf(data)));
  }

  /** An event that a plugin has added. */
  async(low: number, high: number, name: string, data: Uint8Array | string): void {
    this.guarded(() => this.writer.writeAsync(timeOf(low, high), this.id, name, bytesOf(data)));
  }

  /** What is there when the capture begins: its readers take it for that, and it is no event of the source. */
  state(name: string, data: Uint8Array | string, time = BigInt(Date.now()) * 1_000_000n): void {
    this.guarded(() => this.writer.write(asyncImage(time, this.id, name, data), 0, STATE_ONLY));
  }

  /** All events up to here are in the file, whatever happens to the thread. */
  flush(): void {
    this.guarded(() => this.writer.flush());
  }

  /** The file gets its name. */
  close(): void {
    this.guarded(() => this.writer.close());
    this.open = false;
  }

  private guarded(work: () => void): void {
    if (!this.open) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof PeregrineError)) throw error;
      this.open = false;
      this.failure = { code: error.code, message: `${error.message}: ${this.path}`, offset: -1 };
    }
  }
}

function timeOf(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}
