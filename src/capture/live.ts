// SPDX-License-Identifier: Apache-2.0

import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import { RingLayout } from "../batch/ring.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { loadAddon, type NativeLiveReader } from "./addon.js";
import type { RecentEvents } from "./recent.js";
import { FillResult, type SectionHeader, type Source, type SourceFailure } from "./source.js";

/**
 * Indices of LiveSource.counters; all are totals since the source was opened. At every moment
 * SEEN = NOT_WANTED + STATE_REJECTED + STATE_RECORDS + RULE_RECORDS + OVERSIZE.
 */
export const LiveCounter = {
  /** Events that came out of the kernel, from the start state on. */
  SEEN: 0,
  /** No rule and no state wants events of their type; mostly they do not leave the kernel at all. */
  NOT_WANTED: 1,
  STATE_REJECTED: 2,
  STATE_RECORDS: 3,
  RULE_RECORDS: 4,
  OVERSIZE: 5,
  BYTES: 6,
  NUMBER: 7,
  /** Lost in the kernel, which had no room for them; they are not in SEEN. */
  DROPPED: 8,
  /** From before the start state was taken, which holds what they did. */
  BEFORE: 9,
  /** Times that the reader slept. */
  SLEEPS: 10,
  /** Most bytes that waited in the kernel's ring. */
  MOST_WAITING: 11,
  /** Entries of the ring that are no events: never, if the kernel keeps its word. */
  BAD: 12,
} as const;

/** What leaves the kernel. */
export interface Interest {
  /** By number of the system call on x86-64: 1 = its exits are events. */
  readonly calls: Uint8Array;
  /** The same by event type. */
  readonly events: Uint8Array;
}

/** What an event is lost of; the order is that of live_class in native/live_shared.h. */
export const DROP_CLASSES = [
  "other",
  "clone_fork",
  "execve",
  "connect",
  "open",
  "dir_file",
  "other_interest",
  "close",
  "proc",
  "credential",
] as const;

/** Why it is lost; the order is that of live_cause. */
export const DROP_CAUSES = ["full", "reserve", "scratch", "missed"] as const;

export interface LiveOptions {
  readonly memory: Memory;
  /** The interner of `memory.dictionary`. */
  readonly interner: Interner;
  /** PLAN_WORDS words for each event type, see batch/plan.ts. Read once. */
  readonly plan: Int32Array;
  /** Words of each record's annex (batch/annex.ts); none where it is left out. */
  readonly annexWords?: number;
  readonly settings: LiveSettings;
  /** What is known of a container, as the text of the event that tells of it; "" where nothing is. */
  readonly describe?: (id: string, cgroups: string) => string;
}

/** How the kernel is watched. */
export interface LiveSettings {
  /** Bytes of the kernel's ring, a power of two. */
  readonly ringBytes: number;
  /** Bytes of I/O data that an event carries at the most. */
  readonly snaplen: number;
  /** Whether every event wakes the reader up: alerts come sooner, and the watched programs pay for it. */
  readonly lowLatency: boolean;
  /** Attach to tracepoints by their names alone, as happens by itself where the kernel does not describe them. */
  readonly plainTracepoints?: boolean;
  /** Whether calls that failed are no events. */
  readonly dropFailed?: boolean;
  /** Whether the start state comes from /proc though the kernel has iterators. */
  readonly noIterators?: boolean;
  /** Where all events are written to as well. */
  readonly record?: LiveRecord;
}

/** A capture that is recorded. Bounds of 0 are none. */
export interface LiveRecord {
  readonly path: string;
  /** 1 to 9; 0: plain. */
  readonly gzip: number;
  readonly mostBytes: number;
  readonly mostNs: number;
}

/** This machine's kernel as a source of events. */
export class LiveSource implements Source {
  private readonly reader: NativeLiveReader;
  private readonly describe: (id: string, cgroups: string) => string;

