// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DictionaryBuffers } from "../batch/dictionary.js";
import type { Interner } from "../batch/interner.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { FinishedCapture, RecentOptions } from "./recent-options.js";
import type { SectionHeader, SourceFailure } from "./source.js";

/** What native/reader_class.h offers; ScapSource alone uses it. */
export interface NativeReader {
  /** False: see `failure`. */
  open(path: string): boolean;
  /** Reads the header blocks that come next; null: see `failure`. */
  header(): SectionHeader | null;
  /** A FillResult. */
  fill(slot: number): number;
  /** Before open(): every event goes there as well. */
  keep(recent: NativeRecent): void;
  /** Another plan from the next fill on. */
  setPlan(plan: Int32Array, annexWords: number): void;
  close(): void;
  unknownTypes(): { type: number; count: number }[];
  /** Generation of the dictionary, written into every batch. */
  generation: number;
  readonly failure: SourceFailure | null;
  readonly counters: Float64Array;
}

/** What native/recent_class.h offers; RecentEvents alone uses it. */
export interface NativeRecent {
  begin(section: boolean): void;
  readonly due: boolean;
  match(event: number, time: bigint, duration: number): void;
  choose(numbers: Float64Array): void;
  settle(event: number): void;
  passTime(now: bigint): void;
  readonly full: boolean;
  finished(): readonly FinishedCapture[];
  close(): void;
}

/** What native/live_class.h offers; LiveSource alone uses it. */
export interface NativeLiveReader {
  /** Loads and attaches the programs. False: see `failure`. */
  open(): boolean;
  /** What is on the machine now; null: see `failure`. */
  snapshot(): SectionHeader | null;
  /** Fills a batch; true where the state must be read anew after it. */
  fill(slot: number): boolean;
  /** Before open(): all events go to a capture as well. Bounds of 0 are none. */
  record(path: string, gzip: number, mostBytes: number, mostNs: number): void;
  /** The capture is as large or as long as it may be. */
  readonly recorded: boolean;
  /** A container that is to be told of: its id and its control groups, NUL separated; null where there is none. */
  readonly container: string | null;
  /** What is known of it, as JSON; "" where nothing is. The next fill begins with an event of it. */
  tell(json: string): void;
  simulateDrop(): void;
  /** The next event comes from elsewhere: it takes a number, and captures have it too. As they have it; lengths of 4 bytes. */
  add(event: Uint8Array): void;
  /** Before open(): every event goes there as well. */
  keep(recent: NativeRecent): void;
  /** Another plan from the next fill on, also in the kernel. */
  setPlan(plan: Int32Array, annexWords: number): void;
  /** What leaves the kernel, where the plan does not say it: a byte for each number of a call, and for each event type. */
  setInterest(calls: Uint8Array, events: Uint8Array): void;
  close(): void;
  generation: number;
  readonly failure: SourceFailure | null;
  readonly counters: Float64Array;
  /** What the kernel lost, by class and cause. */
  readonly drops: Float64Array;
}

/** The shared arrays that the state stage writes. */
export interface StageTables {
  readonly ring: Uint8Array;
  readonly heads: Int32Array;
  readonly rows: Int32Array;
  readonly extras: Int32Array;
  readonly fds: Int32Array;
  readonly userHeads: Int32Array;
  readonly users: Int32Array;
  readonly groupHeads: Int32Array;
  readonly groups: Int32Array;
  readonly containerHeads: Int32Array;
  readonly containers: Int32Array;
}

/** What the state stage holds and what found no place: for the ledger and metrics. */
export interface StageCounters {
  readonly threads: number;
  readonly fds: number;
  readonly rowsUsed: number;
  readonly fdRowsUsed: number;
  readonly refusedThreads: number;
  readonly refusedFds: number;
  /** Changes that found no free row and were made in place: events in flight may have seen them too early. */
  readonly exhaustedRows: number;
  readonly lostLookups: number;
  /** Threads without an event for long that were taken to have ended unseen. */
  readonly idleThreads: number;
}

/** What native/stage_class.h offers; StateStage of src/state alone uses it and describes its methods. */
export interface NativeStage {
  setPlan(plan: Int32Array, annex: Int32Array): void;
  begin(header: SectionHeader, number: number): void;
  apply(slot: number): void;
  settle(horizon: number): void;
  readonly tight: boolean;
  mark(marks: Uint8Array): void;
  collected(): void;
  poison(): void;
  heldFdRows(): number;
  fdsOf(tid: number): Int32Array;
  readonly counters: StageCounters;
}

