// SPDX-License-Identifier: Apache-2.0

import type { Interner } from "../batch/interner.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { loadAddon, type NativeWriter } from "./addon.js";
import type { SectionHeader } from "./source.js";

/** What became of an event. */
export const WriteResult = {
  WRITTEN: 0,
  /** The schema has nothing that stands for it; counted. */
  LEFT_OUT: 1,
  /** A bound is reached: nothing was written, the event belongs into the next file. */
  FULL: 2,
} as const;
const BAD = 3;
const FAILED = 4;

/** Which readers a capture is for: today's, or tools of the time of Falco 0.31. */
export type CaptureSchema = "current" | "0.31";

export interface WriterOptions {
  /** Level from 1 to 9; by default 6 where the path ends in .gz, else plain. */
  readonly gzip?: number | boolean;
  readonly schema?: CaptureSchema;
  /** Bounds of the file; without one there is none. A file has at least one event. */
  readonly mostBytes?: number;
  readonly mostEvents?: number;
  /** ns between the times of the first event and of the last. */
  readonly mostNs?: number;
}

export interface WriterCounters {
  readonly events: number;
  readonly leftOut: number;
  /** Bytes that were written, and bytes of the file; with gzip the latter come late. */
  readonly bytes: number;
  readonly fileBytes: number;
}

/** Level of gzip for a file: 0 is none. */
function gzipLevel(path: string, gzip: number | boolean | undefined): number {
  if (typeof gzip === "number") return gzip;
  return (gzip ?? path.endsWith(".gz")) ? 6 : 0;
}

/** The native form of a writer's options. */
export function nativeOptions(path: string, options: WriterOptions) {
  return {
    gzip: gzipLevel(path, options.gzip),
    legacy: options.schema === "0.31",
    mostBytes: options.mostBytes ?? 0,
    mostEvents: options.mostEvents ?? 0,
    mostNs: options.mostNs ?? 0,
  };
}

/**
 * Writes one capture file after the other: lists of a section, then events. A file grows under the name PATH.PID.part and
 * gets its own when it is closed, so what stands under its name is whole. "-" is standard output; pipes and devices are
 * written as they are.
 */
export class CaptureWriter {
  private readonly writer: NativeWriter = new (loadAddon().CaptureWriter)();
  private path = "";

  /** @param interner resolves the ids of headers */
  constructor(private readonly interner: Interner) {}

  /**
   * Creates a file and writes the lists that it begins with.
   * @param header null: events of plugins, of no machine
   * @throws PeregrineError CAPTURE_CREATE, CAPTURE_SPACE, CAPTURE_WRITE
   */
  open(path: string, options: WriterOptions, header: SectionHeader | null): void {
    this.path = path;
    this.expect(this.writer.open(path, nativeOptions(path, options), header, this.interner));
  }

  /** Begins another section: readers forget all processes and fds. @throws PeregrineError */
  section(header: SectionHeader | null): void {
    this.expect(this.writer.section(header, this.interner));
  }

  /**
   * Writes an event of today's schema as the kernel's ring has it: header of 26 bytes, lengths, parameters.
   * @param flags of the event; 1: it is there for the state alone
   * @returns a WriteResult @throws PeregrineError CAPTURE_SPACE, CAPTURE_WRITE; RangeError where the bytes are no event
   */
  write(event: Uint8Array, cpu: number, flags = 0): number {
    return this.result(this.writer.write(event, cpu, flags));
  }

  /** Writes an event of a plugin's source. @param time ns since the epoch @returns a WriteResult @throws as write() */
  writePlugin(time: bigint, plugin: number, data: Uint8Array): number {
    return this.result(this.writer.writePlugin(time, plugin, data));
  }

  /**
   * Writes what a plugin tells beside its events, such as a container. @param plugin its id, 0 for the source of system
   * calls @returns a WriteResult @throws as write()
   */
  writeAsync(time: bigint, plugin: number, name: string, data: Uint8Array): number {
    return this.result(this.writer.writeAsync(time, plugin, name, data));
  }

  /** Brings all events out that are held back, for readers of a pipe. @throws PeregrineError */
  flush(): void {
    this.expect(this.writer.flush());
  }

  /** Ends the file and gives it its name. @throws PeregrineError; then nothing of the file is left */
  close(): void {
    this.expect(this.writer.close());
  }

  /** Gives the file up: nothing of it is left. */
  discard(): void {
    this.writer.discard();
  }

  /** Of the file that is open, or was last. */
  get counters(): WriterCounters {
    return this.writer.counters;
  }

  private result(result: number): number {
    if (result === BAD) throw new RangeError("CaptureWriter: the lengths of the event do not add up");
    if (result === FAILED) this.expect(false);
    return result;
  }

  private expect(good: boolean): void {
    if (good) return;
    const { failure } = this.writer;
    this.writer.discard();
    if (failure === null) throw new Error("CaptureWriter: it failed without a reason");
    throw new PeregrineError(failure.code as ErrorCode, failure.message, { file: this.path });
  }
}
