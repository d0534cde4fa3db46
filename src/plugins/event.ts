// SPDX-License-Identifier: Apache-2.0

import { AnnexWord } from "../batch/annex.js";
import { EventType } from "../batch/event-table.generated.js";
import { RecordWord } from "../batch/record.js";
import type { EventView } from "../fields/view.js";
import type { TypedEvent } from "./library/typed-event.js";

const EMPTY = new Uint8Array(0);
/** Where a record has its data: byte offset in the ring, length. Behind the plugin's ID, and the name of an async event. */
const DATA = RecordWord.HEADER + 1;
const ASYNC_DATA = RecordWord.HEADER + 2;

/** The event that plugins see: moved over the events of a view, each of its properties made when it is asked for. */
export class EventOfView implements TypedEvent {
  private view: EventView | null = null;
  number = 0;
  source = "";
  pluginId = 0;
  type = 0;
  private bytes: Uint8Array | null = null;
  private decoded: string | null = null;

  /** Moves to the view's event. */
  at(view: EventView): void {
    this.view = view;
    this.number = view.number;
    this.source = view.sourceName ?? "";
    this.pluginId = view.pluginId;
    this.type = view.type;
    this.bytes = null;
    this.decoded = null;
  }

  get time(): bigint {
    return this.view?.time ?? 0n;
  }

  get data(): Uint8Array {
    this.bytes ??= this.find();
    return this.bytes;
  }

  text(): string {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  get asyncName(): string {
    const { view } = this;
    if (view === null || view.type !== EventType.ASYNCEVENT_E) return "";
    return Buffer.from(view.dictionary.text(view.words[view.o + DATA]), "latin1").toString("utf8");
  }

  get image(): Uint8Array | null {
    const { view } = this;
    if (view === null) return null;
    const annex = view.words[view.o + RecordWord.ANNEX];
    if (annex === 0) return null;
    const at = view.o + annex + AnnexWord.IMAGE;
    const size = view.words[at + 1];
    const from = view.words[at] >>> 0;
    return size === 0 ? null : view.bytes.subarray(from, from + size);
  }

  private find(): Uint8Array {
    const { view, place: at } = this;
    if (view === null || at === 0) return EMPTY;
    const from = view.words[at] >>> 0;
    return view.bytes.subarray(from, from + view.words[at + 1]);
  }

  /** Without a view of the bytes: making one costs more than decoding a short text. */
  private decode(): string {
    const { view, place: at } = this;
    if (view === null || at === 0) return "";
    const from = view.words[at] >>> 0;
    return view.bytes.toString("utf8", from, from + view.words[at + 1]);
  }

  /** Where the record says where its data are; 0: it has none. */
  private get place(): number {
    const { view } = this;
    if (view === null) return 0;
    if (view.type === EventType.PLUGINEVENT_E) return view.o + DATA;
    return view.type === EventType.ASYNCEVENT_E ? view.o + ASYNC_DATA : 0;
  }
}
