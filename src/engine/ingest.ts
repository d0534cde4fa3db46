// SPDX-License-Identifier: Apache-2.0

import { type Control, ControlWord, SlotControl, SlotState } from "../batch/control.js";
import type { Memory } from "../batch/memory.js";
import { RecordWord } from "../batch/record.js";
import { RingLayout, SlotWord } from "../batch/ring.js";
import { FillResult, type SourceFailure } from "../capture/source.js";
import { nowNs } from "../telemetry/clock.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { Ledger, SourceCounts } from "../telemetry/ledger.js";
import { IngestTime } from "../telemetry/stage-times.js";
import type { DropMonitor } from "./drops.js";
import { FirstEvent } from "./first-event.js";
import type { IngestMail } from "./ingest-mail.js";
import type { Keeper } from "./keeper.js";
import type { Attendants, IngestParts } from "./parts.js";
import type { SilenceMonitor } from "./silence.js";
import type { InfoWriter } from "./source-info.js";

/** Strings and their bytes at which the dictionary is swept, if not most of them turn out to be in use. */
export interface SweepLimit {
  readonly strings: number;
  readonly bytes: number;
}

/**
 * What rules remember of strings doubles at powers of two: a sweep that comes a few batches before one keeps every worker's
 * memory as it was. More often costs nothing that can be measured (docs/performance.md).
 */
export const DEFAULT_SWEEP: SweepLimit = { strings: 28_672, bytes: 24 * 1024 * 1024 };

/** How ingest ended. */
export interface IngestEnd {
  /** Number of the last event. */
  readonly events: number;
  readonly sections: number;
  /** The input is bad behind the last event. */
  readonly failure: SourceFailure | null;
}

export interface IngestContext {
  readonly memory: Memory;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly times: Float64Array;
  readonly info: InfoWriter;
  readonly parts: IngestParts;
  /** Plugins that are at work in the thread; null: none. */
  readonly companions: Attendants | null;
  readonly sweep: SweepLimit;
  readonly mail: IngestMail;
  /** Writes captures of what is read; null: nobody wants any. */
  readonly keeper: Keeper | null;
  readonly drops: DropMonitor | null;
  readonly silence: SilenceMonitor | null;
}

/**
 * The ingest loop: fill, apply, publish, until the input ends or the engine stops. Runs in the ingest thread, which it
 * blocks; it is the only writer of the ring's free slots, the dictionary and the state tables.
 */
export class Ingest {
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  /** For each slot, the number of the last event before its batch. */
  private readonly firsts: Float64Array;
  private readonly first: FirstEvent;
  private readonly counts: SourceCounts = {
    seen: 0,
    notWanted: 0,
    stateOnly: 0,
    merged: 0,
    unknownType: 0,
    oversize: 0,
    kernel: 0,
  };
  /** Records that the source wrote for rules before the batch in hand. */
  private ruleRecords = 0;
  private generation = 0;
  private sectionNumber = 0;
  /** Number of the last event that was read. */
  private last = 0;
  /** About when the last event was: the time of its batch's first record, ns since the epoch; 0 = there was none. */
  private time = 0n;
  /** Version of the rules that batches are for. */
  private rules = 0;
  /** Messages of main's that were asked for. */
  private heard = 0;
  private marks: Uint8Array | null = null;
  private softStrings: number;
  private softBytes: number;

  constructor(private readonly context: IngestContext) {
    const { memory, control, sweep } = context;
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.layout = new RingLayout(memory.shape.ring);
    this.firsts = new Float64Array(control.slots);
    this.first = new FirstEvent(memory);
    this.softStrings = Math.min(sweep.strings, memory.shape.strings / 2);
    this.softBytes = Math.min(sweep.bytes, memory.shape.stringBytes / 2);
  }

  /**
   * Opens the source and runs to its end. Throws what `open` throws, and what is no error for users; always tells the
   * workers that there is no more.
   */
  run(): IngestEnd {
    const { control, parts, info, keeper, mail } = this.context;
    try {
      const header = parts.source.open();
      mail.tell({ kind: "begun" });
      info.begin(header);
      parts.stage.begin(header, 0);
      keeper?.begin();
      const failure = this.read();
      keeper?.close(this.hear);
      return { events: this.last, sections: this.sectionNumber + 1, failure };
    } finally {
      control.end();
      parts.source.close();
    }
  }

