// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../../batch/event-table.generated.js";
import type { PluginEvent, WantedField } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import type { Connection } from "./connection.js";
import type { LibraryDetails } from "./details.js";
import { LinkStatus, Operation, Rc } from "./operations.js";
import { isTyped } from "./typed-event.js";
import { AnswerReader, RequestWriter } from "./wire.js";

const FIRST_RESULT_BYTES = 65536;
const FIRST_TEXT_BYTES = 4096;
const NO_INDEX = 0xffff_ffff_ffff_ffffn;
const INDEX = /^(0|[1-9]\d{0,19})$/;

/** The index that an argument is, 2^64 - 1 where it is none. */
function indexOf(argument: string | null): bigint {
  if (argument === null || !INDEX.test(argument)) return NO_INDEX;
  const value = BigInt(argument);
  return value < NO_INDEX ? value : NO_INDEX;
}

/**
 * Requests that concern events. A request holds any number of them, since what it costs is the way to the plugin and back:
 * begin(), add() for each, send(). The answer is in `words`, `bytes`.
 */
export class EventRequests {
  /** The last answer: `size` bytes of it. It is a copy; nothing writes to it any more. */
  bytes: Buffer = Buffer.alloc(FIRST_RESULT_BYTES);
  words: Uint32Array = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, FIRST_RESULT_BYTES / 4);
  size = 0;
  /** Counts requests about fields: the answer is to the last one. */
  sent = 0;

  private readonly sources = new Map<string, number>();
  private wanted: readonly WantedField[] = [];
  private told = false;
  /** The last text of an event. */
  private said: Buffer = Buffer.alloc(FIRST_TEXT_BYTES);
  /** Events in the request that is being made. */
  private count = 0;

  constructor(
    private readonly details: LibraryDetails,
    private connection: Connection,
  ) {}

  /** Sets the fields that the next events are extracted into, in this order. */
  want(wanted: readonly WantedField[]): void {
    this.wanted = wanted;
    this.told = false;
  }

  /** From now on requests go to another state of the plugin. */
  moveTo(connection: Connection): void {
    this.connection = connection;
    this.told = false;
  }

  begin(): void {
    if (!this.told) this.tell();
    this.connection.link.begin();
    this.count = 0;
  }

  /** Adds an event; `what` is to be done with it, for PARSE. False where the request has no room for it. */
  add(event: PluginEvent, what = 0): boolean {
    const source = this.sources.get(event.source) ?? this.addSource(event.source);
    if (source < 0 || !this.write(event, (source | what) >>> 0)) return false;
    this.count++;
    return true;
  }

  private write(event: PluginEvent, source: number): boolean {
    const { link } = this.connection;
    const { number, time, pluginId, data } = event;
    if (!isTyped(event) || event.type === EventType.PLUGINEVENT_E)
      return link.add(number, time, source, pluginId, data);
    if (event.type === EventType.ASYNCEVENT_E) return link.add(number, time, source, pluginId, data, event.asyncName);
    return event.image !== null && link.addImage(number, time, source, event.image);
  }

  /**
   * Sends the events.
   * @throws PeregrineError where the plugin died or did not answer; the connection is then of no use any more
   */
  send(operation: number, doing: string): void {
    const { link, place } = this.connection;
    this.sent++;
    const size = link.run(operation, this.bytes, place.timeouts.extract);
    if (size < 0 || link.status === LinkStatus.BAD_REQUEST || link.status === LinkStatus.TOO_LARGE) {
      throw this.connection.fault(doing);
    }
    if (size > this.bytes.length) this.grow(size);
    this.size = size;
  }

  /** Sends one event alone. */
  ask(operation: number, event: PluginEvent, doing: string): void {
    this.begin();
    if (!this.add(event)) throw this.refused(event, doing);
    this.send(operation, doing);
  }

  /** The library's text for an event; "" where it has none. The last answer about fields stays: there are more events in it. */
  describe(event: PluginEvent): string {
    const doing = "an event was described";
    this.begin();
    if (!this.add(event)) throw this.refused(event, doing);
    const { link, place } = this.connection;
    const size = link.run(Operation.EVENT_TO_STRING, this.said, place.timeouts.extract);
    if (size < 0 || link.status === LinkStatus.BAD_REQUEST || link.status === LinkStatus.TOO_LARGE) {
      throw this.connection.fault(doing);
    }
    if (link.status !== Rc.SUCCESS) return "";
    if (size > this.said.length) {
      this.said = Buffer.alloc(size);
      link.copy(this.said);
    }
    return new AnswerReader(this.said.subarray(0, size)).text();
  }

  private refused(event: PluginEvent, doing: string): PeregrineError {
    if (this.connection.link.status === LinkStatus.DIED) return this.connection.fault(doing);
    const message = `plugin ${this.details.name}: event ${event.number} of ${event.data.length} bytes is too large for it`;
    return new PeregrineError("LIBRARY_PROTOCOL", message, { file: this.details.path });
  }

  /** The position of a source that is met for the first time, -1 where the request must be sent before it can be told. */
  private addSource(name: string): number {
    if (this.count > 0) return -1;
    this.sources.set(name, this.sources.size);
    this.tell();
    this.connection.link.begin();
    return this.sources.size - 1;
  }

  /** Tells the plugin's side the sources and fields that requests name by their position. Between requests only. */
  private tell(): void {
    const request = new RequestWriter().word(this.sources.size);
    for (const source of this.sources.keys()) request.text(source);
    request.word(this.wanted.length);
    for (const { field, argument } of this.wanted) {
      const known = this.details.fields.find(({ name }) => name === field);
      if (known === undefined) {
        throw new PeregrineError("FIELD_UNKNOWN", `plugin ${this.details.name} has no field ${field}`);
      }
      const kind = known.spec.argument?.kind;
      request
        .word(known.id)
        .word(known.code)
        .word(known.spec.list === true ? 1 : 0);
      request.word(argument === null ? 0 : 1).word(kind === "index" ? 0 : 1);
      request.wide(kind === "key" ? NO_INDEX : indexOf(argument));
      request.text(field).text(argument ?? "");
    }
    this.connection.ask(Operation.WANT, "it was told the fields wanted", request);
    this.told = true;
  }

  private grow(size: number): void {
    const length = (Math.max(size, this.bytes.length * 2) + 3) & ~3;
    this.bytes = Buffer.alloc(length);
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, length / 4);
    this.connection.link.copy(this.bytes);
  }
}
