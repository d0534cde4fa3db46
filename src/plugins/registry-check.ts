// SPDX-License-Identifier: Apache-2.0

import type { ErrorCode } from "../telemetry/errors.js";
import { type IdRange, type Registry, type RegistryEntry, type RegistryProblem, readRegistry } from "./registry.js";

const NAME = /^[a-z]+[a-z0-9_-]*$/;
/** Names of 2022 had no hyphens; sources never had. */
const PLAIN = /^[a-z]+[a-z0-9_]*$/;

/**
 * Everything that is wrong with a registry, in the order of the file: names and sources that are no names, ids given twice
 * or not to be given, sources that are reserved. With `base`, the registry as it was, also ids that changed hands.
 */
export function checkRegistry(text: string, base: Registry | null = null): readonly RegistryProblem[] {
  const read = readRegistry(text);
  if ("problems" in read) return read.problems;
  const { registry } = read;
  const problems: RegistryProblem[] = [];
  const found = (code: ErrorCode, path: readonly (string | number)[], message: string): void => {
    problems.push({ code, message, ...registry.place(path) });
  };
  checkRanges(registry.ranges, (i, message) => found("REGISTRY_RANGE", ["id_ranges", i], message));
  const names = new Map<string, RegistryEntry>();
  const ids = new Map<number, RegistryEntry>();
  const sources = new Map<string, RegistryEntry>();
  for (const entry of registry.entries) {
    const { name, id, at } = entry;
    const pattern = entry.early ? PLAIN : NAME;
    if (!pattern.test(name)) {
      found("REGISTRY_NAME", at.name, `"${name}" is no plugin name: it must match ${pattern.source}`);
    }
    if (names.has(name))
      found("REGISTRY_TAKEN", at.name, `the name "${name}" is taken${where(names.get(name), registry)}`);
    else names.set(name, entry);
    if (id !== null) {
      if (ids.has(id)) {
        found(
          "REGISTRY_TAKEN",
          at.id,
          `the ID ${id} of "${name}" is taken by "${ids.get(id)?.name}"${where(ids.get(id), registry)}`,
        );
      } else ids.set(id, entry);
      if (!entry.reserved) checkSource(entry, registry, sources, found);
    }
    if (id === null && !entry.extracts && !entry.reserved) {
      found("REGISTRY_SHAPE", at.name, `"${name}" neither is a source nor has fields`);
    }
    for (const source of entry.extractSources) {
      if (!PLAIN.test(source)) {
        found("REGISTRY_SOURCE", at.sources, `"${source}" is no event source: it must match ${PLAIN.source}`);
      }
    }
  }
  if (base !== null) checkKept(registry, base, found);
  return problems;
}

type Found = (code: ErrorCode, path: readonly (string | number)[], message: string) => void;

function where(entry: RegistryEntry | undefined, registry: Registry): string {
  return entry === undefined ? "" : ` (line ${registry.place(entry.at.name).line})`;
}

/** ID and source of a plugin that asks for them. */
function checkSource(
  entry: RegistryEntry,
  registry: Registry,
  sources: Map<string, RegistryEntry>,
  found: Found,
): void {
  const { name, id, source, at } = entry;
  if (id === null) return;
  const use = id === 0 ? "reserved" : registry.ranges.find(({ from, to }) => id >= from && id <= to)?.use;
  // What is taken is told already.
  if (use !== "public" && registry.entries.find((one) => one.id === id) === entry) {
    const range = registry.ranges.find((one) => one.use === "public");
    const free = range === undefined ? "" : `: public IDs are ${range.from} to ${range.to}`;
    found("REGISTRY_ID", at.id, `"${name}" cannot be given the ID ${id}, which is ${use ?? "in no range"}${free}`);
  }
  if (source === null) {
    found("REGISTRY_SOURCE", at.id, `"${name}" has an ID and no event source`);
    return;
  }
  if (registry.reservedSources.includes(source)) {
    found("REGISTRY_SOURCE", at.source, `the event source "${source}" of "${name}" is reserved`);
  } else if (!PLAIN.test(source)) {
    found("REGISTRY_SOURCE", at.source, `"${source}" is no event source: it must match ${PLAIN.source}`);
  }
  // Today several plugins may bring one source: those for the audit logs of Kubernetes do.
  const other = sources.get(source);
  if (other === undefined) sources.set(source, entry);
  else if (entry.early) {
    found(
      "REGISTRY_TAKEN",
      at.source,
      `the event source "${source}" is taken by "${other.name}"${where(other, registry)}`,
    );
  }
}

function checkRanges(ranges: readonly IdRange[], found: (index: number, message: string) => void): void {
  ranges.forEach(({ from, to }, i) => {
    if (from > to) found(i, `the range ${from} to ${to} is empty`);
    const other = ranges.findIndex((one, j) => j < i && from <= one.to && one.from <= to);
    if (other !== -1)
      found(i, `the ranges ${from} to ${to} and ${ranges[other]?.from} to ${ranges[other]?.to} overlap`);
  });
}

/** What was given out stays: captures hold the ID for ever. */
function checkKept(registry: Registry, base: Registry, found: Found): void {
  for (const before of base.entries) {
    const now = registry.entries.find(({ name }) => name === before.name);
    if (now === undefined) {
      found(
        "REGISTRY_CHANGED",
        [],
        `"${before.name}" was removed${before.id === null ? "" : `; its ID ${before.id} would be free`}`,
      );
    } else if (now.id !== before.id) {
      found(
        "REGISTRY_CHANGED",
        now.at.id,
        `the ID of "${now.name}" was ${before.id ?? "none"} and is ${now.id ?? "none"}`,
      );
    } else if (now.source !== before.source) {
      found(
        "REGISTRY_CHANGED",
        now.at.source,
        `the event source of "${now.name}" was "${before.source}" and is "${now.source}"`,
      );
    }
  }
}
