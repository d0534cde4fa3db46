// SPDX-License-Identifier: Apache-2.0

import type { Encoder } from "../alerts/encoder.js";
import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import type { RecentEvents, RecentOptions } from "../capture/recent.js";
import type { SectionHeader, Source } from "../capture/source.js";
import type { PluginHost } from "../plugins/host.js";
import type { Matcher } from "../rules/matcher.js";
import type { SourceCounts } from "../telemetry/ledger.js";
import type { RulesDemand } from "./ingest-mail.js";
import type { SyscallSpec } from "./source-spec.js";

/** A source that keeps count. */
export interface CountedSource extends Source {
  /** Stores the cumulative counts. @returns the records written for rules so far */
  counts(into: SourceCounts): number;
  /** Event types beyond the table that were met, and how often. */
  unknownTypes(): readonly { readonly type: number; readonly count: number }[];
  /**
   * These events, as captures have them, were added behind the source's last one.
   * @param records of them: the others were too large
   * @param wanted records that are for the rules
   */
  added?(events: readonly Uint8Array[], records: number, wanted: number): void;
  /** Bytes read from the input, and ns spent inflating it. */
  readonly bytes: number;
  readonly inflateNs: number;
  /** What the kernel lost, DROP_CAUSES numbers for each of DROP_CLASSES; absent: the source is no kernel. */
  readonly drops?: Float64Array;
}

/** The state stage as ingest uses it; src/state/stage.ts. */
export interface Stage {
  begin(header: SectionHeader, number: number): void;
  apply(slot: number): void;
  settle(horizon: number): void;
  readonly tight: boolean;
  mark(marks: Uint8Array): void;
  collected(): void;
}

/** Plugins that are at work in the thread, as ingest uses them; companions.ts. */
export interface Attendants {
  /** Shows them the filled batch in `slot`. */
  apply(slot: number): void;
  /** Takes what they have said. */
  hear(): void;
  /** The source has ended: they can add nothing more. */
  end(): void;
  /** Whether they have added events, which are to be written. */
  readonly waiting: boolean;
  /** Writes such events into the batch in `slot`, behind event number `last`. @returns them, as captures have them */
  write(slot: number, last: number, intern: (name: string) => number): readonly Uint8Array[];
}

/** What the ingest thread is made of. */
export interface IngestParts {
  readonly source: CountedSource;
  readonly interner: Interner;
  readonly stage: Stage;
  /** Pairs of an fd and its row: those that the process of a thread has open. */
  fdsOf(tid: number): Int32Array;
  /** Counts for the report: threads, fds, refusals. */
  stageCounters(): Readonly<Record<string, number>>;
  /** What the rules of batches to come ask for. Between batches. Left out: the parts cannot change. */
  change?(rules: RulesDemand): void;
  /** Recent events, on their way to captures; absent: none are written. */
  readonly recent?: RecentEvents;
}

export interface IngestSetup {
  readonly source: SyscallSpec;
  readonly memory: Memory;
  readonly rules: RulesDemand;
  readonly recent: RecentOptions | null;
  readonly hostRoot: string | null;
  readonly containers: boolean;
  readonly data: unknown;
}

/** What a worker evaluates the events of one source with. */
export interface EvaluatorParts {
  readonly matcher: Matcher;
  readonly encoder: Encoder;
  /** The plugins of the worker; absent where there are none. */
  readonly plugins?: PluginHost;
  /** Events of plugins that are not loaded, by ID, since it was cleared last: the matcher counts them. */
  readonly unknown?: Map<number, number>;
}
