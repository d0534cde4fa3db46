// SPDX-License-Identifier: Apache-2.0

import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import { RingLayout } from "../batch/ring.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { createInterner as createFor, loadAddon, type NativeReader } from "./addon.js";
import type { RecentEvents } from "./recent.js";
import type { SectionHeader, Source, SourceFailure } from "./source.js";

/**
 * Indices of ScapSource.counters; all are totals since the source was opened. At every moment
 * SEEN = MERGED + NOT_WANTED + STATE_REJECTED + UNKNOWN_TYPE + STATE_RECORDS + RULE_RECORDS + OVERSIZE.
 */
export const ReaderCounter = {
  /** Events of the file. */
  SEEN: 0,
  /** Halves of system calls that were stored or dropped because the other half says it all; they have no number. */
  MERGED: 1,
  /** Passed over on their type alone; those that left a TOUCH record included. */
  NOT_WANTED: 2,
  /** Passed over since the plan's test says that they change no state. */
  STATE_REJECTED: 3,
  /** Of a type that this version does not know, or cannot bring up to date; they have no number. */
  UNKNOWN_TYPE: 4,
  /** Records for the state stage alone. */
  STATE_RECORDS: 5,
  /** Records to evaluate. */
  RULE_RECORDS: 6,
  /** Events whose wanted parameters are larger than a batch's heap: lost. */
  OVERSIZE: 7,
  /** Bytes read from the file, compressed where it is. */
  BYTES: 8,
  /** Nanoseconds spent inflating. */
  INFLATE_NS: 9,
  /** evt.num of the last event. */
  NUMBER: 10,
} as const;

export interface ScapOptions {
  readonly path: string;
  readonly memory: Memory;
  /** The interner of `memory.dictionary`, from createInterner(). */
  readonly interner: Interner;
  /** PLAN_WORDS words for each event type, see batch/plan.ts. Read once. */
  readonly plan: Int32Array;
  /** Words of each record's annex (batch/annex.ts); none where it is left out. */
  readonly annexWords?: number;
}

/** The writing side of the memory's dictionary: one for each memory, in the ingest thread. */
export function createInterner(memory: Memory): Interner {
  return createFor(memory.dictionary);
}

/**
 * How much of the dictionary's room one batch may ask for: a sixteenth. The dictionary is swept between batches only, and
 * from three quarters of its size on; a batch and what the state stage makes of its strings fit the last quarter.
 */
function batchShare(room: number): number {
  return Math.max(1, Math.floor(room / 16));
}

/** A capture file, plain or gzip, as a source of events. */
export class ScapSource implements Source {
  readonly tellsFirst = true;
  private readonly path: string;
  private readonly reader: NativeReader;

  constructor(options: ScapOptions) {
    const layout = new RingLayout(options.memory.shape.ring);
    const { slots, events, recordBytes, heapBytes } = layout.shape;
    const { strings, stringBytes } = options.memory.shape;
    this.path = options.path;
    this.reader = new (loadAddon().CaptureReader)(
      options.interner,
      new Uint8Array(options.memory.ring),
      Float64Array.of(
        ...[slots, events, layout.slotBytes, layout.recordsWord, layout.heapByte, recordBytes, heapBytes],
        ...[batchShare(strings), batchShare(stringBytes), options.annexWords ?? 0],
      ),
      options.plan,
    );
  }

  /** @throws PeregrineError with a CAPTURE_ code where the file is no capture, or has no events. */
  open(): SectionHeader {
    if (!this.reader.open(this.path)) throw this.error();
    return this.section();
  }

  fill(slot: number): number {
    return this.reader.fill(slot);
  }

  /** Every event goes to `recent` as well. Before open(). */
  keep(recent: RecentEvents): void {
    this.reader.keep(recent.native);
  }

  /** Another plan, and annexes of another size, from the next fill on. */
  setPlan(plan: Int32Array, annexWords: number): void {
    this.reader.setPlan(plan, annexWords);
  }

  /** @throws PeregrineError with a CAPTURE_ code where the header of the section is bad. */
  section(): SectionHeader {
    const header = this.reader.header();
    if (header === null) throw this.error();
    return header;
  }

  get failure(): SourceFailure | null {
    return this.reader.failure;
  }

  /** The failure as an error for a user: names the file and, where there is one, the place. */
  error(): PeregrineError {
    const failure = this.reader.failure;
    if (failure === null) throw new Error("the capture has not failed");
    const place = failure.offset < 0 ? { file: this.path } : { file: this.path, offset: failure.offset };
    return new PeregrineError(failure.code as ErrorCode, failure.message, place);
  }

  /** Totals so far, by ReaderCounter; brought up to date by every fill. */
  get counters(): Float64Array {
    return this.reader.counters;
  }

  /** Event types that were counted as UNKNOWN_TYPE. */
  unknownTypes(): { type: number; count: number }[] {
    return this.reader.unknownTypes();
  }

  /** Generation of the dictionary that batches are filled in; the owner raises it after a sweep. */
  get generation(): number {
    return this.reader.generation;
  }

  set generation(value: number) {
    this.reader.generation = value;
  }

  close(): void {
    this.reader.close();
  }
}
