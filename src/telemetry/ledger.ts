// SPDX-License-Identifier: Apache-2.0

/*
 * The loss ledger: where every event that a source delivered went. At every moment that can be observed
 *
 *   seen = evaluated + not wanted + state only + merged + unknown type + failed + lost (by stage and cause) + in flight
 *
 * One SharedArrayBuffer of Float64: a block for each writer, then the events held by each slot of the ring.
 *
 *   block 0   ingest     block 1   main     block 2 + w   worker w      BLOCK words each: version, accounts
 *   held      one word a slot: events of the batch in it that are not accounted for yet ("in flight")
 *
 * Each account has one writer. A transfer between accounts (ingest: seen -> in flight; worker: in flight -> evaluated)
 * happens between two increments of the writer's version, so a reader that finds all versions even, and the same before
 * and after, has read no transfer in halves. The second look is an Atomics.add of 0: as a read-modify-write it keeps the
 * reads before it where they are, on machines that reorder loads too.
 *
 * A thread can die within a transfer. So ingest and workers first note what a transfer will change: the old values of their
 * accounts, the slot, and what it held. While a version is odd a reader takes the noted values, which stand still: it sees
 * the moment before the transfer and never waits for a thread that may be dead. Main undoes what a dead thread left half
 * done, or has counted for a batch that will be evaluated again.
 *
 *   word 0 version   1-9 accounts   10-18 accounts before the transfer   19 its slot   20 what the slot held
 */

const BLOCK = 32;
const INGEST = 0;
const MAIN = 1;
const WORKERS = 2;

/** Accounts of the ingest block. */
const Account = {
  SEEN: 1,
  NOT_WANTED: 2,
  STATE_ONLY: 3,
  MERGED: 4,
  UNKNOWN_TYPE: 5,
  LOST_OVERSIZE: 6,
  LOST_STATE: 7,
  LOST_KERNEL: 8,
  LOST_SOURCE: 9,
} as const;

const ACCOUNTS = 9;

/** What a block notes before a transfer. */
const Note = {
  /** The accounts as they were. */
  ACCOUNTS: 10,
  SLOT: 19,
  /** What the slot held; it follows the accounts. */
  HELD: 20,
} as const;

const EVALUATED = 1;
const FAILED = 2;
const LOST_STOPPED = 1;
const LOST_UNWRITTEN = 2;

export interface LedgerBuffer {
  readonly words: SharedArrayBuffer;
  readonly workers: number;
  readonly slots: number;
}

export function createLedger(workers: number, slots: number): LedgerBuffer {
  return { words: new SharedArrayBuffer(((WORKERS + workers) * BLOCK + slots) * 8), workers, slots };
}

/** Cumulative counts of a source, as its reader keeps them. */
export interface SourceCounts {
  seen: number;
  notWanted: number;
  stateOnly: number;
  merged: number;
  unknownType: number;
  oversize: number;
  /** Lost before they came out of the kernel. */
  kernel: number;
  /** Events that a plugin made and that are none: without data, or of no use. Left out: as it was. */
  faulty?: number;
}

export interface LedgerSnapshot {
  readonly seen: number;
  readonly evaluated: number;
  /** Passed over: no rule wants events of their type. */
  readonly notWanted: number;
  /** Changed the process and fd tables alone, or were told apart as not even that. */
  readonly stateOnly: number;
  /** Old halves of system calls that were made one event. */
  readonly merged: number;
  readonly unknownType: number;
  /** Events whose evaluation failed twice. */
  readonly failed: number;
  readonly lost: readonly { readonly stage: string; readonly cause: string; readonly events: number }[];
  readonly inFlight: number;
  /** seen minus all the others: 0, or the ledger lies. */
  readonly difference: number;
}

/** One thread's view of the ledger. */
export class Ledger {
  private readonly values: Float64Array;
  private readonly versions: Int32Array;
  private readonly workers: number;
  private readonly slots: number;
  private readonly held: number;

