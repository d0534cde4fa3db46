// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../support/shared.js";
import type { Check } from "./case.js";

interface Entry {
  readonly id: string;
  readonly reason: string;
  /** Of an entry for many checks, whose id has `*` for any text: a regular expression of what differs, all of it. */
  readonly detail?: string;
}

/** One difference on purpose that shows in many checks. */
export interface KnownDifference {
  readonly id: string;
  readonly reason: string;
  fits(check: Check): boolean;
}

function readEntries(): readonly Entry[] {
  const path = join(packageRoot, "test", "conformance", "known-failures.json");
  return JSON.parse(readFileSync(path, "utf8")) as readonly Entry[];
}

/** The entries for many checks. */
export function readKnownDifferences(): readonly KnownDifference[] {
  return readEntries().flatMap(({ id, reason, detail }) => {
    if (detail === undefined) return [];
    const [begin = "", end = ""] = id.split("*");
    const pattern = new RegExp(`^(?:${detail})$`, "s");
    const fits = (check: Check): boolean =>
      !check.ok && check.id.startsWith(begin) && check.id.endsWith(end) && pattern.test(check.detail);
    return [{ id, reason, fits }];
  });
}

/**
 * Checks that fail because Peregrine behaves otherwise on purpose: id -> the behaviour that is defended. An entry for
 * work that is merely not done yet does not belong there.
 */
export function readKnownFailures(): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const { id, reason, detail } of readEntries()) {
    if (detail !== undefined) continue;
    if (typeof id !== "string" || typeof reason !== "string" || reason.length < 20) {
      throw new TypeError(`known-failures.json: an entry needs an id and a reason: ${JSON.stringify(id)}`);
    }
    if (known.has(id)) throw new TypeError(`known-failures.json: ${id} stands there twice`);
    known.set(id, reason);
  }
  return known;
}

/** Entries that name a check which passed, or none at all: both are wrong. */
export function staleEntries(known: ReadonlyMap<string, string>, checks: readonly Check[]): string[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const stale: string[] = [];
  for (const id of known.keys()) {
    const check = byId.get(id);
    if (check === undefined) stale.push(`${id}: there is no such check`);
    else if (check.ok) stale.push(`${id}: passes now, take it out`);
  }
  return stale;
}
