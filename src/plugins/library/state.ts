// SPDX-License-Identifier: Apache-2.0

import { ConfigFailure, type PluginContext, type PluginEvent, type WantedField } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { Connection, type LibraryPlace } from "./connection.js";
import type { LibraryDetails } from "./details.js";
import { checkEventSchema } from "./event-schema.js";
import { Capability, LinkStatus, Operation, Rc } from "./operations.js";
import { AnswerReader, RequestWriter } from "./wire.js";

const FIRST_RESULT_BYTES = 65536;
const NO_INDEX = 0xffff_ffff_ffff_ffffn;
const INDEX = /^(0|[1-9]\d{0,19})$/;

/** A configuration as the library is given it: text as it is, anything else as JSON. */
export function configText(config: unknown, hasSchema: boolean): string {
  if (config === undefined || config === null || config === "") return hasSchema ? "{}" : "";
  return typeof config === "string" ? config : JSON.stringify(config);
}

/** The index that an argument is, 2^64 - 1 where it is none. */
function indexOf(argument: string | null): bigint {
  if (argument === null || !INDEX.test(argument)) return NO_INDEX;
  const value = BigInt(argument);
  return value < NO_INDEX ? value : NO_INDEX;
}

/** What `init` of a library makes in one thread: a state of the plugin, the channel to it, and the fields wanted of it. */
export class LibraryState {
  readonly connection: Connection;
  /** Event types that it extracts from and parses, as it named them; empty: see its sources. */
  readonly extractTypes: readonly number[];
  readonly parseTypes: readonly number[];

  /** The answer to the last batch of events. */
  results: Buffer = Buffer.alloc(FIRST_RESULT_BYTES);
  words: Uint32Array = new Uint32Array(this.results.buffer, 0, FIRST_RESULT_BYTES / 4);
  resultSize = 0;

  private readonly sources = new Map<string, number>();
  private wanted: readonly WantedField[] = [];
  private told = false;
  private running = false;

  /** @throws ConfigFailure where the plugin's init fails; PeregrineError where its process does */
  constructor(
    readonly details: LibraryDetails,
    place: LibraryPlace,
    config: unknown,
    readonly context: PluginContext,
  ) {
    this.connection = new Connection(place, details.name, context);
    try {
      const text = configText(config, details.configSchema !== null);
      const { rc, answer } = this.connection.ask(Operation.INIT, "initializing", new RequestWriter().text(text));
      const reader = new AnswerReader(answer);
      const why = reader.text();
      if (rc === LinkStatus.NOT_LOADED) throw new ConfigFailure(`plugin ${details.name}: ${reader.text()}`);
      if (rc !== Rc.SUCCESS) throw this.refused(why);
      this.extractTypes = readTypes(reader);
      this.parseTypes = readTypes(reader);
      checkEventSchema(details, this.extractTypes, this.parseTypes);
    } catch (error) {
      this.connection.close();
      throw error;
    }
    context.signal.addEventListener("abort", () => this.connection.close(), { once: true });
  }

  /** Sets the fields that the next events are extracted into, in this order. */
  want(wanted: readonly WantedField[]): void {
    this.wanted = wanted;
    this.told = false;
  }

  /** Asks the plugin for `event`: its answer is in `words`. */
  request(operation: number, event: PluginEvent, doing: string): void {
    const source = this.sourceOf(event.source);
    if (!this.told) this.tell();
    const { link } = this.connection;
    link.begin();
    if (!link.add(event.number, event.time, source, event.pluginId, event.data)) {
      throw new PeregrineError("LIBRARY_PROTOCOL", `plugin ${this.details.name}: an event is too large for it`);
    }
    this.send(operation, doing);
  }

  /** Sends the batch that the link holds. */
  private send(operation: number, doing: string): void {
    const { link, place } = this.connection;
    const size = link.run(operation, this.results, place.timeouts.extract);
    if (size < 0 || link.status === LinkStatus.BAD_REQUEST || link.status === LinkStatus.TOO_LARGE) {
      this.connection.readMail();
      throw this.connection.fault(doing);
    }
    if (size > this.results.length) this.grow(size);
    this.resultSize = size;
  }

