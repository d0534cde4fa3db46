// SPDX-License-Identifier: Apache-2.0

import type { LedgerSnapshot } from "../telemetry/ledger.js";
import type { ReplayReport, RunReport, SourceReport } from "./report.js";

/** Several ledgers as one: it adds up where they do. */
function sumLedgers(ledgers: readonly LedgerSnapshot[]): LedgerSnapshot {
  const sum = (pick: (ledger: LedgerSnapshot) => number): number =>
    ledgers.reduce((total, ledger) => total + pick(ledger), 0);
  const lost = new Map<string, LedgerSnapshot["lost"][number]>();
  for (const entry of ledgers.flatMap((ledger) => ledger.lost)) {
    const key = `${entry.stage} ${entry.cause}`;
    lost.set(key, { ...entry, events: entry.events + (lost.get(key)?.events ?? 0) });
  }
  return {
    seen: sum(({ seen }) => seen),
    evaluated: sum(({ evaluated }) => evaluated),
    notWanted: sum(({ notWanted }) => notWanted),
    stateOnly: sum(({ stateOnly }) => stateOnly),
    merged: sum(({ merged }) => merged),
    unknownType: sum(({ unknownType }) => unknownType),
    failed: sum(({ failed }) => failed),
    lost: [...lost.values()],
    inFlight: sum(({ inFlight }) => inFlight),
    difference: sum(({ difference }) => difference),
  };
}

/** A run as if it had had one source: sums where they make sense, else what holds for the first source. */
export function totals(report: RunReport): ReplayReport & { readonly sources: readonly SourceReport[] } {
  const { sources } = report;
  const { name: _, ...first } = sources[0];
  return {
    ...first,
    ...report,
    events: sources.reduce((sum, { events }) => sum + events, 0),
    ledger: sumLedgers(sources.map(({ ledger }) => ledger)),
    failure: sources.find(({ failure }) => failure !== null)?.failure ?? null,
  };
}
