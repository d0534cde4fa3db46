// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { type Control, ControlWord, FailedAt, SlotControl, Stop } from "../batch/control.js";
import { RecordWord } from "../batch/record.js";
import type { RingShape } from "../batch/ring.js";
import { RingLayout, SlotWord } from "../batch/ring.js";
import type { PluginMessage } from "../plugins/context.js";
import type { Ledger } from "../telemetry/ledger.js";
import type { WorkerMessage } from "./evaluate.js";
import type { Threads } from "./threads.js";
import type { UnknownEvents } from "./unknown-plugins.js";
import type { RulesTask, ToWorker, WorkerTask } from "./worker-thread.js";

/** An event that could not be evaluated: it failed twice. */
export interface FailedEvent {
  /** Place of its source in the run. */
  readonly source: number;
  readonly event: number;
  readonly message: string;
}

type Alerts = Extract<WorkerMessage, { kind: "alerts" }>;

export interface CrewEvents {
  /** A worker has compiled the rules. */
  ready(worker: number): void;
  alerts(message: Alerts): void;
  /** Results of a source may have come in. */
  progress(source: number): void;
  failed(event: FailedEvent): void;
  /** A worker died and was replaced. */
  died(worker: number, error: Error): void;
  /** Something that a plugin says in a worker. */
  plugin(worker: number, message: PluginMessage): void;
  /** Events of plugins that are not loaded were met. */
  unknownPlugins(source: number, batch: number, events: UnknownEvents): void;
  /** A worker has died. @returns the plugin whose code it ran, which is told so */
  blame(worker: number, error: Error): Blame;
}

/** Who brought a worker down. */
export interface Blame {
  /** -1: no plugin. */
  readonly plugin: number;
  /** How long to wait before another worker starts the plugin again, ms. */
  readonly pause: number;
}

/** How often a pause is looked at, ms: the run may end meanwhile. */
const NAP = 20;

/** Rules that workers are asked to compile. */
interface Offer {
  readonly version: number;
  /** Workers that have not answered. */
  readonly waiting: Set<number>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What the crew needs of a source whose batches it evaluates. */
export interface CrewSource {
  readonly control: Control;
  readonly ledger: Ledger;
  readonly ring: SharedArrayBuffer;
  readonly shape: RingShape;
}

/** The workers of a run, seen from main: gives them their task, hears them, replaces those that die. */
export class Crew {
  private readonly ready = new Set<number>();
  /** By worker: ends the thread that does its task. */
  private readonly endings: (AbortController | undefined)[] = [];
  private readonly ports: (MessagePort | undefined)[] = [];
  /** The rules of batches that may come, the newest last. */
  private rules: readonly RulesTask[];
  /** By worker: version of the newest rules that its task has. */
  private readonly given: number[] = [];
  private offer: Offer | null = null;

  constructor(
    private readonly threads: Threads,
    private readonly sources: readonly CrewSource[],
    private readonly task: Omit<WorkerTask, "worker" | "port">,
    private readonly events: CrewEvents,
  ) {
    this.rules = task.rules;
  }

  /**
   * Has every worker compile rules for batches to come. One offer at a time.
   * @throws Error where a worker cannot; then none of them keeps the rules
   */
  async add(rules: RulesTask): Promise<void> {
    const before = this.rules;
    const waiting = new Set<number>();
    for (const [worker, port] of this.ports.entries()) if (port !== undefined) waiting.add(worker);
    // Batches of the rules before may be under way; those of still older ones are not any more.
    this.rules = [...before.slice(-1), rules];
    try {
      await new Promise<void>((resolve, reject) => {
        this.offer = { version: rules.version, waiting, resolve, reject };
        this.send({ kind: "rules", rules });
        if (waiting.size === 0) resolve();
      });
    } catch (error) {
      this.rules = before;
      this.send({ kind: "withdraw", version: rules.version });
      throw error;
    } finally {
      this.offer = null;
    }
  }

  private send(message: ToWorker): void {
    for (const port of this.ports) port?.postMessage(message);
    this.sources[0].control.ring(ControlWord.OFFERS);
  }

  /** A worker has the rules of an offer, or none are needed there any more; or `error` says why it has not. */
  private answered(worker: number, version: number, error: string | null): void {
    const { offer } = this;
    if (offer === null || version < offer.version) return;
    if (error !== null) {
      offer.reject(new Error(error));
      return;
    }
    offer.waiting.delete(worker);
    if (offer.waiting.size === 0) offer.resolve();
  }

