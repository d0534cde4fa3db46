// SPDX-License-Identifier: Apache-2.0

import { Dictionary } from "../batch/dictionary.js";
import { EventType } from "../batch/event-table.generated.js";
import { Lookup } from "../batch/lookup.js";
import type { Memory } from "../batch/memory.js";
import { ProcessRows } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import { SlotWord } from "../batch/ring.js";
import type { ServiceNames } from "./services.js";

/** What is known of the place the events come from, for fields that need it. Fixed for a section of a capture. */
export interface SourceInfo {
  readonly name: string;
  readonly hostname: string;
  readonly bootTime: bigint;
  /** Local addresses, 4 or 16 bytes each as binary strings. */
  readonly addresses: ReadonlySet<string>;
}

/** What fields tell of the plugin that made an event. */
export interface EventPlugin {
  readonly name: string;
  /** The event source of its events. */
  readonly source: string;
  /** One line about the view's event, as a binary string; null: it has nothing to say. */
  info(e: EventView): string | null;
}

const NO_PLUGINS: ReadonlyMap<number, EventPlugin> = new Map();

/**
 * The event that fields look at: a cursor over the records of a batch. One for each worker, moved from event to event, so
 * that nothing is allocated. Everything it leads to is valid until the batch is given back.
 */
export class EventView {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Buffer;
  readonly dictionary: Dictionary;
  readonly processes: ProcessRows;
  /** Process rows, extra rows and fd rows as words. */
  readonly rows: Int32Array;
  readonly extras: Int32Array;
  readonly fds: Int32Array;
  readonly users: Lookup;
  readonly groups: Lookup;
  readonly containers: Lookup;
  /** Names of ports, where they are looked up. */
  services: ServiceNames | null = null;
  /** Raised whenever dictionary ids may mean other strings: caches by id must be dropped. */
  generation = 0;
  /** Plugins that are sources, by ID. */
  plugins: ReadonlyMap<number, EventPlugin> = NO_PLUGINS;
  /** Number and time (ns, two words) of the event that times are relative to; infinite where it is behind the batch. */
  firstNumber = Number.POSITIVE_INFINITY;
  firstLow = 0;
  firstHigh = 0;

  /** Word offset of the record. */
  o = 0;
  type = 0;
  /** evt.num; row versions are compared with it. */
  number = 0;
  /** Rows of the thread, of its group's leader and of the event's fd; 0 = none. */
  row = 0;
  leader = 0;
  fdRow = 0;

  constructor(
    memory: Memory,
    public source: SourceInfo,
  ) {
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.bytes = Buffer.from(memory.ring);
    this.dictionary = new Dictionary(memory.dictionary);
    this.processes = new ProcessRows(memory.processes);
    this.rows = this.processes.words;
    this.extras = this.processes.extras;
    this.fds = new Int32Array(memory.fds.rows);
    this.users = new Lookup(memory.users);
    this.groups = new Lookup(memory.groups);
    this.containers = new Lookup(memory.containers);
  }

  /** A batch begins whose slot's header is at word offset `base`: what goes with all of its events. */
  begin(base: number): void {
    const { words } = this;
    this.firstNumber = (this.floats[(base + SlotWord.FIRST_EVENT) >> 1] as number) || Number.POSITIVE_INFINITY;
    this.firstLow = words[base + SlotWord.FIRST_TIME] as number;
    this.firstHigh = words[base + SlotWord.FIRST_TIME + 1] as number;
  }

  /** Moves to the record at word offset `o`. */
  at(o: number): void {
    const words = this.words;
    this.o = o;
    this.type = (words[o + RecordWord.TYPE] as number) & 0xffff;
    this.number = this.floats[(o + RecordWord.NUMBER) >> 1] as number;
    this.row = words[o + RecordWord.ROW] as number;
    this.leader = words[o + RecordWord.LEADER] as number;
    this.fdRow = words[o + RecordWord.FD_ROW] as number;
  }

  /** ID of the plugin that made the event: 0 for system calls, and for what the engine adds to them. */
  get pluginId(): number {
    const type = this.type;
    if (type !== EventType.PLUGINEVENT_E && type !== EventType.ASYNCEVENT_E) return 0;
    return this.words[this.o + RecordWord.HEADER] >>> 0;
  }

  /** Name of the event's source; null where it comes from a plugin that is not loaded. */
  get sourceName(): string | null {
    const id = this.pluginId;
    return id === 0 ? this.source.name : (this.plugins.get(id)?.source ?? null);
  }

  /** Parameters that the event has, empty ones included. */
  get nparams(): number {
    return this.words[this.o + RecordWord.NPARAMS] as number;
  }

  /** ns since the epoch. Allocates: for outputs and rare fields. */
  get time(): bigint {
    return BigInt.asUintN(
      64,
      (BigInt(this.words[this.o + 5] as number) << 32n) | BigInt((this.words[this.o + 4] as number) >>> 0),
    );
  }

  /** Whether parameter `index` is there and not empty. */
  has(index: number): boolean {
    return (((this.words[this.o + RecordWord.PRESENT] as number) >>> index) & 1) === 1;
  }
}
