// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag, EventType, ParamType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdState, FdWord } from "../batch/fd-rows.js";
import type { Interner } from "../batch/interner.js";
import type { Memory } from "../batch/memory.js";
import { PLAN_WORDS, PlanAction } from "../batch/plan.js";
import { TID_LIMIT } from "../batch/process-rows.js";
import { RecordFlag, RecordWord } from "../batch/record.js";
import { RingLayout, SlotWord } from "../batch/ring.js";
import type { SectionHeader } from "../capture/source.js";
import type { Handler } from "./handler.js";
import { RULES } from "./handlers.js";
import { markAll } from "./mark.js";
import { fillPollList } from "./poll-list.js";
import { loadSection } from "./snapshot.js";
import { Tables } from "./tables.js";
import { Thread } from "./threads.js";

export type { StateDemand, StateTest } from "./plan.js";
export { makePlan, stateDemand } from "./plan.js";

export interface StageOptions {
  readonly memory: Memory;
  readonly interner: Interner;
  /** The reader's plan; makePlan. */
  readonly plan: Int32Array;
  /** Users and groups that the capture does not name are looked up in HOST_ROOT/etc; null = nowhere. */
  readonly hostRoot: string | null;
}

/** What the stage holds and what found no place: for the ledger and metrics. */
export interface StageCounters {
  threads: number;
  fds: number;
  rowsUsed: number;
  fdRowsUsed: number;
  refusedThreads: number;
  refusedFds: number;
  /** Changes that found no free row and were made in place: events in flight may have seen them too early. */
  exhaustedRows: number;
  lostLookups: number;
}

/** How an event type's thread is found. Meta events name a thread only by chance, and make none. */
const Find = { ONLY: 1, OR_CREATE: 2 } as const;

const FIND_ONLY: ReadonlySet<number> = new Set([
  EventType.SYSCALL_CLONE_20_X,
  EventType.SYSCALL_FORK_20_X,
  EventType.SYSCALL_VFORK_20_X,
  EventType.SYSCALL_CLONE3_X,
  EventType.SCHEDSWITCH_6_E,
  EventType.PROCEXIT_1_E,
]);
const THREADLESS: ReadonlySet<string> = new Set(["EC_METAEVENT", "EC_PLUGIN"]);

function doNothing(): void {}

/**
 * The state stage: applies events to the process and fd tables in their order, and tells each record the rows that are
 * valid for it. The only writer of the tables; runs in the ingest thread.
 *
 * For each event, in this order: what the event before deferred takes effect (the end of a thread, the closing of an fd);
 * the thread is found or made; its fd is looked up; the handler runs; the rows are stored. So the event itself still
 * sees what it removes, and sees what it makes.
 */
export class StateStage {
  /** @internal for tests: freed rows are poisoned. */
  readonly tables: Tables;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  private readonly handlers: Handler[];
  private readonly find: Uint8Array;
  /** Word offset and index of the fd parameter that an event works on, by type; 0 = none. */
  private readonly fdWords: Uint8Array;
  private readonly fdIndices: Uint8Array;
  /** 1 for types whose events go to the rules. */
  private readonly evaluated: Uint8Array;
  /** Word offsets of the fd parameters that rules want, by type; null = none. */
  private readonly fdParams: (Int32Array | null)[];
  /** Word offset of the poll list that rules want, by type; 0 = none. */
  private readonly pollWords: Uint8Array;
  private readonly reserve: number;
  private begun = false;

