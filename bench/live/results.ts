// SPDX-License-Identifier: Apache-2.0

import type { Machine } from "../machine.js";

/** How Peregrine watches while a loop runs; "none": it does not. */
export const MODES = ["none", "default rules", "--low-latency", "every event"] as const;
export type Mode = (typeof MODES)[number];

/** One run of a loop. Without a probe there are no events. */
export interface LoopRun {
  /** Of the loop, a round. */
  readonly cpuNs: number;
  readonly wallNs: number;
  readonly events: number;
  readonly lost: number;
  /** Of Peregrine, user and system, for all events. */
  readonly peregrineNs: number;
  readonly rssBytes: number;
  readonly ownBytes: number;
}

export interface LoopResult {
  readonly loop: string;
  readonly calls: number;
  readonly mode: Mode;
  readonly runs: readonly LoopRun[];
}

/** One run at a given rate. */
export interface PaceRun {
  /** System calls a second. */
  readonly reached: number;
  readonly events: number;
  readonly lost: number;
  readonly peregrineNs: number;
}

export interface PaceResult {
  /** System calls a second that were asked for; 0: as many as it makes. */
  readonly asked: number;
  readonly threads: number;
  readonly runs: readonly PaceRun[];
}

/** From the kernel's time stamp of an event to the moment at which the reader of the alerts has the line, ms. */
export interface LatencyRun {
  readonly alerts: number;
  /** Events of any kind. */
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LatencyResult {
  readonly mode: Mode;
  readonly runs: readonly LatencyRun[];
}

/** Everything that one `npm run bench:live` found. */
export interface LiveResults {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly loops: readonly LoopResult[];
  readonly paces: readonly PaceResult[];
  /** System calls a second of the runs behind `latencies`. */
  readonly latencyRate: number;
  readonly latencies: readonly LatencyResult[];
  readonly firstAlertMs: readonly number[];
  readonly stopMs: readonly number[];
  /** Runs beside which another program watched system calls: what they say of slow-downs is not to be trusted. */
  readonly disturbed: number;
}

/** Falco 0.44.1 on a machine of this kind, modern eBPF probe, its default rules. */
export const FALCO = {
  loops: { "open/close": "x1.56 (x1.42 at best)", "open/read/close": "", "vfork+exec": "x1.36" } as Readonly<
    Record<string, string>
  >,
  ratios: { "open/close": 1.56, "vfork+exec": 1.36 } as Readonly<Record<string, number>>,
  /** Of Falco and of the loop, an event. */
  cpuNs: 1050,
  lost: { 310000: "0 %", 446000: "0 %", 640000: "34 %" } as Readonly<Record<number, string>>,
  firstAlert: "2.7 s",
  memory: "58 MiB",
} as const;
