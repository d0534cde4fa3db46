// SPDX-License-Identifier: Apache-2.0

import type { FieldType, PluginContext } from "../../sdk/index.js";

/*
 * What a library extracted from one event: a table of words in an answer.
 *
 *   w0 place of an error text, 0 = none    w1.. for each wanted field the place of its value, 0 = absent
 *
 * Places count words from the answer's start. A value is a word that counts its elements, and those: a bool is a word, a number
 * two, anything else its length in bytes and the bytes, padded to words. All of it comes from a process that is not trusted:
 * what lies beyond the answer reads as nothing.
 */

const TWO_32 = 4294967296;
/** Above this a number has no exact double. */
const MAX_HIGH = 0x1fffff;
/** Errors are logged so often; then only each time their number has doubled. */
const FIRST_ERRORS = 8;

type Value = string | number | bigint | boolean | Uint8Array;
/** What an extract function reads: the answer for the event at hand. */
export type ReadField = (record: unknown) => Value | readonly Value[] | undefined;

/** The answer for the event at hand. */
export class Answer {
  private words: Uint32Array = new Uint32Array(0);
  private buffer: Buffer = Buffer.alloc(0);
  /** First word and bytes of the answer, and the event's table in it; 0: none. */
  private base = 0;
  private size = 0;
  private table = 0;

  /** Moves to an event's table, which must lie in the answer with its `wanted` fields. */
  protected move(words: Uint32Array, buffer: Buffer, base: number, size: number, table: number, wanted: number): void {
    this.words = words;
    this.buffer = buffer;
    this.base = base;
    this.size = size;
    this.table = (table + wanted) * 4 < size ? table : 0;
  }

  /** There is no answer for the event at hand. */
  protected moveNowhere(): void {
    this.table = 0;
  }

  /** What the library said went wrong with the event; null: nothing. */
  protected error(): string | null {
    const at = this.table === 0 ? 0 : this.word(this.table);
    return at === 0 ? null : this.text((at + 1) * 4, this.word(at));
  }

  /** Where the value of a wanted field stands among the words; 0: absent. */
  place(position: number): number {
    return this.table === 0 ? 0 : this.word(this.table + 1 + position);
  }

  word(at: number): number {
    return at * 4 < this.size ? (this.words[this.base + at] ?? 0) : 0;
  }

  text(start: number, size: number): string {
    return this.buffer.toString("utf8", this.base * 4 + start, this.base * 4 + Math.min(start + size, this.size));
  }

  bytes(start: number, size: number): Uint8Array {
    const from = this.base * 4 + start;
    const seen = this.buffer.subarray(from, this.base * 4 + Math.min(start + size, this.size));
    const copy = new Uint8Array(seen.length);
    copy.set(seen);
    return copy;
  }
}

/** The element of a value that stands at word `at`. */
const ELEMENTS: Readonly<{ [K in FieldType]: (record: Answer, at: number) => Value }> = {
  string: (record, at) => record.text((at + 1) * 4, record.word(at)),
  uint64: numberAt,
  reltime: numberAt,
  abstime: numberAt,
  bool: (record, at) => record.word(at) !== 0,
  ipaddr: bytesAt,
  ipnet: bytesAt,
  bytes: bytesAt,
};

function numberAt(record: Answer, at: number): number | bigint {
  const low = record.word(at);
  const high = record.word(at + 1);
  return high <= MAX_HIGH ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low);
}

function bytesAt(record: Answer, at: number): Uint8Array {
  return record.bytes((at + 1) * 4, record.word(at));
}

/** How many words the element at `at` takes. */
function wordsOf(type: FieldType, record: Answer, at: number): number {
  if (type === "bool") return 1;
  if (type === "uint64" || type === "reltime" || type === "abstime") return 2;
  return 1 + ((record.word(at) + 3) >> 2);
}

/** What reads the wanted field at `position` of an Answer. */
export function reader(type: FieldType, list: boolean, position: number): ReadField {
  const element = ELEMENTS[type];
  if (!list) {
    return (record) => {
      const answer = record as Answer;
      const place = answer.place(position);
      return place === 0 ? undefined : element(answer, place + 1);
    };
  }
  return (record) => {
    const answer = record as Answer;
    const place = answer.place(position);
    if (place === 0) return undefined;
    const count = answer.word(place);
    const values: Value[] = [];
    for (let i = 0, at = place + 1; i < count; i++) {
      values.push(element(answer, at));
      at += wordsOf(type, answer, at);
    }
    return values;
  };
}

/** Tells what a library says went wrong at events: the first few times, then each time that their number has doubled. */
export class Complaints {
  private errors = 0;

  constructor(
    private readonly plugin: string,
    private readonly context: PluginContext,
  ) {}

  add(event: number, text: string): void {
    this.context.metric("extract_errors", "counter").add(1);
    this.errors++;
    const { errors } = this;
    if (errors > FIRST_ERRORS && (errors & (errors - 1)) !== 0) return;
    this.context.log("warn", `plugin ${this.plugin}: event ${event}: ${text} (${errors} such errors)`);
  }
}
