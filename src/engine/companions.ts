// SPDX-License-Identifier: Apache-2.0

import { receiveMessageOnPort } from "node:worker_threads";
import { Guard } from "../batch/guard.js";
import { asyncImage } from "../plugins/async-image.js";
import { HostContext, type PluginMessage } from "../plugins/context.js";
import { EventWriter, Written } from "../plugins/event-writer.js";
import { attends, type LoadedPlugin } from "../plugins/info.js";
import { ParseStage } from "../plugins/library/parse-stage.js";
import { nowNs } from "../telemetry/clock.js";
import { type AddedEvent, AsyncInbox } from "./async-inbox.js";
import type { IngestPlugins, IngestTask } from "./ingest-task.js";
import type { Attendants } from "./parts.js";
import { wallTime } from "./wall-time.js";

export interface CompanionParts {
  readonly task: IngestTask;
  readonly plugins: IngestPlugins;
  readonly fdsOf: (tid: number) => Int32Array;
}

/** The plugins that are at work in the thread of a source of system calls: they parse its events, and may add to them. */
export class Companions implements Attendants {
  private readonly guard: Guard;
  private readonly inbox: AsyncInbox;
  private readonly writer: EventWriter;
  private readonly time = new Int32Array(2);
  private parse: ParseStage | null = null;

  private constructor(private readonly parts: CompanionParts) {
    this.writer = new EventWriter(parts.task.memory);
    this.guard = new Guard(parts.plugins.guard, parts.plugins.thread);
    this.inbox = new AsyncInbox(this.guard);
  }

  /** @throws what a plugin's library throws where it cannot be loaded and initialized */
  static async load(parts: CompanionParts): Promise<Companions> {
    const companions = new Companions(parts);
    const { task, plugins, fdsOf } = parts;
    const { plugins: all, wanted } = plugins;
    companions.parse = await ParseStage.load({
      ...{ plugins: all, wanted, memory: task.memory, parsed: task.parsed, source: task.name, own: -1 },
      ...{ replay: !companions.live, context: (plugin: LoadedPlugin) => companions.contextOf(plugin), fdsOf },
    });
    return companions;
  }

  private get live(): boolean {
    return this.parts.task.source.kind === "live";
  }

  private contextOf(plugin: LoadedPlugin): HostContext {
    const { task, plugins } = this.parts;
    return new HostContext({
      plugin: plugin.index,
      part: "extractor",
      stateFolder: plugin.stateFolder,
      metrics: this.guard.metrics(plugin.index),
      signal: new AbortController().signal,
      asyncNames: plugin.asyncEvents?.names ?? [],
      mayEmit: () => this.live && this.inbox.open && attends(plugin, task.name),
      post: (message) => {
        if (message.kind === "async") this.inbox.accept(message.plugin, message.event);
        else plugins.port.postMessage(message satisfies PluginMessage);
      },
    });
  }

  /** Shows the filled batch in `slot` to the plugins that parse. */
  apply(slot: number): void {
    this.parse?.apply(slot);
  }

  /** Takes what plugins have said, here and in other threads. */
  hear(): void {
    this.parse?.hear();
    if (!this.live) return;
    const { port } = this.parts.plugins;
    for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
      this.inbox.receive(entry.message as AddedEvent);
    }
  }

  /** The source has ended: what is said until now is heard, and no more is accepted. */
  end(): void {
    this.parse?.settle();
    this.inbox.close();
  }

  /** Whether there are events to be written. */
  get waiting(): boolean {
    return this.inbox.waiting.length > 0;
  }

  /**
   * Writes events that wait into the batch in `slot`, behind event number `last`. Their plugin is none: they are of this source.
   * @param intern gives names their ids
   * @returns them, as captures have them, one for each number
   */
  write(slot: number, last: number, intern: (name: string) => number): readonly Uint8Array[] {
    const { writer, time, inbox } = this;
    writer.begin(slot, last);
    const images: Uint8Array[] = [];
    for (const { event } of inbox.waiting) {
      const { name, data, time: at } = event;
      wallTime(time);
      const low = at === undefined ? time[0] : Number(BigInt.asIntN(32, at));
      const high = at === undefined ? time[1] : Number(BigInt.asIntN(32, at >> 32n));
      const result = writer.async(0, intern(Buffer.from(name, "utf8").toString("latin1")), data, low, high);
      if (result === Written.FULL && writer.events > 0) break;
      // No batch has room for it; it leaves a number.
      if (result !== Written.DONE) writer.skip();
      images.push(asyncImage((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), 0, name, data));
    }
    for (const { plugin } of inbox.take(images.length)) inbox.written(plugin);
    writer.end(0, nowNs(), 0);
    return images;
  }

  close(): void {
    this.parse?.close();
    this.parts.plugins.port.close();
  }
}
