// SPDX-License-Identifier: Apache-2.0

import {
  type OpenParameter,
  type PluginEvent,
  type Progress,
  type SourceBatch,
  type SourceEvent,
  SourceFailure,
  type SourceInstance,
} from "../../sdk/index.js";
import type { LibraryDetails } from "./details.js";
import { isObject, parseJson } from "./field-list.js";
import { LinkStatus, Operation, Rc, SourceStatus } from "./operations.js";
import type { LibraryState } from "./state.js";
import { AnswerReader, RequestWriter } from "./wire.js";

/** Words of an entry in what NativeLink.take returns: time (two), offset, size. */
const ENTRY_BYTES = 16;
const NO_EVENTS: readonly SourceEvent[] = [];

/** The source of a library, opened. The events of a batch lie in memory of that batch alone. */
export class LibrarySource implements SourceInstance {
  private closed = false;
  /** Events that were too large to come over, so far. */
  private lost = 0;

  private constructor(
    private readonly details: LibraryDetails,
    private readonly state: LibraryState,
  ) {}

  /** @throws SourceFailure where the plugin's open fails */
  static open(details: LibraryDetails, state: LibraryState, parameters: string): LibrarySource {
    const { connection } = state;
    state.startAsync(false);
    const { rc, answer } = connection.ask(Operation.OPEN, "opening its source", new RequestWriter().text(parameters));
    if (rc !== Rc.SUCCESS) {
      state.stopAsync();
      const why = new AnswerReader(answer).text();
      throw new SourceFailure(`plugin ${details.name}: could not open its source: ${why}`, { retry: false });
    }
    return new LibrarySource(details, state);
  }

  nextBatch(max: number, waitMs: number): SourceBatch {
    const { link, place } = this.state.connection;
    const taken = link.take(max, waitMs, place.timeouts.next);
    this.state.connection.readMail();
    const lost = link.lost[0] - this.lost;
    this.lost += lost;
    if (taken !== null) return { events: eventsOf(taken), lost };
    if (lost > 0) return { events: NO_EVENTS, lost };
    if (link.status <= LinkStatus.DIED) {
      throw this.state.connection.fault("its source was read");
    }
    if (link.source === SourceStatus.END) return { events: NO_EVENTS, end: true };
    if (link.source === SourceStatus.FAILED) throw this.failure();
    return { events: NO_EVENTS };
  }

  progress(): Progress {
    return this.state.connection.progress;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { connection } = this.state;
    // A process that has died has been told of already.
    if (connection.link.death !== -1) {
      connection.close();
      return;
    }
    try {
      this.state.stopAsync();
      connection.ask(Operation.CLOSE, "closing its source");
    } finally {
      connection.close();
    }
  }

  private failure(): SourceFailure {
    const { answer } = this.state.connection.ask(Operation.SOURCE, "telling why its source failed");
    const why = new AnswerReader(answer).text();
    return new SourceFailure(`plugin ${this.details.name}: ${why}`, { retry: false });
  }
}

function eventsOf(taken: ArrayBuffer): SourceEvent[] {
  const first = new Uint32Array(taken, 8, 1)[0] ?? 0;
  const count = first / ENTRY_BYTES;
  const times = new BigUint64Array(taken, 0, count * 2);
  const words = new Uint32Array(taken, 0, count * 4);
  const events: SourceEvent[] = [];
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(taken, words[i * 4 + 2] ?? 0, words[i * 4 + 3] ?? 0);
    events.push({ data, time: times[i * 2] ?? 0n });
  }
  return events;
}

/** @throws SourceFailure */
export function listOpenParams(details: LibraryDetails, state: LibraryState): readonly OpenParameter[] {
  const { rc, answer } = state.connection.ask(Operation.LIST_OPEN_PARAMS, "listing its open parameters");
  if (rc === Rc.NOT_SUPPORTED) return [];
  const text = new AnswerReader(answer).text();
  const fail = (why: string) => new SourceFailure(`error in plugin ${details.name}: ${why}`, { retry: false });
  if (rc !== Rc.SUCCESS) throw fail(`list_open_params has error ${text}`);
  if (text === "") return [];
  const list = parseJson(text);
  if (!Array.isArray(list)) throw fail("list_open_params returned a non-array JSON");
  return list.map((entry: unknown) => {
    if (!isObject(entry) || typeof entry["value"] !== "string" || entry["value"] === "") {
      throw fail("list_open_params has entry with no value");
    }
    const { value, desc, separator } = entry;
    return {
      value,
      desc: typeof desc === "string" ? desc : "",
      ...(typeof separator === "string" && separator !== "" ? { separator } : {}),
    };
  });
}

const SHOWN_BYTES = 50;

/** What an event looks like where the library does not say it. */
function plainText(data: Uint8Array): string {
  const shown = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, SHOWN_BYTES));
  const printable = shown.every((byte) => byte >= 0x20 && byte < 0x7f);
  const rest = data.byteLength > SHOWN_BYTES ? "..." : "";
  return `datalen=${data.byteLength} data=${printable ? `${shown.toString("latin1")}${rest}` : "<binary>"}`;
}

/** One line of text for the event, from the library where it has one. */
export function eventToString(state: LibraryState, event: PluginEvent): string {
  const text = state.attempt(() => state.requests.describe(event));
  return text === "" ? plainText(event.data) : text.replaceAll(/[\r\n]+/g, " ");
}