  /** The library's text for an event; "" where it has none. */
  describeEvent(event: PluginEvent): string {
    const source = this.sourceOf(event.source);
    if (!this.told) this.tell();
    const { link } = this.connection;
    link.begin();
    if (!link.add(event.number, event.time, source, event.pluginId, event.data)) return "";
    this.send(Operation.EVENT_TO_STRING, "describing an event");
    return link.status === Rc.SUCCESS ? new AnswerReader(this.results.subarray(0, this.resultSize)).text() : "";
  }

  /** From now on the plugin may send events out of turn, and hears of the capture. */
  startAsync(threads: boolean): void {
    const hears = (this.details.capabilities & (Capability.ASYNC | Capability.LISTENING)) !== 0;
    if (!hears || this.running) return;
    const request = new RequestWriter()
      .word(threads ? 1 : 0)
      .word(0)
      .word(this.details.asyncNames.length);
    for (const name of this.details.asyncNames) request.text(name);
    const { rc, answer } = this.connection.ask(Operation.START, "starting a capture", request);
    if (rc !== Rc.SUCCESS) throw this.refused(new AnswerReader(answer).text());
    this.running = true;
  }

  stopAsync(): void {
    if (!this.running) return;
    this.running = false;
    this.connection.ask(Operation.STOP, "ending a capture");
  }

  /**
   * Gives a running plugin another configuration.
   * @throws ConfigFailure where it refuses it, and keeps the one it has
   */
  setConfig(config: unknown): void {
    const text = configText(config, this.details.configSchema !== null);
    const { rc, answer } = this.connection.ask(
      Operation.SET_CONFIG,
      "changing its configuration",
      new RequestWriter().text(text),
    );
    if (rc === Rc.NOT_SUPPORTED)
      throw new ConfigFailure(`plugin ${this.details.name} takes no configuration while it runs`);
    if (rc !== Rc.SUCCESS) throw new ConfigFailure(`plugin ${this.details.name}: ${new AnswerReader(answer).text()}`);
  }

  private refused(why: string): ConfigFailure {
    const message = `could not initialize plugin: ${why}`;
    const place = { file: this.details.path };
    return new ConfigFailure(message, { cause: new PeregrineError("LIBRARY_INIT", message, place) });
  }

  private sourceOf(name: string): number {
    const known = this.sources.get(name);
    if (known !== undefined) return known;
    this.sources.set(name, this.sources.size);
    this.told = false;
    return this.sources.size - 1;
  }

  /** Tells the plugin's side the sources and fields that requests name by their position. */
  private tell(): void {
    const request = new RequestWriter().word(this.sources.size);
    for (const source of this.sources.keys()) request.text(source);
    request.word(this.wanted.length);
    for (const { field, argument } of this.wanted) {
      const known = this.details.fields.find(({ name }) => name === field);
      if (known === undefined)
        throw new PeregrineError("FIELD_UNKNOWN", `plugin ${this.details.name} has no field ${field}`);
      const kind = known.spec.argument?.kind;
      request
        .word(known.id)
        .word(known.code)
        .word(known.spec.list === true ? 1 : 0);
      request.word(argument === null ? 0 : 1).word(kind === "index" ? 0 : 1);
      request.wide(kind === "key" ? NO_INDEX : indexOf(argument));
      request.text(field).text(argument ?? "");
    }
    this.connection.ask(Operation.WANT, "being told the fields wanted", request);
    this.told = true;
  }

  private grow(size: number): void {
    this.results = Buffer.alloc(Math.max(size, this.results.length * 2) & ~3);
    this.words = new Uint32Array(this.results.buffer, this.results.byteOffset, this.results.length / 4);
    this.connection.link.copy(this.results);
  }
}

function readTypes(reader: AnswerReader): readonly number[] {
  const count = reader.word();
  const types: number[] = [];
  for (let i = 0; i < count && !reader.failed; i++) types.push(reader.word());
  return types;
}
