// SPDX-License-Identifier: Apache-2.0

/** Reads a capture with ScapSource and gives its records as plain objects. */

import assert from "node:assert/strict";
import { Dictionary } from "../../src/batch/dictionary.js";
import { EVENTS, EventType } from "../../src/batch/event-table.generated.js";
import type { Interner } from "../../src/batch/interner.js";
import { createMemory, type Memory, type MemoryShape } from "../../src/batch/memory.js";
import { PLAN_WORDS, PlanAction } from "../../src/batch/plan.js";
import { RecordFlag, RecordWord } from "../../src/batch/record.js";
import { RingLayout, type RingShape, SlotWord } from "../../src/batch/ring.js";
import { createInterner, ReaderCounter, ScapSource } from "../../src/capture/scap.js";
import { FillResult, type SectionHeader, type SourceFailure } from "../../src/capture/source.js";
import { type ScapBuilder, temporaryFile } from "./scap-builder.js";

export type PlanRow = readonly [action: number, rules: number, state: number, test?: number, ...operands: number[]];

export interface ReadRecord {
  readonly type: string;
  readonly number: number;
  readonly time: bigint;
  readonly tid: bigint;
  readonly cpu: number;
  readonly stateOnly: boolean;
  readonly touch: boolean;
  readonly nparams: number;
  readonly present: number;
  /** By name: numbers of up to 32 bits, bigint for wide ones, binary strings, Buffer for blobs; null where not present. */
  readonly params: Readonly<Record<string, number | bigint | string | Buffer | null>>;
  /** The record's words as they are. */
  readonly words: Int32Array;
  readonly section: number;
  readonly batch: number;
}

export interface ReadResult {
  readonly headers: readonly SectionHeader[];
  readonly records: readonly ReadRecord[];
  readonly failure: SourceFailure | null;
  /** Totals by name. */
  readonly counters: Readonly<Record<keyof typeof ReaderCounter, number>>;
  readonly unknown: readonly { type: number; count: number }[];
  readonly batches: readonly {
    readonly first: number;
    readonly last: number;
    readonly records: number;
    result: number;
  }[];
  readonly dictionary: Dictionary;
  readonly interner: Interner;
}

export interface ReadOptions {
  /** By event type name; the rest gets `other`. */
  readonly plan?: Readonly<Partial<Record<keyof typeof EventType, PlanRow>>>;
  /** Default: everything is for rules, with all parameters. */
  readonly other?: PlanRow;
  readonly ring?: Partial<RingShape>;
  readonly shape?: Partial<MemoryShape>;
  readonly annexWords?: number;
}

const RING: RingShape = { slots: 2, events: 64, recordBytes: 32 * 1024, heapBytes: 64 * 1024 };
const SHAPE: MemoryShape = { ring: RING, strings: 1 << 16, stringBytes: 8 << 20, processRows: 64, fdRows: 64 };

export const ALL: PlanRow = [PlanAction.RULES, -1, 0];

export function planOf(options: ReadOptions = {}): Int32Array {
  const plan = new Int32Array(EVENTS.length * PLAN_WORDS);
  for (const event of EVENTS) plan.set((options.other ?? ALL) as unknown as number[], event.id * PLAN_WORDS);
  for (const [name, row] of Object.entries(options.plan ?? {})) {
    const at = EventType[name as keyof typeof EventType] * PLAN_WORDS;
    plan.fill(0, at, at + PLAN_WORDS);
    plan.set(row as unknown as number[], at);
  }
  return plan;
}

export function memoryOf(options: ReadOptions = {}): Memory {
  return createMemory({ ...SHAPE, ...options.shape, ring: { ...RING, ...options.ring } });
}

/** The sum that must hold at every moment. */
export function assertIdentity(counters: Float64Array): void {
  const at = (name: keyof typeof ReaderCounter): number => counters[ReaderCounter[name]] as number;
  assert.equal(
    at("SEEN"),
    at("MERGED") +
      at("NOT_WANTED") +
      at("STATE_REJECTED") +
      at("UNKNOWN_TYPE") +
      at("STATE_RECORDS") +
      at("RULE_RECORDS") +
      at("OVERSIZE"),
  );
}