  constructor(options: LiveOptions) {
    this.describe = options.describe ?? (() => "");
    const layout = new RingLayout(options.memory.shape.ring);
    const { slots, events, recordBytes, heapBytes } = layout.shape;
    const { strings, stringBytes } = options.memory.shape;
    const { ringBytes, snaplen, lowLatency, plainTracepoints, dropFailed, noIterators } = options.settings;
    const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);
    // What one batch may ask of the dictionary, which is swept between batches only.
    const share = (room: number): number => Math.max(1, Math.floor(room / 16));
    this.reader = new (loadAddon().LiveReader)(
      options.interner,
      new Uint8Array(options.memory.ring),
      Float64Array.of(
        ...[slots, events, layout.slotBytes, layout.recordsWord, layout.heapByte, recordBytes, heapBytes],
        ...[share(strings), share(stringBytes), options.annexWords ?? 0],
        ...[ringBytes, snaplen, ...[lowLatency, plainTracepoints, dropFailed, noIterators].map(flag)],
      ),
      options.plan,
    );
    const { record } = options.settings;
    if (record !== undefined) this.reader.record(record.path, record.gzip, record.mostBytes, record.mostNs);
  }

  /**
   * Begins to watch, then takes a picture of what is there.
   * @throws PeregrineError with a LIVE_ code where this machine or this user cannot.
   */
  open(): SectionHeader {
    const { platform, arch } = process;
    if (platform !== "linux" || arch !== "x64") {
      throw new PeregrineError("LIVE_PLATFORM", `system calls cannot be watched on ${platform} for ${arch}`);
    }
    if (!this.reader.open()) throw this.error();
    return this.section();
  }

  /** Waits for events, at most 50 ms, and fills the batch with those that are there. */
  fill(slot: number): number {
    const anew = this.reader.fill(slot);
    this.tellOfContainers();
    if (this.reader.failure !== null) return FillResult.FAILED;
    if (this.reader.recorded) return FillResult.END;
    return anew ? FillResult.SECTION : FillResult.MORE;
  }

  /** Every event goes to `recent` as well. Before open(). */
  keep(recent: RecentEvents): void {
    this.reader.keep(recent.native);
  }

  /** Another plan, and annexes of another size, from the next fill on; the programs in the kernel stay where they are. */
  setPlan(plan: Int32Array, annexWords: number): void {
    this.reader.setPlan(plan, annexWords);
  }

  /** What leaves the kernel besides or less than the plan says. */
  setInterest({ calls, events }: Interest): void {
    this.reader.setInterest(calls, events);
  }

  /** A new picture of what is there, after events were lost without which the old one goes wrong. */
  section(): SectionHeader {
    const header = this.reader.snapshot();
    if (header === null) throw this.error();
    this.tellOfContainers();
    return header;
  }

  /** The batch has ended before the first event of a new container: what is known of it is the first of the next. */
  private tellOfContainers(): void {
    for (let asked = this.reader.container; asked !== null; asked = this.reader.container) {
      const end = asked.indexOf("\0");
      this.reader.tell(this.describe(asked.slice(0, end), asked.slice(end + 1)));
    }
  }

  /** The next events, as captures have them, come from elsewhere: they take numbers, and captures have them too. */
  add(events: readonly Uint8Array[]): void {
    for (const event of events) this.reader.add(event);
  }

  get failure(): SourceFailure | null {
    return this.reader.failure;
  }

  private error(): PeregrineError {
    const failure = this.reader.failure;
    if (failure === null) throw new Error("watching the kernel has not failed");
    return new PeregrineError(failure.code as ErrorCode, failure.message);
  }

  /** Totals so far, by LiveCounter; brought up to date by every fill. */
  get counters(): Float64Array {
    return this.reader.counters;
  }

  /** What the kernel lost, DROP_CAUSES numbers for each of DROP_CLASSES; brought up to date by asking. */
  get drops(): Float64Array {
    return this.reader.drops;
  }

  /** Pretends that an event was lost. */
  simulateDrop(): void {
    this.reader.simulateDrop();
  }

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
