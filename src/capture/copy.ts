// SPDX-License-Identifier: Apache-2.0

import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { loadAddon, type NativeCopy } from "./addon.js";
import type { SourceFailure } from "./source.js";
import { nativeOptions, type WriterOptions } from "./writer.js";

/** Indices of CaptureCopy.counters. */
export const CopyCounter = {
  /** Events of the new capture. */
  EVENTS: 0,
  /** Of these, those that are there for the state alone. */
  STATE: 1,
  /** Events that were wanted, and that nothing of the schema stands for. */
  LEFT_OUT: 2,
  /** Bytes of the new file. */
  BYTES: 3,
} as const;

export interface CopyOptions extends WriterOptions {
  readonly from: string;
  readonly to: string;
  /** Also write events that are not wanted but change what is known of processes and fds, marked as such. */
  readonly keepState?: boolean;
}

/** Writes the events of a capture, or some of them, to another one. Numbers of events are those of ScapSource. */
export class CaptureCopy {
  private readonly copier: NativeCopy = new (loadAddon().CaptureCopy)();

  /** @throws PeregrineError with a CAPTURE_ code: the one capture cannot be read, or the other not be written */
  constructor(private readonly options: CopyOptions) {
    const { from, to, keepState = false } = options;
    if (this.copier.open(from, to, { ...nativeOptions(to, options), keepState })) return;
    this.check();
    const failure = this.failure;
    if (failure === null) throw new Error("CaptureCopy: it failed without a reason");
    const place = failure.offset < 0 ? { file: from } : { file: from, offset: failure.offset };
    throw new PeregrineError(failure.code as ErrorCode, failure.message, place);
  }

  /** Copies all of the next `most` events. @returns true where there are more @throws PeregrineError, as all below */
  copyAll(most: number): boolean {
    return this.checked(this.copier.copyAll(most));
  }

  /** Copies the events with these numbers, ascending and beyond those before; goes as far as the last of them. */
  copy(numbers: Float64Array): boolean {
    return this.checked(this.copier.copy(numbers));
  }

  /** Goes on through `most` events of which none is wanted. @returns true where there are more */
  skip(most: number): boolean {
    return this.checked(this.copier.skip(most));
  }

  /** Ends the new capture and gives it its name. */
  close(): void {
    this.copier.close();
    this.check();
  }

  /** Gives the new capture up: nothing of it is left. */
  discard(): void {
    this.copier.discard();
  }

  /** What is wrong with the capture that is read; what stands before it was copied. */
  get failure(): SourceFailure | null {
    return this.copier.failure;
  }

  /** Totals so far, by CopyCounter. */
  get counters(): Float64Array {
    return this.copier.counters;
  }

  private checked(more: boolean): boolean {
    if (!more) this.check();
    return more;
  }

  private check(): void {
    const failure = this.copier.writeFailure;
    if (failure === null) return;
    this.copier.discard();
    throw new PeregrineError(failure.code as ErrorCode, failure.message, { file: this.options.to });
  }
}
