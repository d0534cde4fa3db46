// SPDX-License-Identifier: Apache-2.0

import { AnnexWord } from "../../src/batch/annex.js";
import type { ParamInfo } from "../../src/batch/event.js";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import type { Interner } from "../../src/batch/interner.js";
import { createMemory, type Memory, type MemoryShape } from "../../src/batch/memory.js";
import { PLAN_WORDS } from "../../src/batch/plan.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { TestInterner } from "./test-interner.js";

/** A parameter's value: numbers for integers and fds, texts (binary strings) or bytes for the rest; null = not there. */
export type Value = number | bigint | string | Uint8Array | null;

export type AnnexSpec = Partial<Record<keyof typeof AnnexWord, number | bigint>> & {
  readonly streams?: readonly number[];
  readonly fds?: readonly (readonly [fd: number, row: number])[];
};

/** An event to be written as a record. */
export interface EventSpec {
  /** An EventType. */
  readonly type: number;
  readonly tid?: number | bigint;
  /** evt.num; by default one more than the event's before. */
  readonly number?: number;
  /** ns since the epoch; by default a microsecond later than the event's before. */
  readonly time?: bigint;
  readonly cpu?: number;
  /** RecordFlag bits. */
  readonly flags?: number;
  /** By name, or by position; what is left out is empty. */
  readonly params?: Readonly<Record<string, Value>> | readonly Value[];
  /** The record's annex: words of AnnexWord by name, bigint values take two; `fds`: pairs of a number and a row. */
  readonly annex?: AnnexSpec;
  /** Parameters that the event has; by default all of its type. */
  readonly nparams?: number;
}

/** Small memory that tests can afford many of. */
export const TEST_SHAPE: MemoryShape = {
  ring: { slots: 4, events: 256, recordBytes: 64 * 1024, heapBytes: 64 * 1024 },
  strings: 1 << 16,
  stringBytes: 1 << 20,
  processRows: 4096,
  fdRows: 4096,
};

/** Writes batches as the reader does: records, heap and the slot's header. ROW, LEADER, FD_ROW and WANTED are left 0. */
export class RecordWriter {
  readonly layout: RingLayout;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly bytes: Uint8Array;
  private number = 0;
  private batch = 0;
  private time = 1_700_000_000_000_000_000n;

  constructor(
    memory: Memory,
    private readonly interner: Interner,
  ) {
    this.layout = new RingLayout(memory.shape.ring);
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.bytes = new Uint8Array(memory.ring);
  }

  /** Number of the last event written. */
  get last(): number {
    return this.number;
  }

  /**
   * Writes `events` into `slot`.
   * @param plan where given, only the parameters that it asks for are decoded (words 1 and 2 of each type), as in the reader
   * @returns the word offset of each record
   */
  write(slot: number, events: readonly EventSpec[], plan?: Int32Array): number[] {
    const base = this.layout.slotWord(slot);
    const words = this.words;
    words.fill(0, base, base + SlotWord.HEADER);
    words[base + SlotWord.BATCH] = this.batch++;
    words[base + SlotWord.RECORDS] = events.length;
    this.floats[(base + SlotWord.FIRST) / 2] = this.number;
    let heap = base * 4 + this.layout.heapByte;
    let o = base + this.layout.recordsWord;
    const offsets: number[] = [];
    for (const event of events) {
      const info = EVENTS[event.type];
      if (info === undefined) throw new RangeError(`no event type ${event.type}`);
      if (o + info.words > base + this.layout.heapByte / 4) throw new RangeError("batch is full");
      words.fill(0, o, o + info.words);
      this.number = event.number ?? this.number + 1;
      this.time = event.time ?? this.time + 1000n;
      words[o + RecordWord.SIZE] = info.words;
      words[o + RecordWord.TYPE] = event.type | ((event.cpu ?? 0) << 16);
      this.floats[(o + RecordWord.NUMBER) / 2] = this.number;
      this.wide(o + RecordWord.TIME, this.time);
      this.wide(o + RecordWord.TID, BigInt(event.tid ?? 0));
      words[o + RecordWord.FLAGS] = event.flags ?? 0;
      words[o + RecordWord.FD] = -1;
      words[o + RecordWord.NPARAMS] = event.nparams ?? info.params.length;
      const mask = plan
        ? (plan[event.type * PLAN_WORDS + 1] as number) | (plan[event.type * PLAN_WORDS + 2] as number)
        : -1;
      const params = event.params ?? [];
      let present = 0;
      for (const [i, param] of info.params.entries()) {
        const value = valueAt(params, i, param.name);
        if (value === null || value === undefined || i >= (event.nparams ?? info.params.length)) continue;
        present |= 1 << i;
        if (((mask >>> i) & 1) === 1) heap = this.param(o + param.word, param, value, heap);
      }
      for (const name of unknownNames(params, info.params)) throw new RangeError(`${info.enum} has no ${name}`);
      words[o + RecordWord.PRESENT] = present;
      offsets.push(o);
      o += info.words;
      if (event.annex !== undefined) o = this.annex(offsets.at(-1) as number, o, event.annex);
    }
    words[base + SlotWord.RECORDS_END] = o;
    words[base + SlotWord.HEAP_END] = heap;
    this.floats[(base + SlotWord.LAST) / 2] = this.number;
    return offsets;
  }

