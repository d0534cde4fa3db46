// SPDX-License-Identifier: Apache-2.0
import type { Metric, PluginContext, SourceEvent } from "peregrine/sdk";
import { JsonReader, type Span, step } from "../common/json-reader.js";
import { checkValue, skipSpace } from "../common/json-scan.js";
import type { Quarantine } from "../common/quarantine.js";
import { parseTime } from "../common/rfc3339.js";

const KEYS = ["kind", "items", "stageTimestamp"];
const [KIND, ITEMS, TIMESTAMP] = [0, 1, 2];
const TIME = [step("stageTimestamp")];

/** Takes documents apart into audit events. */
export class AuditLog {
  readonly #reader = new JsonReader(KEYS);
  readonly #found: Metric;
  readonly #delivered: Metric;

  constructor(
    readonly quarantine: Quarantine,
    readonly maxEvent: number,
    context: PluginContext,
  ) {
    this.#found = context.metric("events_found", "counter");
    this.#delivered = context.metric("events_delivered", "counter");
  }

  /**
   * The events of one document: an Event, an EventList, or a list of these. What is none of them is set aside.
   * The events are views of `bytes`.
   */
  parse(bytes: Uint8Array, from: string): SourceEvent[] {
    const events: SourceEvent[] = [];
    const end = checkValue(bytes, skipSpace(bytes, 0, bytes.length), bytes.length);
    if (end < 0 || skipSpace(bytes, end, bytes.length) !== bytes.length) {
      this.#setAside(bytes, from, "not valid JSON");
      return events;
    }
    this.#document(bytes, skipSpace(bytes, 0, bytes.length), end, from, events);
    this.#delivered.add(events.length);
    return events;
  }

  #document(b: Uint8Array, start: number, end: number, from: string, events: SourceEvent[]): void {
    const bytes = b.subarray(start, end);
    const reader = this.#reader;
    reader.load(bytes);
    if (bytes[0] === 0x5b) {
      const parts: Span[] = [];
      reader.elements({ start: 0, end: bytes.length }, (part) => parts.push(part));
      for (const part of parts) this.#document(bytes, part.start, part.end, from, events);
      return;
    }
    const kind = reader.member(KIND as number);
    switch (reader.isString(kind) ? reader.string(kind) : "") {
      case "EventList": {
        const span = reader.member(ITEMS as number);
        const items = { start: span.start, end: span.end };
        if (reader.typeAt(items) !== 0x5b) this.#setAside(bytes, from, "an EventList without items");
        reader.elements(items, (item) => {
          const time = reader.below(item, TIME);
          this.#event(
            bytes.subarray(item.start, item.end),
            reader.isString(time) ? reader.string(time) : "",
            from,
            events,
          );
        });
        break;
      }
      case "Event": {
        const time = reader.member(TIMESTAMP as number);
        this.#event(bytes, reader.isString(time) ? reader.string(time) : "", from, events);
        break;
      }
      default:
        this.#setAside(bytes, from, "data not recognized as a k8s audit event");
    }
  }

  /** An event without a time that can be read has the time at which it came: what it says is still worth looking at. */
  #event(bytes: Uint8Array, timestamp: string, from: string, events: SourceEvent[]): void {
    this.#found.add(1);
    if (bytes.length > this.maxEvent) {
      this.quarantine.keep("record", bytes, from, `an event of more than ${this.maxEvent} bytes`);
      return;
    }
    const time = parseTime(timestamp);
    events.push(time === undefined ? { data: bytes } : { data: bytes, time });
  }

  #setAside(bytes: Uint8Array, from: string, reason: string): void {
    this.#found.add(1);
    this.quarantine.keep("record", bytes, from, reason);
  }
}
