// SPDX-License-Identifier: Apache-2.0

import { createWork, Work, type WorkBuffer } from "./work.js";

/*
 * The control block: who owns which slot of a source's ring, and what became of each batch. One SharedArrayBuffer of Int32
 * for each source; the workers serve all of them, and sleep on a word that the sources of a run share (work.ts).
 *
 *   head      16 words   ControlWord: counters and two futex words
 *   slots     32 words each   SlotControl: FREE -> READY -> CLAIMED + worker -> FREE; CURSOR in a cache line of its own
 *   results   RESULTS entries of 2 words   batch number, attempt << 1 | (1 = its alerts were posted)
 *   times     RESULTS entries of 2 Float64   when the batch was published and when it was done, ns of the system clock
 *
 *             publish                claim (CAS)               complete
 *   ingest ────────────> READY ───────────────────> CLAIMED ───────────────> FREE ──> ingest
 *                          ^       give back, or main       │
 *                          └──── for a worker that died ────┘
 *
 * Ordering. All words that hand something over are written with Atomics (sequentially consistent), after the plain stores
 * of what is handed over: ring words before READY, the result and its times before FREE, the failed event before READY.
 * The next owner loads the same word first. So one owner at a time touches a slot, and sees all that the one before wrote.
 * CURSOR alone is a plain store for each event; main reads it when the worker is known to be dead, and the notice of its
 * death comes after its last store.
 *
 * Sleeping. A futex word counts; a thread loads it, looks for work, and sleeps only while the word still has that value.
 * Whoever makes work bumps the word after the work is visible, so no wake-up is lost.
 *
 *   ROOM    ingest: a slot is FREE, a batch released
 *   SPACE   workers with alerts to post: bytes were written, or the oldest batch moved on
 *
 * Main sleeps in its event loop. A worker posts it a message for a batch with alerts, for each batch whose number is a
 * multiple of the heartbeat, and for the batch main waits for: main stores its number in WANT and looks at the result again;
 * a worker stores the result and looks at WANT. Of two sequentially consistent store-then-load pairs one sees the other.
 *
 * Batch numbers are Int32 and wrap: a machine that is watched for months comes to the end of them. So they are compared by
 * their distance (batchesBetween), which is right while they lie within 2^31 of each other; those in use lie within RESULTS.
 *
 * No deadlock. A worker holds at most one batch. It waits for SPACE only while an older batch is not released, and the
 * owner of the oldest batch never waits; an oldest batch that nobody owns counts as owned by all (see mayPost).
 */

export const ControlWord = {
  /** Stop bits. */
  STOP: 0,
  /** Batches published so far: the number of the next one. */
  PUBLISHED: 1,
  /** 1: PUBLISHED is final. */
  ENDED: 2,
  /** First batch whose alerts are not written yet. */
  RELEASED: 3,
  /** Batch that main waits for, -1 = none. */
  WANT: 4,
  ROOM: 6,
  SPACE: 7,
  /** Bytes of alerts that were posted and are not written yet. */
  ALERT_BYTES: 8,
  /** Main hears of batches whose number has none of these bits, even if they have no alerts. */
  HEARTBEAT_MASK: 9,
  /** Version of the rules for the batches to come; a source of a plugin's reads it, others are told by mail. */
  RULES: 10,
  /** Messages that main has sent to the ingest thread: it looks for them when this changes. */
  MAIL: 11,
  /** Messages that main has sent to the workers; that of the run's first source alone counts. */
  OFFERS: 12,
  /** 1: no rule looks at the events of a plugin's source. */
  UNWANTED: 13,
  HEAD: 16,
} as const;

export const Stop = {
  RUN: 0,
  /** Ingest stops; what was published is evaluated and written. */
  DRAIN: 1,
  /** Everybody leaves after the batch in hand. */
  ABORT: 2,
} as const;

export const SlotState = { FREE: 0, READY: 1, CLAIMED: 2 } as const;

export const SlotControl = {
  /** SlotState; CLAIMED + number of the worker while one has it. */
  STATE: 0,
  BATCH: 1,
  /** How often the batch went back. */
  ATTEMPT: 2,
  /** Index of the event at which the last attempt failed, or a FailedAt. */
  FAILED_AT: 3,
  /** Worker that failed, -1 = none; another one gets the batch first. */
  FAILED_BY: 4,
  /** Events of the batch that failed twice. */
  FAILURES: 5,
  /** Number + 1 of the plugin that is not to be asked about the event with index BARRED_AT; 0: none. */
  BARRED: 6,
  BARRED_AT: 7,
  /**
   * Index of the event that is being evaluated, -1 = before the first, their number = behind the last. Written for every event, so it shares no cache line
   * with a word that another thread looks at, nor with another slot's cursor.
   */
  CURSOR: 16,
  WORDS: 32,
} as const;

