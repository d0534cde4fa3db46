// SPDX-License-Identifier: Apache-2.0

import type { PluginContext } from "./context.js";
import type { PluginEvent, SourceEvent } from "./event.js";

/** What nextBatch returns. */
export interface SourceBatch {
  /** In order. Empty: nothing now, ask again (a timeout). */
  readonly events: readonly SourceEvent[];
  /**
   * Where the input stands behind these events. It is given to `ack` once every alert up to there is delivered, also where
   * `events` is empty. Kept as it is, in the source's own thread.
   */
  readonly position?: unknown;
  /** Events of the input that could not be passed on, before these: they are counted as lost. */
  readonly lost?: number;
  /** The input has ended with these events; nextBatch is not called again. */
  readonly end?: boolean;
}

/** How far a source is, for people who wait. */
export interface Progress {
  /** From 0 to 100. */
  readonly percent: number;
  readonly text: string;
}

/** A parameter that `open` would accept, for tools that offer a choice. */
export interface OpenParameter {
  readonly value: string;
  readonly desc: string;
  readonly separator?: string;
}

/**
 * An opened source. The calls come one at a time: nextBatch, with acks between two of them; a promise is waited for before the
 * next call. All run in the source's own thread, where waiting and blocking stop nobody else.
 */
export interface SourceInstance {
  /**
   * The next events, at most about `max` of them. Returns within about `waitMs`, with an empty batch where nothing comes.
   * @throws SourceFailure
   */
  nextBatch(max: number, waitMs: number): SourceBatch | Promise<SourceBatch>;
  /**
   * Every alert of every event up to `position` has been accepted by all outputs: a queue's message may be deleted, an offset
   * committed. Positions come in their order; some may be left out when a later one is acknowledged. After the last nextBatch
   * the host goes on to acknowledge what is delivered, and then closes.
   */
  ack?(position: unknown): void | Promise<void>;
  progress?(): Progress;
  /** Called once, also after a failure. */
  close(): void | Promise<void>;
}

/** The sourcing capability. `S` is what the plugin's init returns. */
export interface SourceSpec<S> {
  /** The registered plugin ID: 1 to 2^30 - 1 public, 2^30 to 2^31 - 1 private, 999 for tests. Kept with every event. */
  readonly id: number;
  /** Name of the event source, as rules write it: `[a-z]+[a-z0-9_]*`. */
  readonly source: string;
  /**
   * Opens the source. `parameters` is the free text of open_params.
   * @throws SourceFailure, ConfigFailure
   */
  open(state: S, parameters: string, context: PluginContext): SourceInstance | Promise<SourceInstance>;
  listOpenParams?(state: S): readonly OpenParameter[] | Promise<readonly OpenParameter[]>;
  /** One line of text for people, without line ends: evt.plugininfo. Runs in workers. */
  eventToString?(state: S, event: PluginEvent): string;
}
