// SPDX-License-Identifier: Apache-2.0

import { CaptureCopy, CopyCounter, type CopyOptions } from "../capture/copy.js";
import type { SourceFailure } from "../capture/source.js";

export type { CopyOptions } from "../capture/copy.js";
export type { CaptureSchema } from "../capture/writer.js";

/** Events of the file between two looks at whether to stop. */
const STEP = 65_536;

/** What was written. */
export interface RecordingReport {
  readonly events: number;
  /** Events that are there for the state alone. */
  readonly state: number;
  /** Events that were wanted, and that the schema has nothing for. */
  readonly leftOut: number;
  readonly bytes: number;
  /** The capture that was read is bad behind the last event. */
  readonly failure: SourceFailure | null;
}

/** How the lines of a run tell the numbers of events. */
export type NumberedLines =
  /** The number stands before the first tab. */
  | "column"
  /** As the first key of an object. */
  | "first key"
  /** As any key of an object. */
  | "any key";

const KEY = '"evt.num":';

/**
 * The events of a capture on their way to another capture: all of them, or those whose numbers a run's lines tell. Lines
 * come in the order of events, while the capture is gone through a second time for the bytes of the events.
 * All methods throw a PeregrineError where the new capture cannot be written; nothing of it is left then.
 */
export class Recording {
  private readonly copy: CaptureCopy;

  constructor(options: CopyOptions) {
    this.copy = new CaptureCopy(options);
  }

  /** Copies the events of a run's lines. @returns the lines without the numbers that were added to them */
  take(lines: Buffer, form: NumberedLines): Buffer {
    const text = lines.toString("latin1");
    const numbers: number[] = [];
    let rest = "";
    for (let start = 0; start < text.length; ) {
      const found = text.indexOf("\n", start);
      const end = found < 0 ? text.length : found;
      const at = form === "column" ? start : text.indexOf(KEY, start) + KEY.length;
      numbers.push(Number.parseInt(text.slice(at, Math.min(at + 20, end)), 10));
      if (form === "column") rest += afterNumber(text, start, end, "\t", "");
      else if (form === "first key") rest += afterNumber(text, start, end, ",", "{");
      start = end + 1;
    }
    this.copy.copy(Float64Array.from(numbers));
    return form === "any key" ? lines : Buffer.from(rest, "latin1");
  }

  /** Copies all events that are left, until there are no more or `signal` is aborted. */
  async all(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.copy.copyAll(STEP)) await pause();
  }

  /** Goes through the events behind the last one that was wanted. */
  async rest(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.copy.skip(STEP)) await pause();
  }

  /** Ends the new capture and gives it its name. */
  close(): RecordingReport {
    this.copy.close();
    const { counters, failure } = this.copy;
    return {
      events: counters[CopyCounter.EVENTS] ?? 0,
      state: counters[CopyCounter.STATE] ?? 0,
      leftOut: counters[CopyCounter.LEFT_OUT] ?? 0,
      bytes: counters[CopyCounter.BYTES] ?? 0,
      failure,
    };
  }

  /** Gives the new capture up: nothing of it is left. */
  discard(): void {
    this.copy.discard();
  }
}

/** A line behind its number and the separator that follows; empty where that was all. */
function afterNumber(text: string, start: number, end: number, separator: string, opening: string): string {
  const at = text.indexOf(separator, start);
  return at < 0 || at >= end ? "" : `${opening}${text.slice(at + 1, end)}\n`;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