  constructor(private readonly options: StageOptions) {
    const { memory, interner, plan } = options;
    this.tables = new Tables(memory, interner);
    this.words = this.tables.words;
    this.floats = this.tables.floats;
    this.layout = new RingLayout(memory.shape.ring);
    this.reserve = 3 * memory.shape.ring.events;
    this.handlers = EVENTS.map(() => doNothing);
    for (const rule of RULES) this.handlers[rule.type] = rule.run;
    this.find = new Uint8Array(EVENTS.length);
    this.fdWords = new Uint8Array(EVENTS.length);
    this.fdIndices = new Uint8Array(EVENTS.length);
    this.evaluated = new Uint8Array(EVENTS.length);
    this.fdParams = EVENTS.map(() => null);
    this.pollWords = new Uint8Array(EVENTS.length);
    for (const event of EVENTS) {
      const threadless =
        event.categories.some((category) => THREADLESS.has(category)) || (event.flags & EventFlag.SKIPPARSERESET) !== 0;
      this.find[event.id] = threadless || FIND_ONLY.has(event.id) ? Find.ONLY : Find.OR_CREATE;
      const fd = event.params[event.fdParam];
      if (fd !== undefined && (event.flags & EventFlag.USES_FD) !== 0) {
        this.fdWords[event.id] = fd.word;
        this.fdIndices[event.id] = event.fdParam;
      }
      if (plan[event.id * PLAN_WORDS] !== PlanAction.RULES) continue;
      this.evaluated[event.id] = 1;
      const wanted = plan[event.id * PLAN_WORDS + 1] as number;
      // fd32 numbers have one word, fd numbers two; the row's place is behind them.
      const params = event.params.flatMap((param, i) =>
        ((wanted >>> i) & 1) === 0 || (param.kind !== "fd" && param.kind !== "fd32")
          ? []
          : [param.word, param.kind === "fd" ? 2 : 1],
      );
      if (params.length > 0) this.fdParams[event.id] = Int32Array.from(params);
      const list = event.params.findIndex((param) => param.type === ParamType.FDLIST);
      if (list >= 0 && ((wanted >>> list) & 1) === 1) this.pollWords[event.id] = event.params[list]?.word ?? 0;
    }
  }

  /**
   * Begins a section: the tables are emptied and filled from its header. While no batch is in flight.
   * @param number number of the section's first event: later sections' rows are valid from it on. Those of the first are
   *   valid from 0 whatever the number.
   */
  begin(header: SectionHeader, number: number): void {
    this.tables.advance(this.begun ? number : 0);
    this.begun = true;
    this.tables.clearLookups();
    loadSection(this.tables, header, this.options.hostRoot);
  }

  /**
   * Applies all records of the batch in `slot`, in order. Fills ROW, LEADER, FD_ROW, FD, FLAGS and the rows beside fd
   * parameters of each, the slot's list of records to evaluate, and its WANTED word.
   */
  apply(slot: number): void {
    const words = this.words;
    const base = this.layout.slotWord(slot);
    const records = words[base + SlotWord.RECORDS] as number;
    let wanted = base + this.layout.wantedWord;
    let o = base + this.layout.recordsWord;
    for (let i = 0; i < records; i++) {
      const type = (words[o + RecordWord.TYPE] as number) & 0xffff;
      this.event(o, type);
      if (this.evaluated[type] === 1 && ((words[o + RecordWord.FLAGS] as number) & RecordFlag.STATE_ONLY) === 0) {
        this.complete(o, type);
        words[wanted++] = o;
      }
      o += words[o + RecordWord.SIZE] as number;
    }
    words[base + SlotWord.WANTED] = wanted - base - this.layout.wantedWord;
  }

  /** Applies one record to the tables. */
  private event(o: number, type: number): void {
    const c = this.tables;
    const words = this.words;
    c.o = o;
    c.advance(this.floats[(o + RecordWord.NUMBER) >> 1] as number);
    if (c.endingThread !== 0 || c.closingFd >= 0) c.settleDeferred();
    c.fd = -1;
    c.fdRow = 0;
    c.nameChanged = false;
    const low = words[o + RecordWord.TID] as number;
    const near = words[o + RecordWord.TID + 1] === 0 && low > 0 && low < TID_LIMIT;
    const t = near ? c.threads.find(low) : this.farThread();
    c.t = t;
    if (t === 0) {
      c.lead = 0;
      if (this.find[type] === Find.OR_CREATE && this.introduce(o, near, low) === 0) return;
    } else c.lead = c.threads.leader(t);
    if (((words[o + RecordWord.FLAGS] as number) & RecordFlag.TOUCH) !== 0) return;
    const fdWord = this.fdWords[type] as number;
    if (fdWord !== 0 && c.has(this.fdIndices[type] as number)) {
      c.fd = c.fdAt(fdWord);
      if (c.fd >= 0) c.fdRow = c.fds.get(c.owner(), c.fd);
    }
    (this.handlers[type] as Handler)(c);
  }