  constructor(buffer: LedgerBuffer) {
    this.values = new Float64Array(buffer.words);
    this.versions = new Int32Array(buffer.words);
    this.workers = buffer.workers;
    this.slots = buffer.slots;
    this.held = (WORKERS + buffer.workers) * BLOCK;
  }

  /**
   * Ingest: the source's counts after a fill, and the batch that came of it.
   * @param wanted events that the batch in `slot` hands to the workers, 0 for none
   * @param dropped events that the reader wrote for rules and that the state stage does not hand on
   */
  filled(counts: SourceCounts, slot: number, wanted: number, dropped: number): void {
    const values = this.values;
    this.note(INGEST, slot);
    this.turn(INGEST);
    values[Account.SEEN] = counts.seen;
    values[Account.NOT_WANTED] = counts.notWanted;
    values[Account.STATE_ONLY] = counts.stateOnly;
    values[Account.MERGED] = counts.merged;
    values[Account.UNKNOWN_TYPE] = counts.unknownType;
    values[Account.LOST_OVERSIZE] = counts.oversize;
    values[Account.LOST_KERNEL] = counts.kernel;
    if (counts.faulty !== undefined) values[Account.LOST_SOURCE] = counts.faulty;
    values[Account.LOST_STATE] += dropped;
    values[this.held + slot] = wanted;
    this.turn(INGEST);
  }

  /**
   * Worker `worker`: the batch in `slot` is done; `failed` of its events could not be evaluated. `reopen` undoes it while
   * the worker has begun no other.
   */
  evaluated(worker: number, slot: number, failed: number): void {
    const base = (WORKERS + worker) * BLOCK;
    const events = this.values[this.held + slot];
    this.note(WORKERS + worker, slot);
    this.turn(WORKERS + worker);
    this.values[base + EVALUATED] += events - failed;
    this.values[base + FAILED] += failed;
    this.values[this.held + slot] = 0;
    this.turn(WORKERS + worker);
  }

  /**
   * Main, in place of worker `worker`, which died with the batch in `slot`: of its `events` none is accounted for, since all
   * will be evaluated again.
   */
  reopen(worker: number, slot: number, events: number): void {
    const block = WORKERS + worker;
    const counted = this.values[this.held + slot] !== events;
    if (this.odd(block)) {
      this.undo(block);
    } else if (counted) {
      this.turn(block);
      this.undo(block);
    }
  }

  /** What ingest has counted so far: where another thread that takes its place goes on. */
  counts(): SourceCounts {
    const { values } = this;
    return {
      seen: values[Account.SEEN],
      notWanted: values[Account.NOT_WANTED],
      stateOnly: values[Account.STATE_ONLY],
      merged: values[Account.MERGED],
      unknownType: values[Account.UNKNOWN_TYPE],
      oversize: values[Account.LOST_OVERSIZE],
      kernel: values[Account.LOST_KERNEL],
      faulty: values[Account.LOST_SOURCE],
    };
  }

  /**
   * Main, in place of an ingest thread that has died: takes back what it left half done. What it had counted for the batch
   * in `slot`, which it did not publish, is lost.
   */
  orphaned(slot: number): void {
    if (this.odd(INGEST)) this.undo(INGEST);
    this.note(INGEST, slot);
    this.turn(INGEST);
    this.values[Account.LOST_SOURCE] += this.values[this.held + slot];
    this.values[this.held + slot] = 0;
    this.turn(INGEST);
  }

  /** Main, when no other thread of the run is left: what is still in flight is lost. */
  abandon(): void {
    for (let block = 0; block < WORKERS + this.workers; block++) if (this.odd(block)) this.undo(block);
    this.turn(MAIN);
    for (let slot = 0; slot < this.slots; slot++) {
      this.values[MAIN * BLOCK + LOST_STOPPED] += this.values[this.held + slot];
      this.values[this.held + slot] = 0;
    }
    this.turn(MAIN);
  }

  /**
   * Main: so many asynchronous events were accepted for the source, which has ended and has not written them. They were never
   * in flight: they are seen and lost at once.
   */
  unwritten(events: number): void {
    this.turn(MAIN);
    this.values[MAIN * BLOCK + LOST_UNWRITTEN] += events;
    this.turn(MAIN);
  }

