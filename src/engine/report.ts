// SPDX-License-Identifier: Apache-2.0

import type { LedgerSnapshot } from "../telemetry/ledger.js";
import type { StageTimes } from "../telemetry/stage-times.js";
import type { FailedEvent } from "./crew.js";
import type { Failure } from "./ingest-thread.js";
import type { PluginReport } from "./plugin-report.js";

/** Batch latency from publish to release, microseconds. */
export interface LatencySummary {
  readonly batches: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Matches of the rules of a run. */
export interface MatchCounts {
  readonly alerts: number;
  /** Rules with matches, in rule order. */
  readonly byRule: readonly { readonly rule: string; readonly priority: number; readonly count: number }[];
  /** Matches by priority, index = severity. */
  readonly byPriority: readonly number[];
}

/** What became of one source. */
export interface SourceReport {
  readonly name: string;
  /** Number of the last event: how many the source has after conversion. */
  readonly events: number;
  readonly sections: number;
  readonly alerts: number;
  readonly ledger: LedgerSnapshot;
  readonly unknownTypes: readonly { readonly type: number; readonly count: number }[];
  /** Events of plugins that are not loaded, by plugin ID: no rule was applied to them. */
  readonly unknownPlugins: readonly { readonly id: number; readonly events: number }[];
  /** The input is bad behind the last event; all before it was evaluated and delivered. */
  readonly failure: Failure | null;
  /** Bytes read from the input, and ns spent inflating it (part of fillNs). */
  readonly bytes: number;
  readonly inflateNs: number;
  /** Of the workers: what they did for this source; their own CPU time, waiting and compiling stand with the first source. */
  readonly stages: StageTimes;
  readonly latency: LatencySummary;
  /** The most bytes of alerts that have waited to be written. */
  readonly backlogBytes: number;
  readonly dictionary: { readonly strings: number; readonly bytes: number; readonly lost: number };
  /** Counters of the state stage. */
  readonly state: Readonly<Record<string, number>>;
}

/** What a run did. */
export interface RunReport extends MatchCounts {
  /** In the order in which they were given. */
  readonly sources: readonly SourceReport[];
  readonly plugins: readonly PluginReport[];
  /** Why the whole run was stopped before its end; null: it was not. */
  readonly aborted: Failure | null;
  /** Events that could not be evaluated, at most the first hundred. */
  readonly failedEvents: readonly FailedEvent[];
  /** Workers that died and were replaced. */
  readonly deaths: number;
  /** The run was stopped by its signal. */
  readonly stopped: boolean;
  /** From the start of the first fill to the last alert written, ns. */
  readonly elapsedNs: number;
  /** Milliseconds since the process started, by phase. */
  readonly startup: Readonly<Record<string, number>>;
  readonly workers: number;
}

/** What a replay did: a run with one source. */
export type ReplayReport = Omit<RunReport, "sources"> & Omit<SourceReport, "name">;
