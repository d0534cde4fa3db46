// SPDX-License-Identifier: Apache-2.0
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { type PluginContext, type Progress, type SourceEvent, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import type { Opened } from "./connection.js";

/**
 * Messages of a JetStream consumer. Each is acknowledged when it has been evaluated and its alerts are delivered; until then the server
 * is told now and then that it is being worked on. What a process had when it ended goes to another one.
 */
export class NatsFeed implements Feed {
  #messages: ConsumerMessages | null = null;
  /** Received and not handed on. */
  #waiting: JsMsg[] = [];
  /** Handed on and not acknowledged, oldest first. */
  readonly #open: JsMsg[] = [];
  #wake: (() => void) | null = null;
  #ended: { readonly error: unknown } | null = null;
  readonly #heartbeat: NodeJS.Timeout;
  #received = 0;
  #repeated = 0;

  constructor(
    readonly opened: Opened,
    readonly maxInFlight: number,
    readonly context: PluginContext,
  ) {
    this.#heartbeat = setInterval(() => {
      for (const message of this.#open) message.working();
      for (const message of this.#waiting) message.working();
    }, opened.ackWaitMs / 3);
    this.#heartbeat.unref();
    context.signal.addEventListener("abort", () => this.#wake?.());
  }

  async next(): Promise<Piece | null> {
    if (this.context.signal.aborted) return null;
    if (this.#messages === null) await this.#start();
    if (this.#waiting.length === 0 && this.#ended === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.context.signal.aborted) resolve();
      });
      this.#wake = null;
    }
    if (this.#waiting.length === 0 && this.#ended !== null) {
      const { error } = this.#ended;
      this.#ended = null;
      this.#messages = null;
      const reason = error instanceof Error ? error.message : "the server ended the subscription";
      throw new SourceFailure(`NATS: ${reason}`, { retry: true, cause: error });
    }
    const messages = this.#waiting;
    this.#waiting = [];
    this.#open.push(...messages);
    const events = messages.map(eventOf);
    return { events, mark: (taken) => messages[taken - 1] };
  }

  ack(mark: unknown): void {
    let last: JsMsg | undefined;
    do {
      last = this.#open.shift();
      last?.ack();
    } while (last !== undefined && last !== mark);
  }

  progress(): Progress {
    const waiting = this.#open.length;
    return { percent: 0, text: `${this.#received} events, ${this.#repeated} sent again, ${waiting} not acknowledged` };
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#wake?.();
    this.#messages?.stop();
    // Somebody else can have these now.
    for (const message of [...this.#open, ...this.#waiting]) message.nak();
    const { connection } = this.opened;
    if (!connection.isClosed()) await connection.drain().catch(() => connection.close());
  }

  async #start(): Promise<void> {
    try {
      this.#messages = await this.opened.consumer.consume({ max_messages: Math.min(1000, this.maxInFlight) });
    } catch (error) {
      throw new SourceFailure(`NATS: ${error instanceof Error ? error.message : error}`, { retry: true, cause: error });
    }
    void this.#receive(this.#messages);
  }

  /** Takes messages as they come; the library asks for more when these are taken. */
  async #receive(messages: ConsumerMessages): Promise<void> {
    try {
      for await (const message of messages) {
        this.#received++;
        this.context.metric("messages_received", "counter").add(1);
        if (message.redelivered) {
          this.#repeated++;
          this.context.metric("messages_repeated", "counter").add(1);
        }
        this.#waiting.push(message);
        this.#wake?.();
        while (this.#open.length + this.#waiting.length >= this.maxInFlight && !this.context.signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
      this.#ended = { error: null };
    } catch (error) {
      this.#ended = { error };
    }
    this.#wake?.();
  }
}

/** The event of a message: its bytes, and the time at which the server took it. */
function eventOf(message: JsMsg): SourceEvent {
  return { data: message.data, time: message.timestampNanos };
}
