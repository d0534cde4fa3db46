// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../support/shared.js";
import type { Check } from "./case.js";

interface Entry {
  readonly id: string;
  readonly reason: string;
}

/**
 * Checks that fail because Peregrine behaves otherwise on purpose: id -> the behaviour that is defended. An entry for
 * work that is merely not done yet does not belong there.
 */
export function readKnownFailures(): ReadonlyMap<string, string> {
  const path = join(packageRoot, "test", "conformance", "known-failures.json");
  const entries = JSON.parse(readFileSync(path, "utf8")) as readonly Entry[];
  const known = new Map<string, string>();
  for (const { id, reason } of entries) {
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
