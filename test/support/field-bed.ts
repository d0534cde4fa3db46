// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../../src/batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../../src/batch/fd-rows.js";
import type { Memory } from "../../src/batch/memory.js";
import { type Demand, PLAN_WORDS } from "../../src/batch/plan.js";
import { EXTRA_WORDS, ROW_WORDS, RowWord } from "../../src/batch/process-rows.js";
import { RecordWord } from "../../src/batch/record.js";
import type { Field } from "../../src/fields/field.js";
import { resolveField } from "../../src/fields/registry.js";
import { EventView, type SourceInfo } from "../../src/fields/view.js";
import { LookupWriter } from "./lookup-writer.js";
import { type EventSpec, type RecordWriter, testBed } from "./records.js";
import type { TestInterner } from "./test-interner.js";

/** A process row by words: numbers as they are, texts interned. */
export type RowSpec = Partial<Record<keyof typeof RowWord, number | string | bigint>>;

/** An fd row. */
export interface FdSpec {
  readonly kind?: number;
  readonly name?: string;
  readonly raw?: string;
  readonly socket?: Uint8Array;
  readonly l4?: number;
  readonly role?: number;
  readonly dev?: number;
  readonly ino?: bigint;
  readonly state?: number;
}

/** What the state stage would write into a record. */
export interface Attached {
  readonly row?: number;
  readonly leader?: number;
  readonly fdRow?: number;
  readonly fd?: number;
  /** Rows beside fd parameters, by the parameter's name. */
  readonly rows?: Readonly<Record<string, number>>;
}

/** Time of the first event, to which times are relative. */
const FIRST_TIME = 1_700_000_000_000_000_000n;

export const TEST_SOURCE: SourceInfo = {
  name: "syscall",
  hostname: "box",
  bootTime: 0n,
  addresses: new Set(),
};

/** Records, rows and a view over them: everything that a field reads, written by hand. */
export class FieldBed {
  readonly memory: Memory;
  readonly interner: TestInterner;
  readonly writer: RecordWriter;
  readonly view: EventView;
  readonly users: LookupWriter;
  readonly groups: LookupWriter;
  readonly containers: LookupWriter;
  private readonly heads: Int32Array;
  private readonly times: Float64Array;
  private rows = 1;
  private extras = 1;
  private fds = 1;

  constructor(source: SourceInfo = TEST_SOURCE) {
    const { memory, interner, writer } = testBed();
    this.memory = memory;
    this.interner = interner;
    this.writer = writer;
    this.view = new EventView(memory, source);
    this.view.firstNumber = 1;
    this.view.firstLow = Number(BigInt.asIntN(32, FIRST_TIME));
    this.view.firstHigh = Number(BigInt.asIntN(32, FIRST_TIME >> 32n));
    this.users = new LookupWriter(memory.users);
    this.groups = new LookupWriter(memory.groups);
    this.containers = new LookupWriter(memory.containers);
    this.heads = new Int32Array(memory.processes.heads);
    this.times = new Float64Array(memory.processes.rows);
  }

  id(text: string): number {
    return this.interner.intern(text);
  }

  /** Stores a row of a thread, valid from event `from` on, in front of the ones it has. PID defaults to TID. */
  process(spec: RowSpec & { TID: number }, from = 0): number {
    const row = this.rows++;
    const base = row * ROW_WORDS;
    const words = this.view.rows;
    for (const [name, value] of Object.entries({ PID: spec.TID, VPID: spec.TID, VTID: spec.TID, ...spec })) {
      const word = RowWord[name as keyof typeof RowWord];
      if (typeof value === "bigint") {
        words[base + word] = Number(BigInt.asIntN(32, value));
        words[base + word + 1] = Number(BigInt.asIntN(32, value >> 32n));
      } else words[base + word] = typeof value === "string" ? this.id(value) : value;
    }
    this.times[row * 16] = from;
    words[base + RowWord.PREV] = this.heads[spec.TID] as number;
    words[base + RowWord.JUMP] = this.heads[spec.TID] as number;
    this.heads[spec.TID] = row;
    return row;
  }

