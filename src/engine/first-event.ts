// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import type { Memory } from "../batch/memory.js";
import { RecordWord } from "../batch/record.js";
import { RingLayout, SlotWord } from "../batch/ring.js";

const META: ReadonlySet<number> = new Set(
  EVENTS.filter((event) => event.categories.includes("EC_METAEVENT")).map((event) => event.id),
);

/**
 * The source's first event that is no description of the machine, such as a user or a container: times are relative to it.
 * For a source that does not tell it, it is the first such record.
 *
 * It goes with every batch, in the slot's header, before the batch is published. A worker reads it there alone: what it
 * finds does not depend on how far the filling side has come since. Nor does it depend on where batches end, since an
 * event before the first one is told by its number: a header that knows of no first event yet says the same of all events
 * of its batch as one that does.
 */
export class FirstEvent {
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  private number = 0;
  private low = 0;
  private high = 0;

  constructor(memory: Memory) {
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.layout = new RingLayout(memory.shape.ring);
  }

  /** Looks for it in the filled batch in `slot`, as long as there was none, and writes what is known to the header. */
  mark(slot: number): void {
    const { words, floats } = this;
    const base = this.layout.slotWord(slot);
    if (this.number === 0) this.find(base);
    floats[(base + SlotWord.FIRST_EVENT) >> 1] = this.number;
    words[base + SlotWord.FIRST_TIME] = this.low;
    words[base + SlotWord.FIRST_TIME + 1] = this.high;
  }

  private find(base: number): void {
    const { words, floats } = this;
    let record = base + this.layout.recordsWord;
    for (let i = words[base + SlotWord.RECORDS]; i > 0; i--) {
      if (!META.has(words[record + RecordWord.TYPE] & 0xffff)) {
        this.number = floats[(record + RecordWord.NUMBER) >> 1];
        this.low = words[record + RecordWord.TIME];
        this.high = words[record + RecordWord.TIME + 1];
        return;
      }
      record += words[record + RecordWord.SIZE];
    }
  }
}
