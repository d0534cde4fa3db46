// SPDX-License-Identifier: Apache-2.0

/**
 * An event as extractors see it. One object is moved from event to event: keep neither it nor `data` after returning.
 */
export interface PluginEvent {
  /** Number of the event in its source, from 1. */
  readonly number: number;
  /** ns since the epoch. */
  readonly time: bigint;
  /** Name of the event source. */
  readonly source: string;
  /** ID of the plugin that made the event; 0 for system calls. */
  readonly pluginId: number;
  /** The event's data, as its source wrote them: a view into shared memory, read-only by contract. */
  readonly data: Uint8Array;
  /** The data as text (UTF-8; what is no UTF-8 becomes U+FFFD). Decoded once an event, however often it is asked for. */
  text(): string;
}

/** An event as a source makes it. */
export interface SourceEvent {
  /** A string becomes UTF-8. */
  readonly data: Uint8Array | string;
  /** ns since the epoch; absent: the time at which it is received. */
  readonly time?: bigint;
}

/** An event that a plugin adds to a source out of turn, such as the start of a container. */
export interface AsyncEvent {
  /** One of the plugin's declared names. */
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly time?: bigint;
}