/** Options of a writer: gzip 0 is plain, bounds of 0 are none. */
export interface NativeWriterOptions {
  readonly gzip: number;
  readonly legacy: boolean;
  readonly mostBytes: number;
  readonly mostEvents: number;
  readonly mostNs: number;
}

/** What native/writer_class.h offers; CaptureWriter alone uses it. False, or FAILED, stands for: see `failure`. */
export interface NativeWriter {
  open(path: string, options: NativeWriterOptions, header: SectionHeader | null, interner: Interner): boolean;
  section(header: SectionHeader | null, interner: Interner): boolean;
  write(event: Uint8Array, cpu: number, flags: number): number;
  writePlugin(time: bigint, plugin: number, data: Uint8Array): number;
  writeAsync(time: bigint, plugin: number, name: string, data: Uint8Array): number;
  flush(): boolean;
  close(): boolean;
  discard(): void;
  readonly failure: SourceFailure | null;
  readonly counters: {
    readonly events: number;
    readonly leftOut: number;
    readonly bytes: number;
    readonly fileBytes: number;
  };
}

/** What native/copy_class.h offers; CaptureCopy alone uses it. */
export interface NativeCopy {
  open(from: string, to: string, options: NativeWriterOptions & { readonly keepState: boolean }): boolean;
  copyAll(most: number): boolean;
  copy(numbers: Float64Array): boolean;
  skip(most: number): boolean;
  close(): boolean;
  discard(): void;
  readonly failure: SourceFailure | null;
  readonly writeFailure: SourceFailure | null;
  readonly counters: Float64Array;
}

/** What a walk over all blocks of a capture finds, without reading what is in them. */
export interface CaptureFacts {
  readonly gzip: boolean;
  readonly truncated: boolean;
  /** Code of what ended the walk, null for the end of the file. */
  readonly failure: string | null;
  /** Block type and how often, in the order of types. */
  readonly blocks: readonly (readonly [type: number, count: number])[];
  readonly events: number;
  readonly eventTypes: readonly (readonly [type: number, count: number])[];
  /** ns since the epoch: of the first event with a time, and of the last event. */
  readonly firstTime: bigint;
  readonly lastTime: bigint;
  /** Distinct thread ids of events. */
  readonly threads: number;
}

export interface Addon {
  readonly Interner: new (offsets: Uint32Array, lengths: Uint32Array, flags: Uint8Array, arena: Uint8Array) => Interner;
  readonly CaptureReader: new (
    interner: Interner,
    ring: Uint8Array,
    layout: Float64Array,
    plan: Int32Array,
  ) => NativeReader;
  readonly LiveReader: new (
    interner: Interner,
    ring: Uint8Array,
    layout: Float64Array,
    plan: Int32Array,
  ) => NativeLiveReader;
  readonly StateStage: new (
    interner: Interner,
    tables: StageTables,
    layout: Float64Array,
    plan: Int32Array,
    annex: Int32Array,
  ) => NativeStage;
  /** Eight words for each way in which an event type changes state: type, mask of the parameters it reads, AnnexPart bits that ask for it (0 = always), a PlanTest, its operands. */
  stateRules(): Int32Array;
  readonly RecentEvents: new (stage: NativeStage, interner: Interner, options: RecentOptions) => NativeRecent;
  readonly CaptureWriter: new () => NativeWriter;
  readonly CaptureCopy: new () => NativeCopy;
  walkBlocks(path: string): CaptureFacts;
}

const ADDON = join("build", "Release", "peregrine.node");

/** The folder of the package: the nearest one above this file that has a binding.gyp. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "binding.gyp"))) {
    const parent = dirname(folder);
    if (parent === folder) throw missing("no folder above this program has a binding.gyp");
    folder = parent;
  }
  return folder;
}

function missing(why: string, cause?: unknown): PeregrineError {
  return new PeregrineError("ADDON_MISSING", `the native addon cannot be loaded: ${why}`, {}, { cause });
}

/**
 * Loads the native addon, once for each thread.
 * @throws PeregrineError ADDON_MISSING where it was not built, or for another Node.
 */
export function loadAddon(): Addon {
  const path = join(packageRoot(), ADDON);
  if (!existsSync(path)) throw missing(`${path} does not exist; npm start and npm test build it`);
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    throw missing(error instanceof Error ? error.message : String(error), error);
  }
}

/** The writing side of a dictionary. One for each dictionary, in the ingest thread. */
export function createInterner(dictionary: DictionaryBuffers): Interner {
  return new (loadAddon().Interner)(
    new Uint32Array(dictionary.offsets),
    new Uint32Array(dictionary.lengths),
    new Uint8Array(dictionary.flags),
    new Uint8Array(dictionary.arena),
  );
}
