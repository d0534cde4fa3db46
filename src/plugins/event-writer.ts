// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import type { Memory } from "../batch/memory.js";
import { RecordWord } from "../batch/record.js";
import { RingLayout, SlotWord } from "../batch/ring.js";

/** What became of an event that was to be written. */
export const Written = {
  DONE: 0,
  /** The batch is full; the next one has room. */
  FULL: 1,
  /** No batch has room for it. */
  TOO_LARGE: 2,
} as const;

const PLUGIN_WORDS = EVENTS[EventType.PLUGINEVENT_E].words;
const ASYNC_WORDS = EVENTS[EventType.ASYNCEVENT_E].words;

/** Writes events of plugins into the batches of a ring: records as record.ts has them, data in the heap. */
export class EventWriter {
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly bytes: Buffer;
  private readonly layout: RingLayout;
  private base = 0;
  private record = 0;
  private recordsEnd = 0;
  private heap = 0;
  private heapEnd = 0;
  private number = 0;
  private count = 0;

  constructor(memory: Memory) {
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.bytes = Buffer.from(memory.ring);
    this.layout = new RingLayout(memory.shape.ring);
  }

  /** Begins the batch in `slot`, behind the event with number `last`. */
  begin(slot: number, last: number): void {
    const { layout } = this;
    const { recordBytes, heapBytes } = layout.shape;
    this.base = layout.slotWord(slot);
    this.record = this.base + layout.recordsWord;
    this.recordsEnd = this.record + recordBytes / 4;
    this.heap = this.base * 4 + layout.heapByte;
    this.heapEnd = this.heap + heapBytes;
    this.number = last;
    this.count = 0;
    this.floats[(this.base + SlotWord.FIRST) >> 1] = last;
  }

  /** Events in the batch. */
  get events(): number {
    return this.count;
  }

  /** Number of the last event. */
  get last(): number {
    return this.number;
  }

  /** The next event leaves no record: it is lost, or not wanted. */
  skip(): void {
    this.number++;
  }

  /** An event of plugin `id`, at the time `low`, `high` (ns, two words). @returns a Written */
  plugin(id: number, data: Uint8Array | string, low: number, high: number): number {
    const at = this.place(data, PLUGIN_WORDS);
    if (at < 0) return -at;
    const { words, record } = this;
    words[record + RecordWord.HEADER] = id;
    words[record + RecordWord.HEADER + 1] = at;
    words[record + RecordWord.HEADER + 2] = this.heap - at;
    this.header(EventType.PLUGINEVENT_E, PLUGIN_WORDS, 2, this.heap > at ? 3 : 1, low, high);
    return Written.DONE;
  }

  /** An asynchronous event; `name` is a dictionary id. @returns a Written */
  async(id: number, name: number, data: Uint8Array | string, low: number, high: number): number {
    const at = this.place(data, ASYNC_WORDS);
    if (at < 0) return -at;
    const { words, record } = this;
    words[record + RecordWord.HEADER] = id;
    words[record + RecordWord.HEADER + 1] = name;
    words[record + RecordWord.HEADER + 2] = at;
    words[record + RecordWord.HEADER + 3] = this.heap - at;
    this.header(EventType.ASYNCEVENT_E, ASYNC_WORDS, 3, this.heap > at ? 7 : 3, low, high);
    return Written.DONE;
  }

  /** Copies the data to the heap. @returns where they begin, in bytes; -Written.FULL or -Written.TOO_LARGE */
  private place(data: Uint8Array | string, words: number): number {
    const { heap } = this;
    const length = typeof data === "string" ? Buffer.byteLength(data, "utf8") : data.length;
    if (length > this.layout.shape.heapBytes) return -Written.TOO_LARGE;
    const full = this.count === this.layout.shape.events || this.record + words > this.recordsEnd;
    if (full || length > this.heapEnd - heap) return -Written.FULL;
    if (typeof data === "string") this.bytes.write(data, heap, "utf8");
    else this.bytes.set(data, heap);
    this.heap = heap + length;
    return heap;
  }

  private header(type: number, size: number, nparams: number, present: number, low: number, high: number): void {
    const { words, record: o } = this;
    words[o + RecordWord.SIZE] = size;
    words[o + RecordWord.TYPE] = type;
    this.floats[(o + RecordWord.NUMBER) >> 1] = ++this.number;
    words[o + RecordWord.TIME] = low;
    words[o + RecordWord.TIME + 1] = high;
    words[o + RecordWord.TID] = -1;
    words[o + RecordWord.TID + 1] = -1;
    words[o + RecordWord.PRESENT] = present;
    words[o + RecordWord.FLAGS] = 0;
    words[o + RecordWord.ROW] = 0;
    words[o + RecordWord.LEADER] = 0;
    words[o + RecordWord.FD_ROW] = 0;
    words[o + RecordWord.FD] = -1;
    words[o + RecordWord.NPARAMS] = nparams;
    words[o + RecordWord.ANNEX] = 0;
    words[this.base + this.layout.wantedWord + this.count] = o;
    this.count++;
    this.record = o + size;
  }

  /** Ends the batch: it can be handed on. `batch` is its number. */
  end(batch: number, publishedAt: number, rules: number): void {
    const { words, floats, base } = this;
    words[base + SlotWord.BATCH] = batch;
    words[base + SlotWord.RULES] = rules;
    words[base + SlotWord.RECORDS] = this.count;
    words[base + SlotWord.WANTED] = this.count;
    words[base + SlotWord.GENERATION] = 0;
    words[base + SlotWord.SECTION] = 0;
    words[base + SlotWord.SOURCE] = 0;
    words[base + SlotWord.RECORDS_END] = this.record;
    words[base + SlotWord.HEAP_END] = this.heap;
    floats[(base + SlotWord.LAST) >> 1] = this.number;
    floats[(base + SlotWord.PUBLISHED_AT) >> 1] = publishedAt;
  }
}