  /** Gives a row an extra row: words by offset, bigint values take two. */
  extra(row: number, values: Readonly<Record<number, number | bigint>>): void {
    const extra = this.extras++;
    const words = this.view.extras;
    for (const [offset, value] of Object.entries(values)) {
      const at = extra * EXTRA_WORDS + Number(offset);
      if (typeof value === "bigint") {
        words[at] = Number(BigInt.asIntN(32, value));
        words[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
      } else words[at] = value;
    }
    this.view.rows[row * ROW_WORDS + RowWord.EXTRA] = extra;
  }

  /** Stores an fd row. */
  file(spec: FdSpec): number {
    const row = this.fds++;
    const base = row * FD_ROW_WORDS;
    const words = this.view.fds;
    words[base + FdWord.KIND] = spec.kind ?? FdKind.FILE_V2;
    words[base + FdWord.NAME] = this.id(spec.name ?? "");
    words[base + FdWord.NAME_RAW] = spec.raw === undefined ? 0 : this.id(spec.raw);
    words[base + FdWord.SOCKET] = spec.socket === undefined ? 0 : this.id(Buffer.from(spec.socket).toString("latin1"));
    words[base + FdWord.PROTOCOL_ROLE] = (spec.l4 ?? 0) | ((spec.role ?? 0) << 8);
    words[base + FdWord.DEV] = spec.dev ?? 0;
    words[base + FdWord.INO] = Number(BigInt.asIntN(32, spec.ino ?? 0n));
    words[base + FdWord.INO + 1] = Number(BigInt.asIntN(32, (spec.ino ?? 0n) >> 32n));
    words[base + FdWord.STATE] = spec.state ?? 0;
    return row;
  }

  /** Writes one event into slot 0, attaches rows and moves the view to it. */
  event(spec: EventSpec, attached: Attached = {}, demand?: Demand): EventView {
    const [o] = this.events([{ spec, attached }], demand);
    this.view.at(o as number);
    return this.view;
  }

  /** Writes events into slot 0 and attaches rows. @returns the word offsets of their records */
  events(list: readonly { spec: EventSpec; attached: Attached }[], demand?: Demand): readonly number[] {
    const plan = demand === undefined ? undefined : planOf(demand);
    const offsets = this.writer.write(
      0,
      list.map(({ spec }) => spec),
      plan,
    );
    for (const [i, { spec, attached }] of list.entries())
      this.attach(offsets[i] as number, spec.type, attached, demand);
    return offsets;
  }

  private attach(at: number, type: number, attached: Attached, demand: Demand | undefined): void {
    const words = this.view.words;
    words[at + RecordWord.ROW] = attached.row ?? 0;
    words[at + RecordWord.LEADER] = attached.leader ?? attached.row ?? 0;
    words[at + RecordWord.FD_ROW] = attached.fdRow ?? 0;
    words[at + RecordWord.FD] = attached.fd ?? -1;
    for (const [name, row] of Object.entries(attached.rows ?? {})) {
      const index = EVENTS[type]?.params.findIndex((param) => param.name === name) ?? -1;
      const param = EVENTS[type]?.params[index];
      if (param === undefined) throw new RangeError(`no parameter ${name}`);
      const wanted = demand === undefined || (((demand[type] ?? 0) >>> index) & 1) === 1;
      if (wanted) words[at + param.word + (param.kind === "fd" ? 2 : 1)] = row;
    }
  }
}

function planOf(demand: Demand): Int32Array {
  const plan = new Int32Array(EVENTS.length * PLAN_WORDS);
  for (const event of EVENTS) plan[event.id * PLAN_WORDS + 1] = demand[event.id] ?? 0;
  return plan;
}

/** A field of the system call source; throws where there is none. */
export function field(text: string): Field {
  const found = resolveField(text, "syscall");
  if ("error" in found) throw new Error(found.error);
  return found;
}

/** A field's text for an output, null = absent. */
export function textOf(name: string, e: EventView): string | null {
  return field(name).value(e).text;
}

/** A field's JSON. */
export function jsonOf(name: string, e: EventView): string {
  return field(name).value(e).json;
}