  /** The loop, with an error for users that was met on the way as the end of the input: what came before it is good. */
  private read(): SourceFailure | null {
    try {
      const failure = this.loop();
      this.lastWords();
      return failure;
    } catch (error) {
      if (error instanceof PeregrineError) return failureOf(error);
      throw error;
    }
  }

  private loop(): SourceFailure | null {
    const { control, parts, keeper } = this.context;
    while (this.waitForSlot()) {
      if (control.load(ControlWord.MAIL) !== this.heard) this.hear();
      parts.stage.settle(this.horizon());
      if (parts.stage.tight) this.drain();
      if (this.full()) this.collect();
      const result = this.step(control.nextSlot());
      keeper?.step(this.last, this.hear);
      this.watch();
      if (keeper?.full === true) return null;
      if (result === FillResult.END) return null;
      if (result === FillResult.FAILED) return parts.source.failure;
      if (result === FillResult.SECTION) this.section();
      if (this.context.companions !== null) this.attend(this.context.companions);
    }
    return null;
  }

  /** What plugins have added by now is evaluated, also where the run is to end. */
  private lastWords(): void {
    const { companions } = this.context;
    if (companions === null) return;
    companions.end();
    this.attend(companions, true);
  }

  /** Puts the events that plugins have added behind those of the source. */
  private attend(companions: Attendants, last = false): void {
    companions.hear();
    while (companions.waiting && this.waitForSlot(last)) {
      const { control, parts, ledger } = this.context;
      const slot = control.nextSlot();
      const base = this.layout.slotWord(slot);
      const events = companions.write(slot, this.last, (name) => parts.interner.intern(name));
      if (parts.source.tellsFirst !== true) this.first.mark(slot);
      parts.stage.apply(slot);
      companions.apply(slot);
      const wanted = this.words[base + SlotWord.WANTED];
      parts.source.added?.(events, this.words[base + SlotWord.RECORDS], wanted);
      this.describe(slot, base, nowNs());
      const ruleRecords = parts.source.counts(this.counts);
      ledger.filled(this.counts, slot, wanted, ruleRecords - this.ruleRecords - wanted);
      this.ruleRecords = ruleRecords;
      this.context.keeper?.batch(this.firsts[slot]);
      if (wanted > 0) control.publish();
    }
  }

  /** Takes what main has sent. */
  private readonly hear = (): void => {
    const { control, mail, parts, keeper } = this.context;
    this.heard = control.load(ControlWord.MAIL);
    for (let message = mail.next(); message !== undefined; message = mail.next()) {
      if (message.kind !== "rules") {
        keeper?.hear(message);
        continue;
      }
      const { version, ...rules } = message;
      parts.change?.(rules);
      this.rules = version;
      mail.tell({ kind: "changed", version, event: this.last });
    }
  };

  /** Tells of lost events, and of a source that has fallen silent. */
  private watch(): void {
    const { drops, silence, mail, parts } = this.context;
    if (drops !== null && this.time !== 0n) {
      const { seen, kernel } = this.counts;
      const news = drops.look(this.time, seen, kernel > 0 ? (parts.source.drops ?? null) : null);
      if (news !== null) mail.tell({ kind: "drops", news });
    }
    const fills = silence?.look(this.last) ?? null;
    if (fills !== null) mail.tell({ kind: "silent", fills, since: Number(this.time / 1_000_000n) });
  }

  /** Waits until the next slot is free. @returns false when the engine stops; `last`: when it stops at once */
  private waitForSlot(last = false): boolean {
    const { control, times } = this.context;
    const over = (): boolean => (last ? control.aborted : control.draining);
    if (control.mayFill() && !over()) return true;
    const start = nowNs();
    for (;;) {
      const seen = control.load(ControlWord.ROOM);
      if (over()) return false;
      if (control.mayFill()) break;
      control.wait(ControlWord.ROOM, seen);
    }
    times[IngestTime.WAIT] += nowNs() - start;
    return true;
  }

