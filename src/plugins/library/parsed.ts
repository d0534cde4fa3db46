// SPDX-License-Identifier: Apache-2.0

import { type RingLayout, SlotWord } from "../../batch/ring.js";
import type { EventView } from "../../fields/view.js";
import type { ExtractorInstance, FieldSpecs, PluginContext, WantedField } from "../../sdk/index.js";
import { Answer, Complaints, type ReadField, reader } from "./answer.js";
import { argumentText } from "./extractor.js";
import { ENTRY, Entry, HEAD, REGION_BYTES } from "./parsed-memory.js";

/** The side of the thread that parses. */
export class ParsedWriter {
  private readonly words: Uint32Array;
  private readonly bytes: Buffer;
  private base = 0;
  private entries = 0;
  /** Words of the region that are taken. */
  private used = 0;

  /** @param events that a batch holds at the most */
  constructor(
    buffer: SharedArrayBuffer,
    private readonly events: number,
  ) {
    this.words = new Uint32Array(buffer);
    this.bytes = Buffer.from(buffer);
  }

  begin(slot: number): void {
    this.base = (slot * REGION_BYTES) / 4;
    this.entries = 0;
    this.used = HEAD + ENTRY * this.events;
    this.words[this.base] = 0;
  }

  /** Takes an answer. @returns its word offset; -1: there is no room */
  answer(bytes: Buffer, size: number): number {
    const at = this.used;
    const words = (size + 3) >> 2;
    if ((at + words) * 4 > REGION_BYTES) return -1;
    bytes.copy(this.bytes, (this.base + at) * 4, 0, size);
    this.used += words;
    return at;
  }

  /** Tells where the table of an event is whose record is at word offset `record`. */
  add(record: number, answer: number, size: number, table: number): void {
    const at = this.base + HEAD + ENTRY * this.entries;
    this.words[at + Entry.RECORD] = record;
    this.words[at + Entry.ANSWER] = answer;
    this.words[at + Entry.SIZE] = size;
    this.words[at + Entry.TABLE] = table;
    this.words[this.base] = ++this.entries;
  }
}

/** A worker's side. */
export class ParsedReader {
  readonly words: Uint32Array;
  readonly buffer: Buffer;
  private slot = -1;
  private batch = -1;
  /** The entry that is looked at first: events are asked about in their order. */
  private next = 0;

  constructor(
    buffer: SharedArrayBuffer,
    private readonly layout: RingLayout,
  ) {
    this.words = new Uint32Array(buffer);
    this.buffer = Buffer.from(buffer);
  }

  /** First word of the entry of the view's event; 0: it has none. */
  find(view: EventView): number {
    const { words, layout } = this;
    const slot = Math.floor((view.o * 4) / layout.slotBytes);
    const batch = view.words[layout.slotWord(slot) + SlotWord.BATCH];
    const base = (slot * REGION_BYTES) / 4;
    const first = base + HEAD;
    if (slot !== this.slot || batch !== this.batch || this.before(first, view.o)) this.next = 0;
    this.slot = slot;
    this.batch = batch;
    for (const count = words[base]; this.next < count; this.next++) {
      const at = first + ENTRY * this.next;
      if (words[at + Entry.RECORD] === view.o) return at;
      if (words[at + Entry.RECORD] > view.o) return 0;
    }
    return 0;
  }

  /** Whether record `o` comes before the entry that is next. */
  private before(first: number, o: number): boolean {
    return this.next > 0 && this.words[first + ENTRY * (this.next - 1) + Entry.RECORD] >= o;
  }
}

/** The fields of a library that parses, in a worker: what was extracted from events where they were parsed. */
class ParsedExtractor extends Answer {
  private readonly complaints: Complaints;

  constructor(
    private readonly readerOf: (view: EventView) => ParsedReader | null,
    private readonly view: () => EventView | null,
    private readonly wanted: number,
    plugin: string,
    context: PluginContext,
  ) {
    super();
    this.complaints = new Complaints(plugin, context);
  }

  load(number: number): void {
    const view = this.view();
    const parsed = view === null ? null : this.readerOf(view);
    const at = parsed === null || view === null ? 0 : parsed.find(view);
    if (parsed === null || at === 0) {
      this.moveNowhere();
      return;
    }
    const { words, buffer } = parsed;
    const region = Math.floor((at * 4) / REGION_BYTES) * (REGION_BYTES / 4);
    const answer = region + words[at + Entry.ANSWER];
    this.move(words, buffer, answer, words[at + Entry.SIZE], words[at + Entry.TABLE], this.wanted);
    const error = this.error();
    if (error !== null) this.complaints.add(number, error);
  }
}

export interface ParsedParts {
  readonly plugin: string;
  readonly fields: FieldSpecs;
  /** As the thread that parses was told. */
  readonly wanted: readonly WantedField[];
  readonly context: PluginContext;
  /** What was extracted from the events of a view's source; null: nothing. */
  readonly readerOf: (view: EventView) => ParsedReader | null;
  /** The view whose event is in hand. */
  readonly view: () => EventView | null;
}

/** Makes of what was extracted elsewhere an extractor like any other. */
export function parsedExtractor(parts: ParsedParts): ExtractorInstance<unknown, FieldSpecs> {
  const { plugin, fields, wanted, context } = parts;
  const extractor = new ParsedExtractor(parts.readerOf, parts.view, wanted.length, plugin, context);
  const position = (name: string, argument: string | null): number =>
    wanted.findIndex((each) => each.field === name && each.argument === argument);
  const extract: { [name: string]: unknown } = {};
  for (const [name, { type, list = false, argument }] of Object.entries(fields)) {
    const make = (given: unknown): ReadField => {
      const at = position(name, argumentText(given));
      return at < 0 ? () => undefined : reader(type, list, at);
    };
    extract[name] = argument === undefined ? make(undefined) : make;
  }
  return {
    record: (event) => {
      extractor.load(event.number);
      return extractor;
    },
    extract: extract as ExtractorInstance<unknown, FieldSpecs>["extract"],
  };
}
