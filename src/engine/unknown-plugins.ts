// SPDX-License-Identifier: Apache-2.0

import { batchesBetween, RESULTS } from "../batch/control.js";

/** Pairs: ID of a plugin that is not loaded, events of it in a batch. */
export type UnknownEvents = readonly (readonly [id: number, events: number])[];

/**
 * Events of plugins that are not loaded, by ID. A batch is told of before it is completed, and evaluated again where its worker
 * dies between the two: then what is told last counts.
 */
export class UnknownPlugins {
  private readonly totals = new Map<number, number>();
  /** Of batches that are in flight, or were lately; the oldest first, about. */
  private readonly told = new Map<number, UnknownEvents>();

  /**
   * @param released batches before this one are done
   * @returns IDs that are new
   */
  add(batch: number, events: UnknownEvents, released: number): readonly number[] {
    for (const [id, count] of this.told.get(batch) ?? []) this.count(id, -count);
    // Some behind what is released: it may be known that a batch is done before what its worker told is heard.
    for (const known of this.told.keys()) {
      if (batchesBetween(known, released) <= RESULTS) break;
      this.told.delete(known);
    }
    this.told.set(batch, events);
    const fresh = events.flatMap(([id]) => (this.totals.has(id) ? [] : [id]));
    for (const [id, count] of events) this.count(id, count);
    return fresh;
  }

  private count(id: number, events: number): void {
    this.totals.set(id, (this.totals.get(id) ?? 0) + events);
  }

  report(): readonly { readonly id: number; readonly events: number }[] {
    return [...this.totals].map(([id, events]) => ({ id, events }));
  }
}
