// SPDX-License-Identifier: Apache-2.0
import type { PluginEvent } from "peregrine/sdk";
import { type JsonReader, type Span, type Step, step } from "../common/json-reader.js";
import { checkValue, skipSpace } from "../common/json-scan.js";

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/** The way to a value: a member of the document and steps below it, or steps from an array that is the document. */
export interface Place {
  /** Slot of the member; -1: the whole document. */
  readonly slot: number;
  readonly below: readonly Step[];
  readonly all: readonly Step[];
}

export function placeOf(path: readonly string[], slots: ReadonlyMap<string, number>): Place {
  const all = path.map(step);
  return { slot: path[0] === undefined ? -1 : (slots.get(path[0]) ?? -1), below: all.slice(1), all };
}

/**
 * The document of an event. It is checked once, when a value is first asked for: what is no JSON has no values at all, however far
 * the damage lies behind a value.
 */
export class JsonDocument {
  #event: PluginEvent | null = null;
  #checked = false;
  /** Where the document starts and ends; start -1: it is none. */
  readonly #whole: Span = { start: -1, end: -1 };

  constructor(readonly reader: JsonReader) {}

  load(event: PluginEvent): this {
    this.#event = event;
    this.#checked = false;
    return this;
  }

  /** The value at `place`; undefined where there is none. */
  value(place: Place): string | undefined {
    const span = this.#find(place);
    return span.start === -1 ? undefined : this.reader.text(span);
  }

  /** The whole document without white space; undefined where it is no JSON. */
  compact(): string | undefined {
    const whole = this.#open();
    return whole.start === -1 ? undefined : this.reader.compact(whole);
  }

  #find(place: Place): Span {
    const whole = this.#open();
    if (whole.start === -1 || place.all.length === 0) return whole;
    if (place.slot !== -1 && this.reader.bytes[whole.start] === OPEN_OBJECT) {
      return this.reader.find(place.slot, place.below);
    }
    return this.reader.below(whole, place.all);
  }

  #open(): Span {
    const whole = this.#whole;
    const event = this.#event;
    if (this.#checked || event === null) return whole;
    this.#checked = true;
    const { data } = event;
    this.reader.load(data);
    whole.start = -1;
    const first = data[0];
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return whole;
    const end = checkValue(data, 0, data.length);
    if (end < 0 || skipSpace(data, end, data.length) !== data.length) return whole;
    whole.start = 0;
    whole.end = end;
    return whole;
  }
}
