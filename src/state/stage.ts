// SPDX-License-Identifier: Apache-2.0

import { type AnnexDemand, noAnnex } from "../batch/annex.js";
import type { Interner } from "../batch/interner.js";
import type { LookupBuffers } from "../batch/lookup.js";
import type { Memory } from "../batch/memory.js";
import { RingLayout } from "../batch/ring.js";
import { loadAddon, type NativeStage, type StageCounters, type StageTables } from "../capture/addon.js";
import type { SectionHeader } from "../capture/source.js";
import { withHostPeople } from "./people.js";

export type { StageCounters } from "../capture/addon.js";
export type { StateDemand, StateTest } from "./plan.js";
export { makePlan, stateDemand } from "./plan.js";

export interface StageOptions {
  readonly memory: Memory;
  /** The interner of `memory.dictionary`, from createInterner(). */
  readonly interner: Interner;
  /** The reader's plan; makePlan. */
  readonly plan: Int32Array;
  /** Users and groups that the capture does not name are looked up in HOST_ROOT/etc; null = nowhere. */
  readonly hostRoot: string | null;
  /** Whether processes belong to containers; by default they do. Otherwise they are all the host's. */
  readonly containers?: boolean;
  /** What rules ask of annexes; the parts are those that the plan was made with. */
  readonly annex?: AnnexDemand;
}

/**
 * The state stage: applies events to the process and fd tables in their order, and tells each record the rows that are
 * valid for it. The only writer of the tables; runs in the ingest thread. What it does stands in native/state.
 */
export class StateStage {
  /** For those that take pictures of it. */
  readonly native: NativeStage;

  constructor(private readonly options: StageOptions) {
    const { memory, interner, plan, annex = noAnnex() } = options;
    const { slotBytes, wantedWord, recordsWord, shape } = new RingLayout(memory.shape.ring);
    this.native = new (loadAddon().StateStage)(
      interner,
      tablesOf(memory),
      Float64Array.of(
        ...[shape.slots, shape.events, slotBytes, wantedWord, recordsWord],
        options.containers === false ? 0 : 1,
      ),
      plan,
      Int32Array.of(annex.parts, ...annex.fds),
    );
  }

  /**
   * Begins a section: the tables are emptied and filled from its header. While no batch is in flight.
   * @param number number of the section's first event: later sections' rows are valid from it on. Those of the first are
   *   valid from 0 whatever the number.
   */
  begin(header: SectionHeader, number: number): void {
    const { hostRoot, interner } = this.options;
    this.native.begin(hostRoot === null ? header : withHostPeople(header, hostRoot, interner), number);
  }

  /** Another plan, and other annexes, for batches filled with them; what the tables hold stays. Between batches. */
  setPlan(plan: Int32Array, annex: AnnexDemand): void {
    this.native.setPlan(plan, Int32Array.of(annex.parts, ...annex.fds));
  }

  /**
   * Applies all records of the batch in `slot`, in order. Fills ROW, LEADER, FD_ROW, FD, FLAGS and the rows beside fd
   * parameters of each, the slot's list of records to evaluate, and its WANTED word.
   */
  apply(slot: number): void {
    this.native.apply(slot);
  }

  /** Frees what only events up to number `horizon` could read. Between batches. */
  settle(horizon: number): void {
    this.native.settle(horizon);
  }

  /** Whether rows or look-up entries may not suffice for another batch. Then wait until no batch is in flight, settle, and go on in any case. */
  get tight(): boolean {
    return this.native.tight;
  }

  /** Marks every dictionary id that the tables hold. While no batch is in flight. */
  mark(marks: Uint8Array): void {
    this.native.mark(marks);
  }

  /** After a sweep: ids that were not marked mean nothing any more. */
  collected(): void {
    this.native.collected();
  }

  get counters(): StageCounters {
    return this.native.counters;
  }

  /** Pairs of an fd and its row: those that the process of a thread has open now. */
  fdsOf(tid: number): Int32Array {
    return this.native.fdsOf(tid);
  }

  /** @internal For tests: from now on freed rows are overwritten, so that a read of one shows. */
  poison(): void {
    this.native.poison();
  }

  /** @internal For tests: distinct fd rows that the tables of all processes hold. */
  heldFdRows(): number {
    return this.native.heldFdRows();
  }
}

function tablesOf(memory: Memory): StageTables {
  const { processes, fds } = memory;
  const heads = (table: LookupBuffers): Int32Array => new Int32Array(table.heads);
  const entries = (table: LookupBuffers): Int32Array => new Int32Array(table.entries);
  return {
    ring: new Uint8Array(memory.ring),
    heads: new Int32Array(processes.heads),
    rows: new Int32Array(processes.rows),
    extras: new Int32Array(processes.extras),
    fds: new Int32Array(fds.rows),
    userHeads: heads(memory.users),
    users: entries(memory.users),
    groupHeads: heads(memory.groups),
    groups: entries(memory.groups),
    containerHeads: heads(memory.containers),
    containers: entries(memory.containers),
  };
}
