// SPDX-License-Identifier: Apache-2.0

import { loadAddon } from "../capture/addon.js";
import { createInterner, ReaderCounter, ScapSource } from "../capture/scap.js";
import { makePlan, StateStage } from "../state/stage.js";
import type { SourceCounts } from "../telemetry/ledger.js";
import type { CountedSource, IngestParts, IngestSetup } from "./parts.js";

/** Loads the native addon ahead of its use. */
export function warmIngest(): void {
  loadAddon();
}

/** Reader and state stage for a capture file. Throws what the addon throws where it cannot be loaded. */
export function createIngest(setup: IngestSetup): IngestParts {
  const { memory, hostRoot } = setup;
  const interner = createInterner(memory);
  const plan = makePlan(setup.demand);
  const source = new CountedScap({ path: setup.capture, memory, interner, plan });
  const stage = new StateStage({ memory, interner, plan, hostRoot });
  return { source, interner, stage, stageCounters: () => ({ ...stage.counters }) };
}

/** A capture file that keeps the ledger's counts. */
class CountedScap extends ScapSource implements CountedSource {
  readonly firstTime = null;

  counts(into: SourceCounts): number {
    const { counters } = this;
    into.seen = counters[ReaderCounter.SEEN];
    into.notWanted = counters[ReaderCounter.NOT_WANTED];
    into.stateOnly = counters[ReaderCounter.STATE_RECORDS] + counters[ReaderCounter.STATE_REJECTED];
    into.merged = counters[ReaderCounter.MERGED];
    into.unknownType = counters[ReaderCounter.UNKNOWN_TYPE];
    into.oversize = counters[ReaderCounter.OVERSIZE];
    return counters[ReaderCounter.RULE_RECORDS];
  }

  get bytes(): number {
    return this.counters[ReaderCounter.BYTES];
  }

  get inflateNs(): number {
    return this.counters[ReaderCounter.INFLATE_NS];
  }
}
