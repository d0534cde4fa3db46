// SPDX-License-Identifier: Apache-2.0

import type { AsyncEvent, LogLevel, Metric, PluginContext } from "../sdk/index.js";
import { isSourceEvent } from "./source-event.js";

/** What a plugin says in some thread, for main. */
export type PluginMessage =
  | { readonly kind: "log"; readonly plugin: number; readonly level: LogLevel; readonly message: string }
  /** A metric was made: its values stand in the guard's metrics of the thread, at `place`. */
  | {
      readonly kind: "metric";
      readonly plugin: number;
      readonly name: string;
      readonly type: "counter" | "gauge";
      readonly place: number;
    }
  | { readonly kind: "async"; readonly plugin: number; readonly event: AsyncEvent }
  /** Something that the plugin did wrong, and what it cost. */
  | { readonly kind: "fault"; readonly plugin: number; readonly fault: PluginFault };

export interface PluginFault {
  /**
   * throw: in a call; type: a value of the wrong type; start: it could not be started; hopeless: it has failed so often in a
   * row, and was started again so often, that it is of no use.
   */
  readonly what: "throw" | "type" | "start" | "hopeless";
  readonly message: string;
  /** Faults of this kind that were not told one by one since the last time. */
  readonly more: number;
}

export interface ContextParts {
  readonly plugin: number;
  readonly part: "source" | "extractor";
  readonly stateFolder: string | null;
  /** Values of the plugin's metrics in this thread. */
  readonly metrics: Float64Array;
  readonly signal: AbortSignal;
  /** Names of asynchronous events that it has declared. */
  readonly asyncNames: readonly string[];
  /** Whether an event that it emits would find a source. */
  readonly mayEmit: () => boolean;
  readonly post: (message: PluginMessage) => void;
}

const METRIC_NAME = /^[a-z0-9_]+$/;
/** A metric that found no place: its values go nowhere. */
const NOWHERE: Metric = { set: () => {}, add: () => {} };
/** Longer messages are cut. */
const LONGEST_MESSAGE = 4096;

/** What one thread offers to a plugin. */
export class HostContext implements PluginContext {
  private readonly known = new Map<string, Metric>();

  constructor(private readonly parts: ContextParts) {}

  get part(): "source" | "extractor" {
    return this.parts.part;
  }

  get signal(): AbortSignal {
    return this.parts.signal;
  }

  get stateFolder(): string | null {
    return this.parts.stateFolder;
  }

  log(level: LogLevel, message: string): void {
    const { plugin, post } = this.parts;
    post({ kind: "log", plugin, level, message: String(message).slice(0, LONGEST_MESSAGE) });
  }

  metric(name: string, kind: "counter" | "gauge"): Metric {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const { plugin, metrics, post } = this.parts;
    const place = this.known.size;
    if (!METRIC_NAME.test(name)) throw new Error(`"${name}" is no name of a metric: it must match [a-z0-9_]+`);
    let metric = NOWHERE;
    if (place < metrics.length) {
      metric = {
        set: (value) => {
          metrics[place] = value;
        },
        add: (value) => {
          metrics[place] += value;
        },
      };
      post({ kind: "metric", plugin, name, type: kind, place });
    }
    this.known.set(name, metric);
    return metric;
  }

  emit(event: AsyncEvent): boolean {
    const { plugin, asyncNames, mayEmit, post } = this.parts;
    const { name, data, time } = event;
    if (!asyncNames.includes(name) || !mayEmit()) return false;
    // Those who write the event are not to fail for it.
    if (!isSourceEvent({ data, time })) {
      this.log(
        "warn",
        `an asynchronous event "${name}" is not taken: its data must be text or bytes, its time a bigint`,
      );
      return false;
    }
    post({ kind: "async", plugin, event: time === undefined ? { name, data } : { name, data, time } });
    return true;
  }
}