  private farThread(): number {
    return this.tables.threads.find(this.tables.slotAt(RecordWord.TID));
  }

  /** Makes a thread for an event of which nobody told us. */
  private introduce(o: number, near: boolean, low: number): number {
    const c = this.tables;
    const slot = near ? low : c.threads.slotFor(low, this.words[o + RecordWord.TID + 1] as number);
    c.t = slot > 0 ? c.placeholder(slot) : 0;
    return c.t;
  }

  /** Stores what rules see of the tables at this event. */
  private complete(o: number, type: number): void {
    const c = this.tables;
    const words = this.words;
    const threads = c.threads;
    const t = c.t;
    words[o + RecordWord.FD] = c.fd;
    words[o + RecordWord.FD_ROW] = c.fdRow;
    if (t === 0) return;
    const row = threads.words[(t << Thread.SHIFT) + Thread.ROW] as number;
    const lead = threads.leader(t);
    words[o + RecordWord.ROW] = row;
    words[o + RecordWord.LEADER] = lead === t ? row : (threads.words[(lead << Thread.SHIFT) + Thread.ROW] as number);
    if (c.fdRow !== 0) {
      let flags = c.nameChanged ? RecordFlag.NAME_CHANGED : 0;
      if (((c.fdPool.words[c.fdRow * FD_ROW_WORDS + FdWord.STATE] as number) & FdState.CONNECTED) !== 0) {
        flags |= RecordFlag.CONNECTED;
      }
      if (flags !== 0) words[o + RecordWord.FLAGS] = (words[o + RecordWord.FLAGS] as number) | flags;
    }
    const params = this.fdParams[type];
    if (params !== null && params !== undefined) this.fdRows(o, params, c.ownerOf(t, lead));
    const list = this.pollWords[type] as number;
    if (list !== 0) {
      fillPollList(c.bytes, words[o + list] as number, words[o + list + 1] as number, c.fds, c.ownerOf(t, lead));
    }
  }

  private fdRows(o: number, params: Int32Array, owner: number): void {
    const words = this.words;
    for (let i = 0; i < params.length; i += 2) {
      const at = o + (params[i] as number);
      const size = params[i + 1] as number;
      const fd = words[at] as number;
      const small = fd >= 0 && (size === 1 || words[at + 1] === 0);
      words[at + size] = small ? this.tables.fds.get(owner, fd) : 0;
    }
  }

  /** Frees what only events up to number `horizon` could read. Between batches. */
  settle(horizon: number): void {
    // A batch in flight has a record, and its horizon lies before it: so there is none, and look-ups need no past.
    if (horizon >= this.tables.now && this.tables.lookupsTight) this.tables.compactLookups();
    this.tables.threads.versions.settle(horizon);
    this.tables.extras.settle(horizon);
    this.tables.fdPool.settle(horizon);
  }

  /** Whether rows or look-up entries may not suffice for another batch. Then wait until no batch is in flight, settle, and go on in any case. */
  get tight(): boolean {
    const { threads, extras, fdPool } = this.tables;
    const need = this.reserve + threads.largestFamily;
    if (this.tables.lookupsTight) return true;
    return threads.versions.available < need || extras.available < this.reserve || fdPool.available < this.reserve;
  }

  /** Marks every dictionary id that the tables hold. While no batch is in flight. */
  mark(marks: Uint8Array): void {
    this.tables.compactLookups();
    markAll(this.tables, marks);
  }

  /** After a sweep: ids that were not marked mean nothing any more. */
  collected(): void {
    this.tables.strings.forget();
    this.tables.addresses.forget();
    this.tables.containerIds.forget();
  }

  get counters(): StageCounters {
    const { threads, fds, fdPool, extras, lookupsLost } = this.tables;
    return {
      threads: threads.count,
      fds: fds.count,
      rowsUsed: threads.versions.used,
      fdRowsUsed: fdPool.used,
      refusedThreads: threads.refused,
      refusedFds: fds.refused,
      exhaustedRows: threads.versions.exhausted + extras.exhausted,
      lostLookups: lookupsLost,
    };
  }
}
