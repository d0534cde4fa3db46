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
 */

const BLOCK = 16;
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
} as const;

const EVALUATED = 1;
const FAILED = 2;
const LOST_STOPPED = 1;

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
    this.turn(INGEST);
    values[Account.SEEN] = counts.seen;
    values[Account.NOT_WANTED] = counts.notWanted;
    values[Account.STATE_ONLY] = counts.stateOnly;
    values[Account.MERGED] = counts.merged;
    values[Account.UNKNOWN_TYPE] = counts.unknownType;
    values[Account.LOST_OVERSIZE] = counts.oversize;
    values[Account.LOST_STATE] += dropped;
    values[this.held + slot] = wanted;
    this.turn(INGEST);
  }

  /** Worker `worker`: the batch in `slot` is done; `failed` of its events could not be evaluated. */
  evaluated(worker: number, slot: number, failed: number): void {
    const base = (WORKERS + worker) * BLOCK;
    const events = this.values[this.held + slot];
    this.turn(WORKERS + worker);
    this.values[base + EVALUATED] += events - failed;
    this.values[base + FAILED] += failed;
    this.values[this.held + slot] = 0;
    this.turn(WORKERS + worker);
  }

  /** Main, when no other thread of the run is left: what is still in flight is lost. */
  abandon(): void {
    this.turn(MAIN);
    for (let slot = 0; slot < this.slots; slot++) {
      this.values[MAIN * BLOCK + LOST_STOPPED] += this.values[this.held + slot];
      this.values[this.held + slot] = 0;
    }
    this.turn(MAIN);
  }

  private turn(block: number): void {
    Atomics.add(this.versions, block * BLOCK * 2, 1);
  }

  /** A consistent reading, from any thread, while the others go on. */
  snapshot(): LedgerSnapshot {
    const blocks = WORKERS + this.workers;
    const before = new Int32Array(blocks);
    for (;;) {
      let even = true;
      for (let b = 0; b < blocks; b++) {
        before[b] = Atomics.load(this.versions, b * BLOCK * 2);
        if ((before[b] & 1) === 1) even = false;
      }
      if (!even) continue;
      const reading = this.read();
      let same = true;
      for (let b = 0; b < blocks; b++) if (Atomics.add(this.versions, b * BLOCK * 2, 0) !== before[b]) same = false;
      if (same) return reading;
    }
  }

  private read(): LedgerSnapshot {
    const values = this.values;
    let evaluated = 0;
    let failed = 0;
    for (let w = 0; w < this.workers; w++) {
      evaluated += values[(WORKERS + w) * BLOCK + EVALUATED];
      failed += values[(WORKERS + w) * BLOCK + FAILED];
    }
    let inFlight = 0;
    for (let slot = 0; slot < this.slots; slot++) inFlight += values[this.held + slot];
    const seen = values[Account.SEEN];
    const notWanted = values[Account.NOT_WANTED];
    const stateOnly = values[Account.STATE_ONLY];
    const merged = values[Account.MERGED];
    const unknownType = values[Account.UNKNOWN_TYPE];
    const lost = [
      { stage: "reader", cause: "oversize", events: values[Account.LOST_OVERSIZE] },
      { stage: "state", cause: "dropped", events: values[Account.LOST_STATE] },
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
