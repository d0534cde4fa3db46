// SPDX-License-Identifier: Apache-2.0

import { annexWords } from "../batch/annex.js";
import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import { loadAddon } from "../capture/addon.js";
import { type Interest, LiveCounter, LiveSource } from "../capture/live.js";
import { RecentEvents } from "../capture/recent.js";
import { createInterner, ReaderCounter, ScapSource } from "../capture/scap.js";
import { describeContainer } from "../containers/bundles.js";
import { makePlan, StateStage } from "../state/stage.js";
import type { SourceCounts } from "../telemetry/ledger.js";
import type { RulesDemand } from "./ingest-mail.js";
import { chooseCalls } from "./interest.js";
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
function createSource(spec: SyscallSpec, parts: SourceParts): CountedScap | CountedLive {
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
  const { memory, hostRoot, containers, rules } = setup;
  const interner = createInterner(memory);
  const { annex } = rules;
  const plan = makePlan(rules.demand, annex.parts, rules.images);
  const interest = setup.source.kind === "live" ? interestOf(rules, plan) : null;
  const source = createSource(setup.source, { memory, interner, plan, annexWords: annexWords(annex), containers });
  if (interest !== null && source instanceof CountedLive) source.setInterest(interest);
  const stage = new StateStage({ memory, interner, plan, hostRoot, containers, annex });
  const recent = setup.recent === null ? null : new RecentEvents(stage.native, interner, setup.recent);
  if (recent !== null) source.keep(recent);
  return {
    source,
    interner,
    stage,
    fdsOf: (tid) => stage.fdsOf(tid),
    stageCounters: () => ({ ...stage.counters }),
    change: (next) => change(source, stage, next),
    ...(recent === null ? {} : { recent }),
  };
}

/** What leaves the kernel, where that is not just what the plan says; changes the plan to it. */
function interestOf({ base, demand }: RulesDemand, plan: Int32Array): Interest | null {
  return base === null ? null : chooseCalls(base, demand, plan);
}

/** Other rules ask for other events and parameters. */
function change(source: CountedScap | CountedLive, stage: StateStage, rules: RulesDemand): void {
  const plan = makePlan(rules.demand, rules.annex.parts, rules.images);
  const interest = source instanceof CountedLive ? interestOf(rules, plan) : null;
  stage.setPlan(plan, rules.annex);
  source.setPlan(plan, annexWords(rules.annex));
  if (interest !== null && source instanceof CountedLive) source.setInterest(interest);
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
  /** Events that plugins have added, those of them that are for the rules, and those that were too large. */
  private more = 0;
  private moreWanted = 0;
  private moreLost = 0;

  counts(into: SourceCounts): number {
    const { counters } = this;
    const dropped = counters[LiveCounter.DROPPED];
    into.seen = counters[LiveCounter.SEEN] + dropped + this.more;
    into.notWanted = counters[LiveCounter.NOT_WANTED];
    const state = counters[LiveCounter.STATE_RECORDS] + counters[LiveCounter.STATE_REJECTED];
    into.stateOnly = state + this.more - this.moreWanted - this.moreLost;
    into.merged = 0;
    into.unknownType = 0;
    into.oversize = counters[LiveCounter.OVERSIZE] + this.moreLost;
    into.kernel = dropped;
    return counters[LiveCounter.RULE_RECORDS] + this.moreWanted;
  }

  added(events: readonly Uint8Array[], records: number, wanted: number): void {
    this.add(events);
    this.more += events.length;
    this.moreWanted += wanted;
    this.moreLost += events.length - records;
  }

  unknownTypes(): readonly [] {
    return [];
  }

  get bytes(): number {
    return this.counters[LiveCounter.BYTES];
  }
}