  /** One batch: fill, apply, publish. @returns the fill's result */
  private step(slot: number): number {
    const { control, parts, ledger, times, keeper } = this.context;
    const base = this.layout.slotWord(slot);
    const start = nowNs();
    const result = parts.source.fill(slot);
    const filled = nowNs();
    if (parts.source.tellsFirst !== true) this.first.mark(slot);
    if (this.words[base + SlotWord.RECORDS] > 0) {
      const at = base + this.layout.recordsWord + RecordWord.TIME;
      this.time = (BigInt(this.words[at + 1] >>> 0) << 32n) | BigInt(this.words[at] >>> 0);
    }
    parts.stage.apply(slot);
    this.context.companions?.apply(slot);
    const applied = nowNs();
    times[IngestTime.FILL] += filled - start;
    times[IngestTime.APPLY] += applied - filled;
    times[IngestTime.BATCHES] += 1;

    this.describe(slot, base, applied);
    const wanted = this.words[base + SlotWord.WANTED];
    const ruleRecords = parts.source.counts(this.counts);
    ledger.filled(this.counts, slot, wanted, ruleRecords - this.ruleRecords - wanted);
    this.ruleRecords = ruleRecords;
    keeper?.batch(this.firsts[slot]);
    if (wanted > 0) control.publish();
    return result;
  }

  /** Completes the header of the batch in `slot`. */
  private describe(slot: number, base: number, at: number): void {
    const { control } = this.context;
    this.last = this.floats[(base + SlotWord.LAST) >> 1];
    this.firsts[slot] = this.floats[(base + SlotWord.FIRST) >> 1];
    this.words[base + SlotWord.BATCH] = control.words[ControlWord.PUBLISHED];
    this.words[base + SlotWord.SOURCE] = 0;
    this.words[base + SlotWord.GENERATION] = this.generation;
    this.words[base + SlotWord.SECTION] = this.sectionNumber;
    this.words[base + SlotWord.RULES] = this.rules;
    this.floats[(base + SlotWord.PUBLISHED_AT) >> 1] = at;
  }

  /** The last event before the oldest batch in flight: what only it and earlier ones could read may be freed. */
  private horizon(): number {
    const { control } = this.context;
    let horizon = this.last;
    for (let slot = 0; slot < control.slots; slot++) {
      if (control.slot(slot, SlotControl.STATE) === SlotState.FREE) continue;
      if (this.firsts[slot] < horizon) horizon = this.firsts[slot];
    }
    return horizon;
  }

  /** Waits until no batch is in flight and frees all that only those could read. */
  private drain(): void {
    const { control, parts, times } = this.context;
    const start = nowNs();
    for (;;) {
      const seen = control.load(ControlWord.ROOM);
      if (control.idle() || control.aborted) break;
      control.wait(ControlWord.ROOM, seen);
    }
    times[IngestTime.WAIT] += nowNs() - start;
    parts.stage.settle(this.last);
  }

  private section(): void {
    const { parts, info } = this.context;
    const header = parts.source.section();
    this.drain();
    if (this.context.control.aborted) return;
    info.begin(header);
    parts.stage.begin(header, this.last + 1);
    this.context.keeper?.begin();
    this.sectionNumber++;
  }

  private full(): boolean {
    const { interner } = this.context.parts;
    return interner.count > this.softStrings || interner.bytes > this.softBytes;
  }

  /** Sweeps the dictionary: drops every string that no row, fd or table refers to. */
  private collect(): void {
    const { parts, memory, sweep, times, control } = this.context;
    this.drain();
    if (control.aborted) return;
    const start = nowNs();
    this.marks ??= new Uint8Array(memory.shape.strings);
    this.marks.fill(0);
    parts.stage.mark(this.marks);
    parts.interner.sweep(this.marks);
    parts.stage.collected();
    this.generation++;
    const { count, bytes } = parts.interner;
    this.softStrings = nextLimit(count, sweep.strings, memory.shape.strings);
    this.softBytes = nextLimit(bytes, sweep.bytes, memory.shape.stringBytes);
    times[IngestTime.SWEEP] += nowNs() - start;
    times[IngestTime.SWEEPS] += 1;
  }
}

/** An error for users as plain data. */
export function failureOf(error: PeregrineError): SourceFailure {
  return { code: error.code, message: error.message, offset: error.place.offset ?? -1 };
}

/**
 * Where the next sweep happens: at `base`, or at twice the live size where that alone is more than half of `base`; below
 * the capacity, but never so close to the live size that sweep follows sweep.
 */
export function nextLimit(live: number, base: number, capacity: number): number {
  const wanted = Math.max(live * 2, base);
  return wanted <= capacity * 0.75 ? wanted : Math.max(capacity * 0.75, live + capacity / 16);
}
