// SPDX-License-Identifier: Apache-2.0

import { annexWords } from "../batch/annex.js";
import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import { loadAddon } from "../capture/addon.js";
import { LiveCounter, LiveSource } from "../capture/live.js";
import { createInterner, ReaderCounter, ScapSource } from "../capture/scap.js";
import { describeContainer } from "../containers/bundles.js";
import { makePlan, StateStage } from "../state/stage.js";
import type { SourceCounts } from "../telemetry/ledger.js";
import type { CountedSource, IngestParts, IngestSetup } from "./parts.js";
import type { SyscallSpec } from "./source-spec.js";

/** Loads the native addon ahead of its use. */
export function warmIngest(): void {
  loadAddon();
}

/** What a source of system calls is made with. */
interface SourceParts {
  readonly memory: Memory;
  readonly interner: Interner;
  readonly plan: Int32Array;
  readonly annexWords: number;
  /** Whether processes belong to containers. */
  readonly containers: boolean;
}

/** The source that `spec` describes. */
function createSource(spec: SyscallSpec, parts: SourceParts): CountedSource {
  switch (spec.kind) {
    case "capture":
      return new CountedScap({ path: spec.path, ...parts });
    case "live":
      return new CountedLive({
        settings: spec.settings,
        ...(parts.containers ? { describe: describeContainer } : {}),
        ...parts,
      });
  }
}

/** Source and state stage for system calls. Throws what the addon throws where it cannot be loaded. */
export function createIngest(setup: IngestSetup): IngestParts {
  const { memory, hostRoot, containers } = setup;
  const interner = createInterner(memory);
  const plan = makePlan(setup.demand, setup.annex.parts, setup.images);
  const words = annexWords(setup.annex);
  const source = createSource(setup.source, { memory, interner, plan, annexWords: words, containers });
  const stage = new StateStage({ memory, interner, plan, hostRoot, containers, annex: setup.annex });
  const fdsOf = (tid: number): Int32Array => stage.fdsOf(tid);
  return { source, interner, stage, fdsOf, stageCounters: () => ({ ...stage.counters }) };
}

/** A capture file that keeps the ledger's counts. */
class CountedScap extends ScapSource implements CountedSource {
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

/** This machine's kernel, keeping the ledger's counts. */
class CountedLive extends LiveSource implements CountedSource {
  readonly inflateNs = 0;
  /** Events that plugins have added, and those of them that are for the rules. */
  private more = 0;
  private moreWanted = 0;

  counts(into: SourceCounts): number {
    const { counters } = this;
    const dropped = counters[LiveCounter.DROPPED];
    into.seen = counters[LiveCounter.SEEN] + dropped + this.more;
    into.notWanted = counters[LiveCounter.NOT_WANTED];
    const state = counters[LiveCounter.STATE_RECORDS] + counters[LiveCounter.STATE_REJECTED];
    into.stateOnly = state + this.more - this.moreWanted;
    into.merged = 0;
    into.unknownType = 0;
    into.oversize = counters[LiveCounter.OVERSIZE];
    into.kernel = dropped;
    return counters[LiveCounter.RULE_RECORDS] + this.moreWanted;
  }

  added(events: number, wanted: number): void {
    this.skip(events);
    this.more += events;
    this.moreWanted += wanted;
  }

  unknownTypes(): readonly [] {
    return [];
  }

  get bytes(): number {
    return this.counters[LiveCounter.BYTES];
  }
}
