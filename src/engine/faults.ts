// SPDX-License-Identifier: Apache-2.0

import { batchesBetween, type Control, ControlWord, SlotControl, SlotState } from "../batch/control.js";
import { HEAD_SLOTS, type ProcessRows, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import type { EventView } from "../fields/view.js";
import type { Matcher } from "../rules/matcher.js";

/** Faults at the event with number `event`, the first `times` times that it is evaluated. */
export interface FaultAt {
  readonly event: number;
  readonly times: number;
}

/**
 * Faults on purpose, for the tests of the protocol between the threads. Only tests fill this object; nothing on the
 * command line or in the environment leads here.
 */
export interface Faults {
  /** The matcher throws. */
  readonly throwAt?: readonly FaultAt[];
  /** The worker's thread ends. */
  readonly exitAt?: readonly FaultAt[];
  /** Workers sleep up to `maxMs` before a batch, pseudo-random by `seed` and the worker's number. */
  readonly delay?: { readonly seed: number; readonly maxMs: number };
  /** Workers touch a batch only when ingest is this many batches ahead of it, or at its end. */
  readonly ahead?: number;
  /** Number of the first batch of each source. */
  readonly firstBatch?: number;
  /** Workers read the newest version of a process, not the one of the event. */
  readonly newestRows?: boolean;
  /** Module URLs to load in place of the engine's own parts. */
  readonly modules?: { readonly ingest?: string; readonly evaluator?: string };
  /** Anything the modules want; structured-cloned. */
  readonly data?: unknown;
}

/** Faults with the counters that all workers share: one Int32 for each entry of throwAt, then of exitAt. */
export interface ArmedFaults extends Faults {
  readonly counters: SharedArrayBuffer;
}

export function armFaults(faults: Faults): ArmedFaults {
  const entries = (faults.throwAt?.length ?? 0) + (faults.exitAt?.length ?? 0);
  return { ...faults, counters: new SharedArrayBuffer(Math.max(entries, 1) * 4) };
}

/** A matcher that fails as told. */
export function faultyMatcher(matcher: Matcher, faults: ArmedFaults): Matcher {
  const counters = new Int32Array(faults.counters);
  const throwAt = faults.throwAt ?? [];
  const exitAt = faults.exitAt ?? [];
  return {
    get hits() {
      return matcher.hits;
    },
    forget: () => matcher.forget(),
    match(e: EventView): number {
      throwAt.forEach((fault, i) => {
        if (fault.event === e.number && Atomics.add(counters, i, 1) < fault.times) {
          throw new Error(`fault at event ${fault.event}`);
        }
      });
      exitAt.forEach((fault, i) => {
        const counter = throwAt.length + i;
        if (fault.event === e.number && Atomics.add(counters, counter, 1) < fault.times) process.exit(9);
      });
      return matcher.match(e);
    },
  };
}

/** Makes `rows` answer with the newest version, whatever event asks. */
export function breakRows(rows: ProcessRows, heads: SharedArrayBuffer): void {
  const newest = new Int32Array(heads);
  Object.defineProperty(rows, "at", {
    value: (tid: number) => {
      if (tid <= 0 || tid >= HEAD_SLOTS) return 0;
      const row = Atomics.load(newest, tid);
      return rows.words[row * ROW_WORDS + RowWord.TID] === 0 ? 0 : row;
    },
  });
}

/** Pseudo-random numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Sleeps in a worker until ingest is `ahead` batches ahead of the oldest one to do. */
export function waitForLead(control: Control, ahead: number): void {
  for (;;) {
    const seen = control.work.load();
    let oldest = control.load(ControlWord.PUBLISHED);
    for (let i = 0; i < control.slots; i++) {
      if (control.slot(i, SlotControl.STATE) === SlotState.READY) {
        const batch = control.slot(i, SlotControl.BATCH);
        if (batchesBetween(batch, oldest) > 0) oldest = batch;
      }
    }
    if (control.load(ControlWord.ENDED) === 1 || control.draining) return;
    if (batchesBetween(oldest, control.load(ControlWord.PUBLISHED)) >= ahead) return;
    control.work.wait(seen, 20);
  }
}
