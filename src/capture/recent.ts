// SPDX-License-Identifier: Apache-2.0

import type { Interner } from "../batch/interner.js";
import type { NativeRecent, NativeStage } from "./addon.js";
import { loadAddon } from "./addon.js";
import type { FinishedCapture, RecentOptions } from "./recent-options.js";

export type { FinishedCapture, RecentOptions } from "./recent-options.js";

/** The events that were read lately, on their way to captures; native/recent_events.h describes it. */
export class RecentEvents {
  readonly native: NativeRecent;

  constructor(stage: NativeStage, interner: Interner, options: RecentOptions) {
    this.native = new (loadAddon().RecentEvents)(stage, interner, options);
  }

  /** Takes a picture of what is there behind the last event. @param section the source tells it anew */
  begin(section: boolean): void {
    this.native.begin(section);
  }

  /** A picture is due. */
  get due(): boolean {
    return this.native.due;
  }

  /** @param duration ns */
  match(event: number, time: bigint, duration: number): void {
    this.native.match(event, time, duration);
  }

  choose(numbers: Float64Array): void {
    this.native.choose(numbers);
  }

  /** Nothing more will be heard of events up to this number. */
  settle(event: number): void {
    this.native.settle(event);
  }

  passTime(now: bigint): void {
    this.native.passTime(now);
  }

  /** The one capture has an end. */
  get full(): boolean {
    return this.native.full;
  }

  finished(): readonly FinishedCapture[] {
    return this.native.finished();
  }

  close(): void {
    this.native.close();
  }
}
