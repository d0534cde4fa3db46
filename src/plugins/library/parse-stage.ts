// SPDX-License-Identifier: Apache-2.0

import type { Memory } from "../../batch/memory.js";
import { RecordFlag, RecordWord } from "../../batch/record.js";
import { RingLayout, SlotWord } from "../../batch/ring.js";
import { type EventPlugin, EventView, type SourceInfo } from "../../fields/view.js";
import type { PluginContext, WantedField } from "../../sdk/index.js";
import { EventOfView } from "../event.js";
import { appliesTo, type LoadedPlugin, parses, takesType } from "../info.js";
import { isCompanion } from "./companion.js";
import { LibraryExtractor } from "./extractor.js";
import { libraryPlace, loadLibrary } from "./load.js";
import { ParsedWriter } from "./parsed.js";
import { ownPlace } from "./place.js";
import { LibraryState } from "./state.js";
import { LiveThreads, type ThreadRows } from "./thread-rows.js";
import { isWhole } from "./typed-event.js";

export interface ParseParts {
  /** All plugins of the run. */
  readonly plugins: readonly LoadedPlugin[];
  readonly wanted: readonly (readonly WantedField[])[];
  readonly memory: Memory;
  /** By plugin: where what is extracted goes; those that do not parse have none. */
  readonly parsed: readonly (SharedArrayBuffer | null)[];
  /** Name of the source whose thread this is. */
  readonly source: string;
  /** The plugin that is this source; -1: none. */
  readonly own: number;
  /** A capture: plugins hear of it, and add nothing to it. */
  readonly replay: boolean;
  readonly context: (plugin: LoadedPlugin) => PluginContext;
  /** Pairs of an fd and its row; null: the source has no processes. */
  readonly fdsOf: ((tid: number) => Int32Array) | null;
}

/**
 * Libraries that parse, in the thread that fills a source's batches: shows each of them the batch's events in their order, behind
 * the state stage, and keeps what it extracts for the workers. What a library knows at an event depends on the events before it
 * alone, so it has one state for each source.
 */
export class ParseStage {
  private constructor(
    private readonly parsers: readonly Parser[],
    private readonly companions: readonly LibraryState[],
    private readonly view: EventView,
    private readonly layout: RingLayout,
    private readonly threads: LiveThreads | null,
  ) {}

  /** Loads and initializes the plugins; null where there is nothing to do. */
  static async load(parts: ParseParts): Promise<ParseStage | null> {
    const { plugins, source, own, memory, fdsOf } = parts;
    const wanted = plugins.filter((plugin) => isCompanion(plugin, source, own));
    if (wanted.length === 0) return null;
    const view = viewOf(parts);
    const threads = fdsOf === null ? null : new LiveThreads(memory, fdsOf);
    const parsers: Parser[] = [];
    const companions: LibraryState[] = [];
    for (const plugin of wanted) {
      const state = await startLibrary(plugin, parts, threads);
      companions.push(state);
      const buffer = parts.parsed[plugin.index];
      if (plugin.library?.parser == null || buffer == null) continue;
      const written = new ParsedWriter(buffer, memory.shape.ring.events);
      const fields = parts.wanted[plugin.index] ?? [];
      parsers.push(new Parser(plugin, state, fields, written, view, new RingLayout(memory.shape.ring)));
    }
    const stage = new ParseStage(parsers, companions, view, new RingLayout(memory.shape.ring), threads);
    for (const [i, state] of companions.entries()) {
      // What a plugin sent out of turn is in the capture already.
      if (wanted[i]?.index !== own) state.startAsync(fdsOf !== null, !parts.replay);
    }
    return stage;
  }

  /** Shows the plugins the events of the filled batch in `slot`. */
  apply(slot: number): void {
    const base = this.layout.slotWord(slot);
    this.threads?.begin(base + this.layout.recordsWord, this.view.words[base + SlotWord.RECORDS] ?? 0);
    for (const parser of this.parsers) parser.apply(slot);
    this.hear();
  }

  /** Takes what the plugins say out of turn. */
  hear(): void {
    for (const { connection } of this.companions) if (!connection.dead) connection.readMail();
  }

  /** From here on the plugins say nothing out of turn, and what they have said is heard. */
  settle(): void {
    for (const state of this.companions) state.settle();
  }

  close(): void {
    for (const state of this.companions) {
      try {
        state.stopAsync();
        state.report();
        state.connection.readMail();
      } catch {
        // It has died, which its restarts have told.
      }
      state.connection.close();
    }
  }
}

function viewOf({ memory, plugins, source }: ParseParts): EventView {
  const info: SourceInfo = { name: source, hostname: "", bootTime: 0n, addresses: new Set() };
  const view = new EventView(memory, info);
  const sources = new Map<number, EventPlugin>();
  for (const plugin of plugins) {
    if (plugin.source === null) continue;
    sources.set(plugin.source.id, { name: plugin.name, source: plugin.source.name, info: () => null });
  }
  view.plugins = sources;
  return view;
}

async function startLibrary(
  plugin: LoadedPlugin,
  parts: ParseParts,
  threads: ThreadRows | null,
): Promise<LibraryState> {
  const { ref, config } = plugin;
  const place = ownPlace(ref.place ?? libraryPlace(ref.path));
  const { details, close } = await loadLibrary(place);
  try {
    return new LibraryState(details, place, config, parts.context(plugin), threads);
  } finally {
    close();
  }
}

