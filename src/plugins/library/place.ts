// SPDX-License-Identifier: Apache-2.0

import { PeregrineError } from "../../telemetry/errors.js";
import { PROCESS_WORDS } from "./addon.js";

/** Where a library runs and how long it may take. Plain data: it can be sent to other threads. */
export interface LibraryPlace {
  readonly path: string;
  /** The program that a process of its own runs; "" for this process. */
  readonly host: string;
  /** Shared by all threads that use one process; see native/plugin/process.h. */
  readonly words: Int32Array;
  readonly timeouts: Timeouts;
  /** MiB that the library may allocate in a process of its own; 0: as much as it can. */
  readonly memoryMb: number;
  /**
   * GOMAXPROCS of a process of its own, unless the environment says it; 0: as Go sees fit. Falco's Go SDK answers extraction by
   * spinning on two threads at a time where this is more than 1, which is fast for Falco's one thread, and eats the processors
   * that rule workers need.
   */
  readonly goProcs: number;
}

/** Milliseconds after which a plugin's process is killed because it does not answer. */
export interface Timeouts {
  /** Loading the library, init, open, close and what is asked seldom. */
  readonly control: number;
  /** Extracting the fields of one event, or of one batch. */
  readonly extract: number;
  /** Reading the source, of the library's own computing; six times as long where it waits. */
  readonly next: number;
}

/** The words of a process that does not run yet. */
export function freshWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(PROCESS_WORDS * 4));
}

/** The same library in a process that nobody else uses. */
export function ownPlace(place: LibraryPlace): LibraryPlace {
  return place.host === "" ? place : { ...place, words: freshWords() };
}

/** The same library in a process for its source: that may compute on as many processors as it likes. */
export function sourcePlace(place: LibraryPlace): LibraryPlace {
  return { ...ownPlace(place), goProcs: 0 };
}

/** True where a process died of what one of its users asked of it: not of this call, perhaps. */
export function isDeath(error: unknown): boolean {
  return error instanceof PeregrineError && error.code === "LIBRARY_DIED";
}