export const FailedAt = {
  /** There was no attempt yet. */
  NONE: -1,
  /** The worker died before the first event. */
  START: -2,
} as const;

/** Results that are remembered: ingest may be that many batches ahead of what main has released. A power of two. */
export const RESULTS = 4096;
/** Main hears of every HEARTBEAT-th batch even if it has no alerts, unless a source asks for more. A power of two. */
export const HEARTBEAT = 256;

/** What became of a batch: PENDING, NO_ALERTS, or the number of the attempt whose message carries its alerts. */
export const Result = { PENDING: -2, NO_ALERTS: -1 } as const;

/** How many batches `to` comes after `from`; negative where it comes before. */
export function batchesBetween(from: number, to: number): number {
  return (to - from) | 0;
}

export function batchAfter(batch: number): number {
  return (batch + 1) | 0;
}

/** The slot of a batch. Where the numbers wrap two batches on end may have the same one: the second waits for the first. */
function slotOf(batch: number, slots: number): number {
  return (batch >>> 0) % slots;
}

export interface ControlBuffer {
  readonly words: SharedArrayBuffer;
  readonly slots: number;
  readonly work: WorkBuffer;
}

/**
 * @param work the word that the workers of the run sleep on
 * @param heartbeat main hears of each batch that is a multiple of it: a power of two
 * @param first number of the first batch
 */
export function createControl(
  slots: number,
  work: WorkBuffer = createWork(1),
  heartbeat = HEARTBEAT,
  first = 0,
): ControlBuffer {
  const results = resultsWord(slots);
  const words = new SharedArrayBuffer((results + RESULTS * 2) * 4 + RESULTS * 16);
  const view = new Int32Array(words);
  view[ControlWord.WANT] = -1;
  view[ControlWord.HEARTBEAT_MASK] = heartbeat - 1;
  view[ControlWord.PUBLISHED] = first;
  view[ControlWord.RELEASED] = first;
  // No batch that anybody will ask for.
  for (let i = 0; i < RESULTS; i++) view[results + i * 2] = first - 1;
  return { words, slots, work };
}

function resultsWord(slots: number): number {
  const end = ControlWord.HEAD + slots * SlotControl.WORDS;
  return end + (end & 1);
}

/** One thread's view of the control block. */
export class Control {
  readonly slots: number;
  /** For CURSOR's plain store; index with cursorWord(slot). */
  readonly words: Int32Array;
  /** What workers sleep on. */
  readonly work: Work;
  private readonly results: number;
  private readonly times: Float64Array;
  private readonly heartbeat: number;

  constructor(buffer: ControlBuffer) {
    this.slots = buffer.slots;
    this.work = new Work(buffer.work);
    this.words = new Int32Array(buffer.words);
    this.results = resultsWord(buffer.slots);
    this.times = new Float64Array(buffer.words, (this.results + RESULTS * 2) * 4, RESULTS * 2);
    this.heartbeat = this.words[ControlWord.HEARTBEAT_MASK];
  }

  load(word: number): number {
    return Atomics.load(this.words, word);
  }

  slot(slot: number, word: number): number {
    return Atomics.load(this.words, ControlWord.HEAD + slot * SlotControl.WORDS + word);
  }

  private setSlot(slot: number, word: number, value: number): void {
    Atomics.store(this.words, ControlWord.HEAD + slot * SlotControl.WORDS + word, value);
  }

  cursorWord(slot: number): number {
    return ControlWord.HEAD + slot * SlotControl.WORDS + SlotControl.CURSOR;
  }

  private bump(word: number): void {
    Atomics.add(this.words, word, 1);
    Atomics.notify(this.words, word);
  }

  /**
   * Sleeps while futex word `word` is `seen`, at most `ms`. Not for the main thread.
   * @returns whether the time ran out
   */
  wait(word: number, seen: number, ms = Number.POSITIVE_INFINITY): boolean {
    return Atomics.wait(this.words, word, seen, ms) === "timed-out";
  }

  /** Tells everybody to stop: Stop.DRAIN or Stop.ABORT. */
  stop(how: number): void {
    Atomics.or(this.words, ControlWord.STOP, how);
    this.work.bump();
    this.bump(ControlWord.ROOM);
    this.bump(ControlWord.SPACE);
  }

  get draining(): boolean {
    return this.load(ControlWord.STOP) !== Stop.RUN;
  }