  /** @returns the word behind it */
  private annex(record: number, at: number, spec: AnnexSpec): number {
    const { words } = this;
    const { streams = [], fds = [], ...named } = spec;
    const end = at + AnnexWord.PAIRS + 2 * fds.length;
    words.fill(0, at, end);
    words[record + RecordWord.ANNEX] = at - record;
    words[record + RecordWord.SIZE] = end - record;
    for (const [name, value] of Object.entries(named)) {
      const word = at + AnnexWord[name as keyof typeof AnnexWord];
      if (typeof value === "bigint") this.wide(word, value);
      else words[word] = value;
    }
    words.set(streams, at + AnnexWord.STREAMS);
    words.set(fds.flat(), at + AnnexWord.PAIRS);
    return end;
  }

  private wide(at: number, value: bigint): void {
    this.words[at] = Number(BigInt.asIntN(32, value));
    this.words[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  private param(at: number, param: ParamInfo, value: Value, heap: number): number {
    switch (param.kind) {
      case "int":
      case "fd32":
        this.words[at] = Number(BigInt.asIntN(32, BigInt(value as number)));
        break;
      case "wide":
      case "fd":
        this.wide(at, BigInt(value as number));
        break;
      case "string":
        this.words[at] = this.interner.intern(binary(value).split("\0", 1)[0] ?? "");
        break;
      case "bytes":
        this.words[at] = this.interner.intern(binary(value));
        break;
      case "blob": {
        const bytes = Buffer.from(binary(value), "latin1");
        this.bytes.set(bytes, heap);
        this.words[at] = heap;
        this.words[at + 1] = bytes.length;
        return heap + bytes.length;
      }
      default:
    }
    return heap;
  }
}

function valueAt(params: NonNullable<EventSpec["params"]>, i: number, name: string): Value | undefined {
  return Array.isArray(params) ? (params as readonly Value[])[i] : (params as Readonly<Record<string, Value>>)[name];
}

function unknownNames(params: NonNullable<EventSpec["params"]>, known: readonly ParamInfo[]): string[] {
  return Array.isArray(params) ? [] : Object.keys(params).filter((name) => !known.some((param) => param.name === name));
}

function binary(value: Value): string {
  return typeof value === "string" ? value : Buffer.from(value as Uint8Array).toString("latin1");
}

/** Memory, interner and writer in one: what most tests begin with. */
export function testBed(shape: MemoryShape = TEST_SHAPE): {
  memory: Memory;
  interner: TestInterner;
  writer: RecordWriter;
} {
  const memory = createMemory(shape);
  const interner = new TestInterner(memory.dictionary);
  return { memory, interner, writer: new RecordWriter(memory, interner) };
}

const u16 = (n: number): number[] => [n & 0xff, n >>> 8];
const u64 = (n: bigint): number[] => [...Buffer.from(new BigUint64Array([n]).buffer)];
const ip4 = (text: string): number[] => text.split(".").map(Number);

/** 16 bytes of an IPv6 address in full or "::" form, with an IPv4 tail where it has one. */
export function ip6(text: string): number[] {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const v4 = tail ? ip4(tail[2] as string) : [];
  const hex = (part: string): number[] =>
    part
      .split(":")
      .filter((group) => group !== "")
      .flatMap((group) => u16(Number.parseInt(group, 16)).reverse());
  const halves = (tail ? (tail[1] as string) : text).split("::");
  const front = hex(halves[0] ?? "");
  const back = [...hex(halves[1] ?? ""), ...v4];
  return [...front, ...new Array<number>(16 - front.length - back.length).fill(0), ...back];
}

const isV6 = (ip: string): boolean => ip.includes(":");

/** SOCKADDR bytes of an internet address. */
export function sockaddr(ip: string, port: number): Uint8Array {
  return Uint8Array.from(isV6(ip) ? [10, ...ip6(ip), ...u16(port)] : [2, ...ip4(ip), ...u16(port)]);
}

/** SOCKADDR bytes of a unix socket. */
export function unixAddr(path: string): Uint8Array {
  return Uint8Array.from([1, ...Buffer.from(path, "latin1"), 0]);
}

/** SOCKTUPLE bytes of an internet connection. */
export function socktuple(sip: string, sport: number, dip: string, dport: number): Uint8Array {
  return isV6(sip)
    ? Uint8Array.from([10, ...ip6(sip), ...u16(sport), ...ip6(dip), ...u16(dport)])
    : Uint8Array.from([2, ...ip4(sip), ...u16(sport), ...ip4(dip), ...u16(dport)]);
}

/** SOCKTUPLE bytes of a unix connection. */
export function unixTuple(source: bigint, peer: bigint, path: string): Uint8Array {
  return Uint8Array.from([1, ...u64(source), ...u64(peer), ...Buffer.from(path, "latin1"), 0]);
}