/** One library that parses. */
class Parser {
  private readonly extractor: LibraryExtractor;
  private readonly event = new EventOfView();
  private readonly words: Int32Array;
  private readonly types: ReadonlySet<number> | null;
  /** Records of the request in hand that are extracted from, by their place in it; 0: not. */
  private readonly records: number[] = [];

  constructor(
    private readonly plugin: LoadedPlugin,
    private readonly state: LibraryState,
    private readonly wanted: readonly WantedField[],
    private readonly written: ParsedWriter,
    private readonly view: EventView,
    private readonly layout: RingLayout,
  ) {
    this.words = view.words;
    this.extractor = new LibraryExtractor(state, wanted, state.context);
    const { types = null } = plugin.library?.parser ?? {};
    this.types = types === null ? null : new Set(types);
  }

  apply(slot: number): void {
    const { words, layout } = this;
    const base = layout.slotWord(slot);
    this.written.begin(slot);
    const cursor = new Batch(words, base, layout);
    while (!cursor.done) {
      const before = cursor.at;
      this.request(cursor, Number.POSITIVE_INFINITY);
      if (cursor.at !== before || cursor.done) continue;
      // Not even this one event has room in a request.
      this.state.context.metric("events_too_large", "counter").add(1);
      cursor.next();
    }
  }

  /** One request for at most `most` events, from the cursor on. */
  private request(cursor: Batch, most: number): void {
    const from = cursor.mark();
    try {
      this.send(cursor, most);
    } catch (error) {
      this.state.context.log("warn", error instanceof Error ? error.message : String(error));
      const end = cursor.at;
      cursor.back(from);
      if (most === 1) {
        // The event that it fails at goes without its values, and the library's state without what it said.
        this.state.context.metric("parse_failures", "counter").add(1);
        cursor.next();
        return;
      }
      while (cursor.at < end) this.request(cursor, 1);
    }
  }

  private send(cursor: Batch, most: number): void {
    const { view, event, records, state } = this;
    state.revive();
    if (state.connection.dead) {
      // It dies again and again, and has to wait: these events go without it.
      for (; !cursor.done; cursor.next()) state.context.metric("events_without", "counter").add(1);
      return;
    }
    records.length = 0;
    let count = 0;
    this.extractor.follow((visit) => {
      for (; !cursor.done && count < most; cursor.next()) {
        view.at(cursor.record);
        event.at(view);
        const parse = this.parses(event);
        const extract = this.wanted.length > 0 && cursor.wanted && this.extracts(event);
        if (!parse && !extract) continue;
        if (!visit(event, parse, extract)) return;
        records.push(extract ? cursor.record : 0);
        count++;
      }
    });
    this.keep();
  }

  private parses(event: EventOfView): boolean {
    if (this.types !== null && !this.types.has(event.type)) return false;
    return parses(this.plugin, event.source) && isWhole(event);
  }

  private extracts(event: EventOfView): boolean {
    const { plugin } = this;
    return appliesTo(plugin, event.source, event.pluginId) && takesType(plugin, event.type) && isWhole(event);
  }

  /** Keeps what the request's answer says for the workers. */
  private keep(): void {
    const { records, written, state } = this;
    if (!records.some((record) => record !== 0)) return;
    const { words, bytes, size } = state.requests;
    const answer = written.answer(bytes, size);
    for (const [i, record] of records.entries()) {
      if (record === 0) continue;
      if (answer < 0) state.context.metric("answers_too_large", "counter").add(1);
      else written.add(record, answer, size, words[i] ?? 0);
    }
  }
}

/** Goes through the records of a batch that have parameters. */
class Batch {
  /** Records that are behind. */
  at = 0;
  record: number;
  private readonly count: number;
  private nextWanted: number;
  private readonly wantedEnd: number;

  constructor(
    private readonly words: Int32Array,
    base: number,
    layout: RingLayout,
  ) {
    this.count = words[base + SlotWord.RECORDS] ?? 0;
    this.record = base + layout.recordsWord;
    this.nextWanted = base + layout.wantedWord;
    this.wantedEnd = this.nextWanted + (words[base + SlotWord.WANTED] ?? 0);
    this.settle();
  }

  get done(): boolean {
    return this.at >= this.count;
  }

  /** Whether rules look at the record. */
  get wanted(): boolean {
    return this.nextWanted < this.wantedEnd && this.words[this.nextWanted] === this.record;
  }

  mark(): { readonly at: number; readonly record: number; readonly nextWanted: number } {
    const { at, record, nextWanted } = this;
    return { at, record, nextWanted };
  }

  back({ at, record, nextWanted }: ReturnType<Batch["mark"]>): void {
    this.at = at;
    this.record = record;
    this.nextWanted = nextWanted;
  }

  next(): void {
    if (this.wanted) this.nextWanted++;
    this.at++;
    this.record += this.words[this.record + RecordWord.SIZE] ?? 0;
    this.settle();
  }

  /** Passes over records that only tell that a thread exists. */
  private settle(): void {
    while (this.at < this.count && ((this.words[this.record + RecordWord.FLAGS] ?? 0) & RecordFlag.TOUCH) !== 0) {
      this.at++;
      this.record += this.words[this.record + RecordWord.SIZE] ?? 0;
    }
  }
}