  /**
   * Runs all workers to the end of all inputs. A worker that cannot even start aborts the run. Settles when none is left;
   * rejects with the first reason to abort.
   */
  async run(): Promise<void> {
    const reasons: unknown[] = [];
    const workers = Array.from({ length: this.threads.workers }, (_, worker) =>
      this.work(worker).catch((error: unknown) => {
        reasons.push(error);
        for (const { control } of this.sources) control.stop(Stop.ABORT);
      }),
    );
    await Promise.all(workers);
    if (reasons.length > 0) throw reasons[0];
  }

  private async work(worker: number): Promise<void> {
    for (;;) {
      const { port1, port2 } = new MessageChannel();
      port1.on("message", (message: WorkerMessage) => this.hear(worker, message));
      this.ports[worker] = port1;
      this.given[worker] = this.rules[this.rules.length - 1].version;
      let death: unknown = null;
      const ending = new AbortController();
      this.endings[worker] = ending;
      const { signal } = ending;
      try {
        const task = { ...this.task, rules: this.rules, worker, port: port2 };
        await this.threads.pool.run(task, { name: "evaluate", transferList: [port2], signal });
      } catch (error) {
        death = error;
      }
      this.drain(worker, port1);
      if (death === null) {
        this.ports[worker] = undefined;
        this.answered(worker, Number.POSITIVE_INFINITY, null);
        return;
      }
      const error = death instanceof Error ? death : new Error(String(death));
      const { plugin, pause } = this.events.blame(worker, error);
      // One that dies before it has compiled the rules would die again, unless it is a plugin that is to blame.
      if (!this.ready.delete(worker) && plugin < 0) throw error;
      for (const [source, each] of this.sources.entries()) this.takeOver(source, each, worker, error, plugin);
      if (this.sources.some(({ control }) => control.aborted)) return;
      this.events.died(worker, error);
      await this.rest(pause);
    }
  }

  /** Waits while there is work: the other workers go on with it. */
  private async rest(pause: number): Promise<void> {
    const until = performance.now() + pause;
    while (performance.now() < until && !this.sources.every(({ control }) => control.finished() || control.aborted)) {
      await sleep(NAP);
    }
  }

  /** Ends the thread of a worker that hangs; another one takes its place. */
  kill(worker: number): void {
    this.endings[worker]?.abort();
  }

  private hear(worker: number, message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        this.ready.add(worker);
        this.events.ready(worker);
        this.answered(worker, this.given[worker], null);
        break;
      case "rules":
        this.answered(worker, message.version, message.error);
        break;
      case "alerts":
        this.events.alerts(message);
        break;
      case "failed":
        this.events.failed(message);
        break;
      case "tick":
        this.events.progress(message.source);
        break;
      case "plugin":
        this.events.plugin(worker, message.message);
        break;
      case "unknown plugins":
        this.events.unknownPlugins(message.source, message.batch, message.events);
        break;
    }
  }

  /** Takes what a worker posted before it ended; a post is in the queue when the worker's call returns. */
  private drain(worker: number, port: MessagePort): void {
    port.removeAllListeners("message");
    for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
      this.hear(worker, entry.message as WorkerMessage);
    }
    port.close();
    for (const source of this.sources.keys()) this.events.progress(source);
  }

  /**
   * The batch of a dead worker goes back. Main owns the slot here: the worker's last store came before the notice of its
   * death. An event at which two attempts on end ended is passed over; two ends before the first event fail the whole
   * batch, and so do two behind the last. Where a plugin is to blame, the event is first tried without it. Evaluating again
   * begins from nothing, so that what the worker had counted is taken back.
   */
  private takeOver(
    source: number,
    { control, ledger, ring, shape }: CrewSource,
    worker: number,
    error: Error,
    plugin: number,
  ): void {
    const slot = control.abandoned(worker);
    if (slot === -1) return;
    const words = new Int32Array(ring);
    const layout = new RingLayout(shape);
    const base = layout.slotWord(slot);
    const at = control.words[control.cursorWord(slot)];
    const count = words[base + SlotWord.WANTED];
    ledger.reopen(worker, slot, count);
    const last = control.slot(slot, SlotControl.FAILED_AT);
    const one = at >= 0 && at < count;
    const spared = plugin >= 0 && one && control.bar(slot, at, plugin);
    if (!spared && last === (at < 0 ? FailedAt.START : at)) {
      for (let i = one ? at : 0; i < (one ? at + 1 : count); i++) {
        const wanted = base + layout.wantedWord + i;
        const record = words[wanted];
        if (record === 0) continue;
        words[wanted] = 0;
        control.addFailures(slot, 1);
        const event = new Float64Array(ring)[(record + RecordWord.NUMBER) >> 1];
        this.events.failed({ source, event, message: error.message });
      }
    }
    control.giveBack(slot, at, worker);
  }
}
