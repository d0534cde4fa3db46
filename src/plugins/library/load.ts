// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import type { Plugin } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { hostProgram } from "./addon.js";
import { Connection } from "./connection.js";
import { type LibraryDetails, readDetails } from "./details.js";
import { Capability, LinkStatus, Operation } from "./operations.js";
import { freshWords, isDeath, type LibraryPlace, ownPlace, type Timeouts } from "./place.js";
import { pluginOf } from "./plugin.js";
import { AnswerReader } from "./wire.js";

export interface LibraryOptions {
  /**
   * "child" (the default): the library runs in a process of its own, which it can crash. "in-process": it is loaded into this
   * one, as Falco does; nothing then protects Peregrine from it.
   */
  readonly process?: "child" | "in-process";
  readonly timeouts?: Partial<Timeouts>;
  /** MiB that the library may allocate in a process of its own; 0, the default: as much as it can. */
  readonly memoryMb?: number;
}

export interface LoadedLibrary {
  readonly plugin: Plugin;
  readonly details: LibraryDetails;
  /** Ends what the loading itself holds, if no state has been made yet; the process ends with the last state. */
  close(): void;
}

const DEFAULT_TIMEOUTS: Timeouts = { control: 30_000, extract: 5_000, next: 10_000 };

/**
 * Where a library is to run. Made once for a plugin and sent to every thread that loads it: they then share one process.
 */
export function libraryPlace(path: string, options: LibraryOptions = {}): LibraryPlace {
  return {
    path: resolve(path),
    host: options.process === "in-process" ? "" : hostProgram(),
    words: freshWords(),
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    memoryMb: options.memoryMb ?? 0,
    goProcs: 1,
  };
}

type LoadCode = "LIBRARY_OPEN" | "LIBRARY_SYMBOL" | "LIBRARY_API_VERSION";

function loadCode(text: string): LoadCode {
  return text === "LIBRARY_SYMBOL" || text === "LIBRARY_API_VERSION" ? text : "LIBRARY_OPEN";
}

function describe(connection: Connection, path: string): LibraryDetails {
  const { rc, answer } = connection.ask(Operation.DESCRIBE, "it was loaded");
  if (rc === LinkStatus.NOT_LOADED) {
    const reader = new AnswerReader(answer);
    const code = loadCode(reader.text());
    throw new PeregrineError(code, `cannot load plugin ${path}: ${reader.text()}`, { file: path });
  }
  const details = readDetails(path, answer);
  if ((details.capabilities & Capability.SOURCING) !== 0 && details.id === 0) {
    const message = `cannot load plugin ${path}: it is a source of system calls (it has no plugin ID), which is not supported: see docs/compatibility.md`;
    throw new PeregrineError("LIBRARY_DESCRIPTION", message, { file: path });
  }
  return details;
}

/**
 * Loads a shared library made for Falco's plugin API 3.x or 0.3 and makes a plugin of it. The library's functions run from
 * here on, in its process or, on request, in this one.
 * @throws PeregrineError LIBRARY_*, with what the library said
 */
export async function loadLibrary(from: string | LibraryPlace, options: LibraryOptions = {}): Promise<LoadedLibrary> {
  const place = typeof from === "string" ? libraryPlace(from, options) : from;
  const { connection, details } = describeAt(place);
  // The process is kept until the first state holds it.
  return { plugin: pluginOf(details, place, () => connection.close()), details, close: () => connection.close() };
}

/** Asks the library what it is: where the process that it shares dies meanwhile, in one of its own. */
function describeAt(place: LibraryPlace): { readonly connection: Connection; readonly details: LibraryDetails } {
  try {
    return connectAt(place);
  } catch (error) {
    if (!isDeath(error)) throw error;
    return connectAt(ownPlace(place));
  }
}

function connectAt(place: LibraryPlace): { readonly connection: Connection; readonly details: LibraryDetails } {
  const connection = new Connection(place, place.path, null);
  try {
    return { connection, details: describe(connection, place.path) };
  } catch (error) {
    connection.close();
    throw error;
  }
}
