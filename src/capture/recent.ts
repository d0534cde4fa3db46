// SPDX-License-Identifier: Apache-2.0

import type { Interner } from "../batch/interner.js";
import type { NativeRecent, NativeStage } from "./addon.js";
import { loadAddon } from "./addon.js";
import type { SourceFailure } from "./source.js";

/** Captures around matches: PREFIX_TIME_NUMBER.scap, gzip. A bound of 0 is none. */
export interface MatchCaptures {
  readonly prefix: string;
  /** At the most of what came before the match. */
  readonly beforeBytes: number;
  readonly beforeNs: number;
  /** Of a file. */
  readonly mostBytes: number;
}

/** One capture of the events that are chosen, with those that change state. */
export interface ChosenCapture {
  readonly path: string;
  /** 1 to 9; 0: plain. */
  readonly gzip: number;
  readonly mostBytes: number;
  readonly mostNs: number;
}

export type RecentOptions = MatchCaptures | ChosenCapture;

/** A capture that is not written to any more. */
export interface FinishedCapture {
  readonly path: string;
  /** Number of the event that it was begun for. */
  readonly match: number;
  readonly events: number;
  /** It is as large or as long as it may be. */
  readonly cut: boolean;
  readonly failure: SourceFailure | null;
}

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
