// SPDX-License-Identifier: Apache-2.0

import type {
  ExtractorInstance,
  FieldSpecs,
  KeyOrIndex,
  PluginContext,
  PluginEvent,
  WantedField,
} from "../../sdk/index.js";
import { Answer, Complaints, type ReadField, reader } from "./answer.js";
import type { LibraryDetails } from "./details.js";
import { Operation, Parse } from "./operations.js";
import type { EventRequests } from "./requests.js";
import type { LibraryState } from "./state.js";

/** Mail is looked for once in so many events. */
const EVENTS_PER_LOOK = 256;
/** Events that are asked about ahead at a time: what a request costs is then next to nothing for each of them. */
const MOST_AHEAD = 256;

/** The fields that a library extracts in one worker. It is the record of the event at hand as well. */
export class LibraryExtractor extends Answer {
  private readonly wanted: WantedField[] = [];
  private readonly positions = new Map<string, number>();
  private readonly requests: EventRequests;
  private readonly complaints: Complaints;
  private events = 0;

  /** The events that the last answer is about, in their order, and which of them is next. */
  private readonly known: { number: number; source: string; pluginId: number }[] = [];
  private count = 0;
  private next = 0;
  private sent = 0;
  /** Events of a request that the plugin died of which are still to be asked about one by one. */
  private alone = 0;

  constructor(
    private readonly state: LibraryState,
    wanted: readonly WantedField[],
    private readonly context: PluginContext,
  ) {
    super();
    this.requests = state.requests;
    this.complaints = new Complaints(state.details.name, context);
    for (const field of wanted) this.position(field.field, field.argument);
  }

  /**
   * Extracts all wanted fields of these events in one request: until `each` has no more of them, or no more fit. Where the
   * plugin dies of one of them, it is not known of which: they are asked about one by one then.
   */
  ahead(each: (visit: (event: PluginEvent) => boolean) => void): void {
    this.count = 0;
    this.next = 0;
    if (this.alone > 0) return;
    this.state.revive();
    try {
      this.requests.begin();
      each((event) => {
        if (this.count >= MOST_AHEAD || !this.requests.add(event)) return false;
        this.remember(event);
        return true;
      });
      const { count } = this;
      this.count = 0;
      this.alone = count;
      if (count > 0) this.requests.send(Operation.EXTRACT, "fields were extracted");
      this.sent = this.requests.sent;
      this.count = count;
      this.alone = 0;
    } catch (error) {
      if (!this.state.connection.dead) throw error;
      this.context.log("warn", error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Lets the plugin parse these events, in their order, and extracts the wanted fields of those of which they are wanted: they
   * say what the plugin knows at that event. `each` gives them one after the other, until there are no more, or no more fit.
   */
  follow(each: (visit: (event: PluginEvent, parse: boolean, extract: boolean) => boolean) => void): void {
    this.count = 0;
    this.next = 0;
    let added = 0;
    this.requests.begin();
    each((event, parse, extract) => {
      if (!this.requests.add(event, (parse ? Parse.PARSE : 0) | (extract ? Parse.EXTRACT : 0))) return false;
      added++;
      this.remember(event);
      return true;
    });
    this.count = 0;
    if (added === 0) return;
    this.requests.send(Operation.PARSE, "events were parsed");
    this.sent = this.requests.sent;
    this.count = added;
  }

  /** Moves to an event: one that was asked about ahead, or else its wanted fields are extracted now. */
  load(event: PluginEvent): void {
    let at = this.find(event);
    if (at < 0) {
      this.count = 0;
      if (this.alone > 0) this.alone--;
      this.state.attempt(() => this.requests.ask(Operation.EXTRACT, event, "its fields were extracted"));
      this.sent = this.requests.sent;
      this.remember(event);
      at = 0;
    }
    this.next = at + 1;
    const { words, bytes, size } = this.requests;
    this.move(words, bytes, 0, size, words[at] ?? 0, this.wanted.length);
    const error = this.error();
    if (error !== null) this.complaints.add(event.number, error);
    if (++this.events % EVENTS_PER_LOOK === 0) this.state.connection.readMail();
  }

  private remember(event: PluginEvent): void {
    this.known[this.count] ??= { number: 0, source: "", pluginId: 0 };
    const known = this.known[this.count++];
    if (known === undefined) return;
    known.number = event.number;
    known.source = event.source;
    known.pluginId = event.pluginId;
  }

  /** Where the event stands among those that the last answer is about; they are asked for in their order. */
  private find(event: PluginEvent): number {
    // What was asked in between has taken the place of the answer.
    if (this.requests.sent !== this.sent) return -1;
    for (let at = this.next; at < this.count; at++) {
      const known = this.known[at];
      if (known?.number === event.number && known.source === event.source && known.pluginId === event.pluginId)
        return at;
    }
    return -1;
  }

  /** The position of a field with its argument; it is wanted from now on. */
  position(field: string, argument: string | null): number {
    const key = argument === null ? field : `${field}[${argument}`;
    const known = this.positions.get(key);
    if (known !== undefined) return known;
    const position = this.wanted.length;
    this.wanted.push({ field, argument });
    this.positions.set(key, position);
    this.requests.want(this.wanted);
    this.count = 0;
    return position;
  }
}

/** For each field without an argument what reads it; the field is then wanted. */
export function readersOf(details: LibraryDetails, extractor: LibraryExtractor): ReadonlyMap<string, ReadField> {
  const plain = details.fields.filter(({ spec }) => spec.argument?.required !== true);
  return new Map(
    plain.map(({ name, spec }) => [name, reader(spec.type, spec.list === true, extractor.position(name, null))]),
  );
}

/** An argument of an extract function as it stood between the brackets. */
export function argumentText(argument: unknown): string | null {
  if (argument === undefined || argument === null) return null;
  if (typeof argument === "object" && "key" in argument) return (argument as KeyOrIndex).key;
  return String(argument);
}

/** Makes of a library's state what extracts its fields in one worker. */
export function startExtractor(
  state: LibraryState,
  wanted: readonly WantedField[],
  context: PluginContext,
): ExtractorInstance<unknown, FieldSpecs> {
  const extractor = new LibraryExtractor(state, wanted, context);
  const extract: { [name: string]: unknown } = {};
  for (const { name, spec } of state.details.fields) {
    const { type, list = false } = spec;
    const make = (argument: unknown) => reader(type, list, extractor.position(name, argumentText(argument)));
    // Without an argument a field need not be wanted at all: its place is made when a function for it is first used.
    extract[name] = spec.argument === undefined ? late(() => make(undefined)) : make;
  }
  return {
    record: (event) => {
      extractor.load(event);
      return extractor;
    },
    ahead: (each) => extractor.ahead(each),
    extract: extract as ExtractorInstance<unknown, FieldSpecs>["extract"],
  };
}

/** A function that is made when it is first called. */
export function late(make: () => ReadField): ReadField {
  let made: ReadField | null = null;
  return (record) => {
    made ??= make();
    return made(record);
  };
}