  private odd(block: number): boolean {
    return (Atomics.load(this.versions, block * BLOCK * 2) & 1) === 1;
  }

  private note(block: number, slot: number): void {
    const { values } = this;
    const base = block * BLOCK;
    for (let i = 1; i <= ACCOUNTS; i++) values[base + Note.ACCOUNTS + i - 1] = values[base + i];
    values[base + Note.SLOT] = slot;
    values[base + Note.HELD] = values[this.held + slot];
  }

  /** Takes the noted values back; ends the transfer. */
  private undo(block: number): void {
    const { values } = this;
    const base = block * BLOCK;
    for (let i = 1; i <= ACCOUNTS; i++) values[base + i] = values[base + Note.ACCOUNTS + i - 1];
    values[this.held + values[base + Note.SLOT]] = values[base + Note.HELD];
    this.turn(block);
  }

  private turn(block: number): void {
    Atomics.add(this.versions, block * BLOCK * 2, 1);
  }

  /** A consistent reading, from any thread, while the others go on. */
  snapshot(): LedgerSnapshot {
    const blocks = WORKERS + this.workers;
    const before = new Int32Array(blocks);
    for (;;) {
      for (let b = 0; b < blocks; b++) before[b] = Atomics.load(this.versions, b * BLOCK * 2);
      // Main does not die: what it does ends.
      if ((before[MAIN] & 1) === 1) continue;
      const reading = this.read(before);
      let same = true;
      for (let b = 0; b < blocks; b++) if (Atomics.add(this.versions, b * BLOCK * 2, 0) !== before[b]) same = false;
      if (same) return reading;
    }
  }

  /** Reads all blocks; one whose version is odd as it was before its transfer. */
  private read(versions: Int32Array): LedgerSnapshot {
    const values = this.values;
    const held = values.slice(this.held, this.held + this.slots);
    // Where the accounts of a block are: its own, or those that it noted.
    const accounts = (block: number): number => {
      const base = block * BLOCK;
      if ((versions[block] & 1) === 0) return base;
      held[values[base + Note.SLOT]] = values[base + Note.HELD];
      return base + Note.ACCOUNTS - 1;
    };
    let evaluated = 0;
    let failed = 0;
    for (let w = 0; w < this.workers; w++) {
      const base = accounts(WORKERS + w);
      evaluated += values[base + EVALUATED];
      failed += values[base + FAILED];
    }
    const ingest = accounts(INGEST);
    let inFlight = 0;
    for (const events of held) inFlight += events;
    const unwritten = values[MAIN * BLOCK + LOST_UNWRITTEN];
    const seen = values[ingest + Account.SEEN] + unwritten;
    const notWanted = values[ingest + Account.NOT_WANTED];
    const stateOnly = values[ingest + Account.STATE_ONLY];
    const merged = values[ingest + Account.MERGED];
    const unknownType = values[ingest + Account.UNKNOWN_TYPE];
    const lost = [
      { stage: "kernel", cause: "ring full", events: values[ingest + Account.LOST_KERNEL] },
      { stage: "reader", cause: "oversize", events: values[ingest + Account.LOST_OVERSIZE] },
      { stage: "state", cause: "dropped", events: values[ingest + Account.LOST_STATE] },
      { stage: "source", cause: "fault", events: values[ingest + Account.LOST_SOURCE] },
      { stage: "plugin", cause: "unwritten", events: unwritten },
      { stage: "engine", cause: "stopped", events: values[MAIN * BLOCK + LOST_STOPPED] },
    ];
    let sum = evaluated + notWanted + stateOnly + merged + unknownType + failed + inFlight;
    for (const entry of lost) sum += entry.events;
    const difference = seen - sum;
    return {
      seen,
      evaluated,
      notWanted,
      stateOnly,
      merged,
      unknownType,
      failed,
      lost: lost.filter((entry) => entry.events !== 0),
      inFlight,
      difference,
    };
  }
}
