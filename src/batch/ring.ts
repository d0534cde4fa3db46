// SPDX-License-Identifier: Apache-2.0

/*
 * The ring: `slots` batches of one size in one SharedArrayBuffer. Batch n lives in slot n % slots.
 *
 *   slot   ┌ header   64 words                                 SlotWord
 *          ├ wanted   one word an event: offsets (words from the start of the ring) of the records to evaluate, in order
 *          ├ records  records back to back, 8-byte aligned      record.ts
 *          └ heap     bytes of blobs
 *
 * The reader writes records and heap, the state stage completes records and writes `wanted`, a worker reads all of it.
 * Ownership moves with the slot's state word in the control block (control.ts); the bytes never move.
 */

export const SlotWord = {
  /** Number of the batch in this slot. */
  BATCH: 0,
  /** Records in the batch, state-only ones included. */
  RECORDS: 1,
  /** Records to evaluate: entries of `wanted`. */
  WANTED: 2,
  /** Generation of the dictionary that the ids belong to. */
  GENERATION: 3,
  /** Float64: number of the last event read before this batch; rows that replaced others at or before it are settled. */
  FIRST: 4,
  /** Float64: number of the last event read into or skipped within this batch. */
  LAST: 6,
  /** Which source filled it; 0 is the system call source. */
  SOURCE: 8,
  /** Word offset behind the last record. */
  RECORDS_END: 9,
  /** Byte offset behind the last blob. */
  HEAP_END: 10,
  /** When it was published: Float64, ns of the system's monotonic clock, for the latency histogram. */
  PUBLISHED_AT: 12,
  /** Section of the capture, from 0: what is known of the machine may change with it. */
  SECTION: 14,
  /**
   * Float64: number of the source's first event that is no description of the machine; 0 = none up to the end of this
   * batch. Times are relative to that event's; for an event before it they are relative to 0.
   */
  FIRST_EVENT: 16,
  /** That event's time: ns since the epoch, low word, high word. */
  FIRST_TIME: 18,
  /** Version of the rules that the batch was filled for, and is to be evaluated with. */
  RULES: 20,
  HEADER: 64,
} as const;

export interface RingShape {
  readonly slots: number;
  /** Events a batch holds at the most. */
  readonly events: number;
  readonly recordBytes: number;
  readonly heapBytes: number;
}

/** Offsets that follow from a ring's shape. All slot parts are 8-byte aligned. */
export class RingLayout {
  readonly slotBytes: number;
  readonly wantedWord: number;
  readonly recordsWord: number;
  readonly heapByte: number;

  constructor(readonly shape: RingShape) {
    this.wantedWord = SlotWord.HEADER;
    this.recordsWord = this.wantedWord + shape.events + (shape.events & 1);
    this.heapByte = this.recordsWord * 4 + shape.recordBytes;
    this.slotBytes = this.heapByte + shape.heapBytes;
    if (this.slotBytes % 8 !== 0) throw new RangeError("ring: recordBytes and heapBytes must be multiples of 8");
    if (this.slotBytes * shape.slots >= 2 ** 32) throw new RangeError("ring: larger than 4 GiB");
  }

  /** Word offset of a slot's header in the ring. */
  slotWord(slot: number): number {
    return (slot * this.slotBytes) / 4;
  }

  get bytes(): number {
    return this.slotBytes * this.shape.slots;
  }
}

/** 2,048 events a batch and 16 batches: within the 1,024 to 4,096 band that stays in the cache; most pages stay untouched. */
export const DEFAULT_RING: RingShape = { slots: 16, events: 2048, recordBytes: 512 * 1024, heapBytes: 1024 * 1024 };
