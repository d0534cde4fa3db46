// SPDX-License-Identifier: Apache-2.0

import { DROP_CAUSES, DROP_CLASSES } from "../capture/live.js";

export { DROP_CLASSES } from "../capture/live.js";

/** `syscall_event_drops`: when lost events are told, and how often. */
export interface DropSettings {
  /** Share of lost events beyond which they are told, 0 to 1. */
  readonly threshold: number;
  /** Messages a second, and how many at once. */
  readonly rate: number;
  readonly maxBurst: number;
  /** One event a second is taken for lost, whatever the threshold is. */
  readonly simulate: boolean;
}

/** Lost events of about a second. */
export interface DropNews {
  /** ns since the epoch. */
  readonly time: bigint;
  /** Events since the last look, the lost ones among them. */
  readonly events: number;
  readonly drops: number;
  /** Of them those of each class and cause. */
  readonly parts: readonly { readonly class: string; readonly cause: string; readonly events: number }[];
  /** Since the start. */
  readonly totalDrops: number;
}

const SECOND = 1_000_000_000n;

/**
 * Looks once a second of the events' time how many were lost, and tells it where that is beyond the threshold and the
 * token bucket allows: it starts full, gains `rate` tokens a second, and each message takes one.
 */
export class DropMonitor {
  private next: bigint | null = null;
  private lastEvents = 0;
  private lastDrops: Float64Array | null = null;
  private tokens: number;
  private filled: bigint | null = null;
  private simulated = 0;

  constructor(private readonly settings: DropSettings) {
    this.tokens = settings.maxBurst;
  }

  /**
   * @param time of the last event, ns since the epoch
   * @param events all so far, the lost ones among them
   * @param drops DROP_CAUSES numbers for each of DROP_CLASSES, all so far; null: the source loses none
   */
  look(time: bigint, events: number, drops: Float64Array | null): DropNews | null {
    if (this.next === null) {
      this.next = time + SECOND;
      this.remember(events, drops);
      return null;
    }
    if (time <= this.next) return null;
    this.next = time + SECOND;
    const parts = this.partsOf(drops);
    const { simulate, threshold } = this.settings;
    if (simulate) this.simulated++;
    const lost = parts.reduce((sum, part) => sum + part.events, 0) + (simulate ? 1 : 0);
    const seen = events - this.lastEvents + (simulate ? 1 : 0);
    this.remember(events, drops);
    if (lost === 0 || !(lost / Math.max(seen, lost) > (simulate ? 0 : threshold)) || !this.token(time)) return null;
    const all = [...(drops ?? [])].reduce((sum, count) => sum + count, 0) + this.simulated;
    return { time, events: seen, drops: lost, parts, totalDrops: all };
  }

  private remember(events: number, drops: Float64Array | null): void {
    this.lastEvents = events;
    if (drops === null) return;
    this.lastDrops ??= new Float64Array(drops.length);
    this.lastDrops.set(drops);
  }

  private partsOf(drops: Float64Array | null): DropNews["parts"] {
    if (drops === null) return [];
    const last = this.lastDrops;
    return [...drops].flatMap((count, i) => {
      const events = count - (last?.[i] ?? 0);
      const kind = DROP_CLASSES[Math.floor(i / DROP_CAUSES.length)];
      return events > 0 ? [{ class: kind, cause: DROP_CAUSES[i % DROP_CAUSES.length], events }] : [];
    });
  }

  private token(time: bigint): boolean {
    const { rate, maxBurst } = this.settings;
    const seconds = this.filled === null || time < this.filled ? 0 : Number(time - this.filled) / 1e9;
    this.filled = time;
    this.tokens = Math.min(maxBurst, this.tokens + rate * seconds);
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