  get aborted(): boolean {
    return (this.load(ControlWord.STOP) & Stop.ABORT) !== 0;
  }

  // ------------------------------------------------------------------------------------------------------------ ingest

  /** The slot of the next batch. */
  nextSlot(): number {
    return slotOf(this.words[ControlWord.PUBLISHED], this.slots);
  }

  /** Whether the next batch may be written into its slot. */
  mayFill(): boolean {
    return (
      this.slot(this.nextSlot(), SlotControl.STATE) === SlotState.FREE &&
      batchesBetween(this.load(ControlWord.RELEASED), this.words[ControlWord.PUBLISHED]) < RESULTS
    );
  }

  /** Whether no slot is READY or CLAIMED. */
  idle(): boolean {
    for (let i = 0; i < this.slots; i++) if (this.slot(i, SlotControl.STATE) !== SlotState.FREE) return false;
    return true;
  }

  /** Hands the batch in its slot to the workers. */
  publish(): void {
    const batch = this.words[ControlWord.PUBLISHED];
    const slot = slotOf(batch, this.slots);
    const base = ControlWord.HEAD + slot * SlotControl.WORDS;
    this.words[base + SlotControl.BATCH] = batch;
    this.words[base + SlotControl.ATTEMPT] = 0;
    this.words[base + SlotControl.FAILED_AT] = FailedAt.NONE;
    this.words[base + SlotControl.FAILED_BY] = -1;
    this.words[base + SlotControl.CURSOR] = -1;
    this.words[base + SlotControl.FAILURES] = 0;
    this.words[base + SlotControl.BARRED] = 0;
    Atomics.store(this.words, ControlWord.PUBLISHED, batchAfter(batch));
    this.setSlot(slot, SlotControl.STATE, SlotState.READY);
    this.work.bump(1);
  }

  /** There will be no batch after those published. */
  end(): void {
    Atomics.store(this.words, ControlWord.ENDED, 1);
    this.work.bump();
  }

  // ----------------------------------------------------------------------------------------------------------- workers

  /**
   * Claims the oldest READY batch for `worker`.
   * @param own whether a batch that this very worker failed on may be taken
   * @returns its slot, -1 where there is none
   */
  claim(worker: number, own: boolean): number {
    for (;;) {
      let best = -1;
      let oldest = 0;
      for (let i = 0; i < this.slots; i++) {
        if (this.slot(i, SlotControl.STATE) !== SlotState.READY) continue;
        if (!own && this.slot(i, SlotControl.FAILED_BY) === worker) continue;
        const batch = this.slot(i, SlotControl.BATCH);
        if (best !== -1 && batchesBetween(oldest, batch) > 0) continue;
        best = i;
        oldest = batch;
      }
      if (best === -1) return -1;
      const state = ControlWord.HEAD + best * SlotControl.WORDS + SlotControl.STATE;
      const claimed = SlotState.CLAIMED + worker;
      if (Atomics.compareExchange(this.words, state, SlotState.READY, claimed) === SlotState.READY) return best;
    }
  }

  /** Whether a batch that `worker` failed on is waiting for another worker. */
  failedBy(worker: number): boolean {
    for (let i = 0; i < this.slots; i++) {
      if (this.slot(i, SlotControl.STATE) === SlotState.READY && this.slot(i, SlotControl.FAILED_BY) === worker) {
        return true;
      }
    }
    return false;
  }

  /** Whether workers may leave: everything is published and no batch can come back. */
  finished(): boolean {
    return this.load(ControlWord.ENDED) === 1 && this.idle();
  }

  /** Whether the owner of `batch` may post alerts now: there is room, or nobody else could make room. */
  mayPost(batch: number, limit: number): boolean {
    if (this.load(ControlWord.ALERT_BYTES) < limit || this.aborted) return true;
    const oldest = this.load(ControlWord.RELEASED);
    if (oldest === batch) return true;
    const slot = slotOf(oldest, this.slots);
    return this.slot(slot, SlotControl.STATE) === SlotState.READY && this.slot(slot, SlotControl.BATCH) === oldest;
  }

  addAlertBytes(bytes: number): void {
    Atomics.add(this.words, ControlWord.ALERT_BYTES, bytes);
  }

