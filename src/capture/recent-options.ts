// SPDX-License-Identifier: Apache-2.0

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
