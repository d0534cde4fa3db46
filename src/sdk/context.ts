// SPDX-License-Identifier: Apache-2.0

import type { AsyncEvent } from "./event.js";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** A counter or a gauge, exported as `<plugin>.<name>`. Values of all threads that run the plugin are added up. */
export interface Metric {
  set(value: number): void;
  add(value: number): void;
}

/** What the host offers to a plugin, in each thread that runs it. */
export interface PluginContext {
  /** The thread's part: the source's own thread, or a rule worker. */
  readonly part: "source" | "extractor";
  log(level: LogLevel, message: string): void;
  /** The metric of that name (`[a-z0-9_]+`), made at its first use. */
  metric(name: string, kind: "counter" | "gauge"): Metric;
  /**
   * Adds an event to a source out of turn; only for plugins with `asyncEvents`, and only while the capture runs.
   * @returns false where it was not taken: no source open, an undeclared name, or data or a time of
   * another type, which is logged. What was taken is evaluated, or counted as lost
   */
  emit(event: AsyncEvent): boolean;
  /** Aborted when the plugin is to stop: waiting calls should end soon. */
  readonly signal: AbortSignal;
  /** A folder that the plugin may write to, which stays between runs; null where the user gave none. */
  readonly stateFolder: string | null;
}