  /**
   * Records the result of the batch in `slot` and gives the slot back to ingest.
   * @param alerts whether the alerts of this attempt were posted
   * @returns whether main must be told
   */
  complete(slot: number, alerts: boolean, published: number, done: number): boolean {
    const batch = this.slot(slot, SlotControl.BATCH);
    const entry = batch & (RESULTS - 1);
    this.times[entry * 2] = published;
    this.times[entry * 2 + 1] = done;
    this.words[this.results + entry * 2 + 1] = (this.slot(slot, SlotControl.ATTEMPT) << 1) | (alerts ? 1 : 0);
    Atomics.store(this.words, this.results + entry * 2, batch);
    this.free(slot);
    return (batch & this.heartbeat) === 0 || this.load(ControlWord.WANT) === batch;
  }

  private free(slot: number): void {
    this.setSlot(slot, SlotControl.STATE, SlotState.FREE);
    this.bump(ControlWord.ROOM);
    if (this.load(ControlWord.ENDED) === 1) this.work.bump();
  }

  /**
   * Gives the batch in `slot` back after a failure at event `index` (negative: before the first), for another attempt by
   * another worker.
   */
  giveBack(slot: number, index: number, worker: number): void {
    this.setSlot(slot, SlotControl.FAILED_AT, index < 0 ? FailedAt.START : index);
    this.setSlot(slot, SlotControl.FAILED_BY, worker);
    Atomics.add(this.words, ControlWord.HEAD + slot * SlotControl.WORDS + SlotControl.ATTEMPT, 1);
    // The next attempt has begun no event: where this one was would be taken for its place, should it die at once.
    this.words[this.cursorWord(slot)] = -1;
    this.setSlot(slot, SlotControl.STATE, SlotState.READY);
    this.work.bump();
  }

  /**
   * Main, which owns the slot of a dead worker: the next attempt evaluates event `index` without asking plugin `plugin`, at
   * which this one ended. @returns false where that was so already, and did not help
   */
  bar(slot: number, index: number, plugin: number): boolean {
    const barred = this.slot(slot, SlotControl.BARRED);
    if (barred !== 0 && this.slot(slot, SlotControl.BARRED_AT) === index) return false;
    this.setSlot(slot, SlotControl.BARRED_AT, index);
    this.setSlot(slot, SlotControl.BARRED, plugin + 1);
    return true;
  }

  /** Counts an event of the batch as failed for good; its entry of `wanted` is cleared by the caller, who owns the slot. */
  addFailures(slot: number, events: number): void {
    Atomics.add(this.words, ControlWord.HEAD + slot * SlotControl.WORDS + SlotControl.FAILURES, events);
  }

  // -------------------------------------------------------------------------------------------------------------- main

  /** Says that a message was sent: to the ingest thread (MAIL) or to the workers (OFFERS). After it was posted. */
  ring(word: typeof ControlWord.MAIL | typeof ControlWord.OFFERS): void {
    Atomics.add(this.words, word, 1);
    if (word === ControlWord.OFFERS) this.work.bump();
    else this.bump(ControlWord.ROOM);
  }

  /** For main's words that other threads look at: RULES, UNWANTED. */
  store(word: typeof ControlWord.RULES | typeof ControlWord.UNWANTED, value: number): void {
    Atomics.store(this.words, word, value);
  }

  /** What became of a batch: PENDING, NO_ALERTS, or the attempt whose message carries its alerts. */
  result(batch: number): number {
    const at = this.results + (batch & (RESULTS - 1)) * 2;
    if (Atomics.load(this.words, at) !== batch) return Result.PENDING;
    const info = this.words[at + 1];
    return (info & 1) === 0 ? Result.NO_ALERTS : info >> 1;
  }

  publishedAt(batch: number): number {
    return this.times[(batch & (RESULTS - 1)) * 2];
  }

  doneAt(batch: number): number {
    return this.times[(batch & (RESULTS - 1)) * 2 + 1];
  }

  /** Asks to be told of `batch` (-1: of none). Look at its result again afterwards. */
  want(batch: number): void {
    Atomics.store(this.words, ControlWord.WANT, batch);
  }

  /** Batches before `batch` are written, with `bytes` of alerts. */
  release(batch: number, bytes: number): void {
    if (bytes !== 0) Atomics.sub(this.words, ControlWord.ALERT_BYTES, bytes);
    Atomics.store(this.words, ControlWord.RELEASED, batch);
    this.bump(ControlWord.SPACE);
    this.bump(ControlWord.ROOM);
  }

  /** The slot that a dead worker has left claimed, -1 where it held none. A batch it had finished is given back to ingest. */
  abandoned(worker: number): number {
    for (let i = 0; i < this.slots; i++) {
      if (this.slot(i, SlotControl.STATE) !== SlotState.CLAIMED + worker) continue;
      if (this.result(this.slot(i, SlotControl.BATCH)) === Result.PENDING) return i;
      this.free(i);
    }
    return -1;
  }
}
