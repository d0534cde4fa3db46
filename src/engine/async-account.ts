// SPDX-License-Identifier: Apache-2.0

import { type Guard, PluginCount } from "../batch/guard.js";
import type { Ledger } from "../telemetry/ledger.js";

/** A source to which plugins may add events. */
export interface AccountedSource {
  readonly ledger: Ledger;
  /** The block of its thread. */
  readonly guard: Guard;
}

/**
 * Main's account of asynchronous events: those that were accepted for a source and that it has not written when it ends are
 * lost, in the source's ledger and in their plugin's report.
 */
export class AsyncAccount {
  /** By source and plugin: events that main has passed on. */
  private readonly passed: readonly Float64Array[];
  /** By plugin. */
  private readonly lost: Float64Array;

  constructor(
    plugins: number,
    private readonly sources: readonly AccountedSource[],
  ) {
    this.passed = sources.map(() => new Float64Array(plugins));
    this.lost = new Float64Array(plugins);
  }

  /** An event of `plugin` is passed on to source number `place`. */
  pass(place: number, plugin: number): void {
    this.passed[place][plugin]++;
  }

  /** An event of `plugin` came when the source had ended. */
  late(place: number, plugin: number): void {
    this.lose(place, plugin, 1);
  }

  /** The source has ended, and its last thread is gone. */
  settle(place: number): void {
    const { guard } = this.sources[place];
    for (const [plugin, passed] of this.passed[place].entries()) {
      const accepted = passed + guard.count(plugin, PluginCount.ADDED);
      this.lose(place, plugin, accepted - guard.count(plugin, PluginCount.WRITTEN));
    }
  }

  private lose(place: number, plugin: number, events: number): void {
    if (events === 0) return;
    this.lost[plugin] += events;
    this.sources[place].ledger.unwritten(events);
  }

  /** Events of `plugin` that were lost so far. */
  of(plugin: number): number {
    return this.lost[plugin];
  }
}
