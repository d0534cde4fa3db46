// SPDX-License-Identifier: Apache-2.0

import { PeregrineError } from "../../telemetry/errors.js";
import type { LibraryDetails } from "./details.js";
import { Capability } from "./operations.js";

/** Version of the table of event types, as plugins know it, and what a plugin that names none was made for. */
const SCHEMA_VERSION = [4, 5, 1] as const;
const OLDEST = "3.0.0";
const PLUGIN_EVENT = 322;
const SYSCALLS = "syscall";

/** True where `sources` takes events of system calls: by name, or because it takes all. */
export function takesSyscalls(sources: readonly string[]): boolean {
  return sources.length === 0 || sources.includes(SYSCALLS);
}

/** True where the plugin is given events of other types than those that plugins make. */
function readsOthers(sources: readonly string[], types: readonly number[]): boolean {
  return types.length === 0 ? takesSyscalls(sources) : types.some((type) => type !== PLUGIN_EVENT);
}

/**
 * A plugin that reads events of system calls must have been made for their schema: same major version, minor and patch not
 * above ours.
 * @throws PeregrineError LIBRARY_EVENT_SCHEMA
 */
export function checkEventSchema(
  details: LibraryDetails,
  extractTypes: readonly number[],
  parseTypes: readonly number[],
): void {
  const has = (capability: number) => (details.capabilities & capability) !== 0;
  const others =
    (has(Capability.EXTRACTION) && extractTypes.some((type) => type !== PLUGIN_EVENT)) ||
    (has(Capability.PARSING) && readsOthers(details.parseSources, parseTypes));
  if (!others) return;
  const text = details.eventSchemaVersion === "" ? OLDEST : details.eventSchemaVersion;
  const [major = -1, minor = 0, patch = 0] = (/^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1) ?? []).map(Number);
  const [ourMajor, ourMinor, ourPatch] = SCHEMA_VERSION;
  if (major === ourMajor && (minor < ourMinor || (minor === ourMinor && patch <= ourPatch))) return;
  throw new PeregrineError(
    "LIBRARY_EVENT_SCHEMA",
    `plugin ${details.name} required event schema version '${text}' not compatible with the event schema version in use '${SCHEMA_VERSION.join(".")}'`,
    { file: details.path },
  );
}
