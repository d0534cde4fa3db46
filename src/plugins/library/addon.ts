// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PeregrineError } from "../../telemetry/errors.js";

/** What native/plugin/link_class.h offers: the engine's end of one channel to one state of a plugin. */
export interface NativeLink {
  /** Sends a request and waits. The answer, of its own memory; null where `status` is a LinkStatus. */
  call(operation: number, payload: Uint8Array, timeoutMs: number): Uint8Array | null;
  /** Begins a batch of events. */
  begin(): void;
  /** Adds an event to it; false where the batch has no room for it. `name`: it was added out of turn, under that name. */
  add(number: number, time: bigint, source: number, pluginId: number, data: Uint8Array, name?: string): boolean;
  /** Adds an event of another type: header, lengths and parameters as a capture has them. */
  addImage(number: number, time: bigint, source: number, image: Uint8Array): boolean;
  /** Sends the batch; the size of the answer, which is in `into` if it fits there. -1: see `status`. */
  run(operation: number, into: Uint8Array, timeoutMs: number): number;
  /** Copies the last answer once more. */
  copy(into: Uint8Array): number;
  /**
   * The next events: for each u64 time, u32 offset, u32 size; then their data. null: none came within `waitMs`. A call of the
   * library that computes for `hangMs`, or waits six times as long, is its last.
   */
  take(max: number, waitMs: number, hangMs: number): ArrayBuffer | null;
  /** u32 kind, u32 0, u64 tag, message; null: none. */
  nextMail(): Uint8Array | null;
  /** Sets what answers the questions of the plugin's side; it is called within calls of this link. null: no answer. */
  onQuestion(answer: (question: number, event: number, key: number) => Uint8Array | null): void;
  close(): void;
  /** A return code of the plugin, or one of operations.ts. */
  readonly status: number;
  /** A SourceStatus. */
  readonly source: number;
  /** Events and messages that were too large, or too many, for the channel. */
  readonly lost: readonly [events: number, messages: number];
  /** Wait status of the process that ended; -1: it has not. */
  readonly death: number;
  /** Why the link could not be made; "" where it could. */
  readonly error: string;
}

export interface PluginAddon {
  /** `words` are shared by all links to one process; without a `host` program the library is loaded into this process. */
  readonly Link: new (
    words: Int32Array,
    host: string,
    library: string,
    memoryMb: number,
    goProcs: number,
  ) => NativeLink;
}

/** Words of memory that describe a plugin's process; see native/plugin/process.h. */
export const PROCESS_WORDS = 8;

const FOLDER = join("build", "Release");

function missing(why: string, cause?: unknown): PeregrineError {
  return new PeregrineError("ADDON_MISSING", `binary plugins cannot be loaded: ${why}`, {}, { cause });
}

/** The file that the build made, in the nearest folder above this one that has a binding.gyp. */
function built(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "binding.gyp"))) {
    const parent = dirname(folder);
    if (parent === folder) throw missing("no folder above this program has a binding.gyp");
    folder = parent;
  }
  const path = join(folder, FOLDER, name);
  if (!existsSync(path)) throw missing(`${path} does not exist; npm start and npm test build it`);
  return path;
}

/**
 * Loads the addon, once for each thread.
 * @throws PeregrineError ADDON_MISSING where it was not built, or for another Node
 */
export function loadPluginAddon(): PluginAddon {
  const path = built("plugin_link.node");
  try {
    return createRequire(import.meta.url)(path) as PluginAddon;
  } catch (error) {
    throw missing(error instanceof Error ? error.message : String(error), error);
  }
}

/** The program that a plugin's process runs. */
export function hostProgram(): string {
  return built("plugin_host");
}