/** Reads a capture to its end. Throws what open() and section() throw. */
export function readCapture(from: string | Uint8Array | ScapBuilder, options: ReadOptions = {}): ReadResult {
  const path = typeof from === "string" ? from : from instanceof Uint8Array ? temporaryFile(from) : from.toFile();
  const memory = memoryOf(options);
  const interner = createInterner(memory);
  const dictionary = new Dictionary(memory.dictionary);
  const layout = new RingLayout(memory.shape.ring);
  const source = new ScapSource({ path, memory, interner, plan: planOf(options), annexWords: options.annexWords ?? 0 });
  const headers = [source.open()];
  const records: ReadRecord[] = [];
  const batches: { first: number; last: number; records: number; result: number }[] = [];
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  let result: number = FillResult.MORE;
  while (result === FillResult.MORE || result === FillResult.SECTION) {
    const slot = batches.length % memory.shape.ring.slots;
    result = source.fill(slot);
    assertIdentity(source.counters);
    const header = layout.slotWord(slot);
    const count = words[header + SlotWord.RECORDS] as number;
    let at = header + layout.recordsWord;
    for (let i = 0; i < count; i++) {
      records.push(readRecord(memory, dictionary, at, headers.length - 1, batches.length));
      at += words[at + RecordWord.SIZE] as number;
    }
    assert.equal(words[header + SlotWord.RECORDS_END], at);
    batches.push({
      first: floats[(header + SlotWord.FIRST) / 2] as number,
      last: floats[(header + SlotWord.LAST) / 2] as number,
      records: count,
      result,
    });
    if (result === FillResult.SECTION) headers.push(source.section());
  }
  const counters = Object.fromEntries(
    Object.entries(ReaderCounter).map(([name, index]) => [name, source.counters[index]]),
  ) as ReadResult["counters"];
  const read = { headers, records, failure: source.failure, counters, unknown: source.unknownTypes(), batches };
  source.close();
  return { ...read, dictionary, interner };
}

function readRecord(memory: Memory, dictionary: Dictionary, at: number, section: number, batch: number): ReadRecord {
  const words = new Int32Array(memory.ring);
  const wide = (word: number): bigint =>
    (BigInt(words[at + word + 1] as number) << 32n) | BigInt((words[at + word] as number) >>> 0);
  const type = (words[at + RecordWord.TYPE] as number) & 0xffff;
  const info = EVENTS[type];
  assert.ok(info);
  const present = words[at + RecordWord.PRESENT] as number;
  const flags = words[at + RecordWord.FLAGS] as number;
  const touch = (flags & RecordFlag.TOUCH) !== 0;
  const params: Record<string, number | bigint | string | Buffer | null> = {};
  info.params.forEach((param, i) => {
    if (touch || ((present >>> i) & 1) === 0) params[param.name] = null;
    else if (param.kind === "int" || param.kind === "fd32") params[param.name] = words[at + param.word] as number;
    else if (param.kind === "wide" || param.kind === "fd") params[param.name] = wide(param.word);
    else if (param.kind === "blob") {
      const start = (words[at + param.word] as number) >>> 0;
      const size = words[at + param.word + 1] as number;
      params[param.name] = Buffer.from(new Uint8Array(memory.ring).slice(start, start + size));
    } else params[param.name] = dictionary.text(words[at + param.word] as number);
  });
  return {
    type: info.enum.replace("PPME_", ""),
    number: new Float64Array(memory.ring)[(at + RecordWord.NUMBER) / 2] as number,
    time: BigInt.asUintN(64, wide(RecordWord.TIME)),
    tid: wide(RecordWord.TID),
    cpu: (words[at + RecordWord.TYPE] as number) >>> 16,
    stateOnly: (flags & RecordFlag.STATE_ONLY) !== 0,
    touch,
    nparams: words[at + RecordWord.NPARAMS] as number,
    present,
    params,
    words: words.slice(at, at + (words[at + RecordWord.SIZE] as number)),
    section,
    batch,
  };
}
