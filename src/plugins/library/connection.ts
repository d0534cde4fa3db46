// SPDX-License-Identifier: Apache-2.0

import type { LogLevel, PluginContext, Progress } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { loadPluginAddon, type NativeLink } from "./addon.js";
import { linkError } from "./failure.js";
import { LinkStatus, Mail } from "./operations.js";
import type { LibraryPlace } from "./place.js";
import { AnswerReader, type RequestWriter } from "./wire.js";

/** Falco's severities, 1 (fatal) to 8 (trace). */
const LEVELS: readonly LogLevel[] = ["info", "error", "error", "error", "warn", "info", "info", "debug", "debug"];
const NOTHING = new Uint8Array(0);

/** One state of a plugin and the channel to it. */
export class Connection {
  readonly link: NativeLink;
  /** What the source said last of how far it is. */
  progress: Progress = { percent: 0, text: "" };
  /** Its process has died, or has been given up. */
  dead = false;
  /** Who is told of events that are the plugin's state. */
  stateContext: PluginContext | null = null;
  private losses: readonly [number, number] = [0, 0];

  constructor(
    readonly place: LibraryPlace,
    readonly plugin: string,
    readonly context: PluginContext | null,
  ) {
    const { Link } = loadPluginAddon();
    this.link = new Link(place.words, place.host, place.path, place.memoryMb, place.goProcs);
    if (this.link.error === "") return;
    const message = `plugin ${plugin}: its process cannot be started: ${this.link.error}`;
    throw new PeregrineError("LIBRARY_PROCESS", message, { file: place.path });
  }

  /**
   * Sends a request and gives back the plugin's return code and its answer, for which it has `timeout` ms.
   * @throws PeregrineError where the plugin died or did not answer
   */
  ask(
    operation: number,
    doing: string,
    request?: RequestWriter,
    timeout = this.place.timeouts.control,
  ): { readonly rc: number; readonly answer: Uint8Array } {
    const answer = this.link.call(operation, request?.bytes() ?? NOTHING, timeout);
    this.readMail();
    const rc = this.link.status;
    if (answer === null || rc === LinkStatus.BAD_REQUEST || rc === LinkStatus.TOO_LARGE) throw this.fault(doing);
    return { rc, answer };
  }

  /** The error that the link's last call came to. A link whose process has died, or is not to be trusted, is closed. */
  fault(doing: string): PeregrineError {
    const { link } = this;
    const error = linkError(this.plugin, doing, link.status, link.death, this.place.path);
    if (link.status <= LinkStatus.DIED) {
      this.dead = true;
      this.readMail();
      link.close();
    }
    return error;
  }

  /** Hands on what the plugin said out of turn: log lines, metrics, progress, events. */
  readMail(): void {
    for (let mail = this.link.nextMail(); mail !== null; mail = this.link.nextMail()) this.receive(mail);
    const [events, messages] = this.link.lost;
    if (events > this.losses[0] || messages > this.losses[1]) this.countLosses(events, messages);
  }

  close(): void {
    this.link.close();
  }

  private countLosses(events: number, messages: number): void {
    this.context?.metric("events_lost", "counter").add(events - this.losses[0]);
    this.context?.metric("messages_lost", "counter").add(messages - this.losses[1]);
    this.losses = [events, messages];
  }

  private receive(mail: Uint8Array): void {
    const { context } = this;
    const reader = new AnswerReader(mail);
    const kind = reader.word();
    reader.word();
    const tag = reader.wide();
    if (kind === Mail.PROGRESS) {
      this.progress = { percent: Number(tag) / 100, text: textOf(reader.rest()) };
    } else if (context === null) {
      return;
    } else if (kind === Mail.LOG) {
      context.log(LEVELS[Number(tag)] ?? "info", textOf(reader.rest()));
    } else if (kind === Mail.ASYNC_EVENT || kind === Mail.STATE_EVENT) {
      reader.wide();
      const size = reader.word();
      const rest = reader.rest();
      const name = textOf(rest.subarray(0, size));
      const to = kind === Mail.STATE_EVENT ? (this.stateContext ?? context) : context;
      const taken = to.emit({ name, data: rest.subarray(size), time: tag });
      if (!taken) context.metric("async_events_refused", "counter").add(1);
    } else if (kind === Mail.METRICS) {
      this.receiveMetrics(reader, context);
    }
  }

  private receiveMetrics(reader: AnswerReader, context: PluginContext): void {
    const count = reader.word();
    for (let i = 0; i < count && !reader.failed; i++) {
      const kind = reader.word() === 0 ? "counter" : "gauge";
      const value = reader.double();
      const name = metricName(reader.text());
      if (!reader.failed && name !== "") context.metric(name, kind).set(value);
    }
  }
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** A metric's name as the host takes it: libraries are free to name theirs as they like. */
function metricName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_");
}
