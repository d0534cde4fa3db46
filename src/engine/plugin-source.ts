// SPDX-License-Identifier: Apache-2.0

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { PluginMessage } from "../plugins/context.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { threadFlags } from "../plugins/thread-flags.js";
import type { Progress } from "../sdk/index.js";
import type { AddedEvent } from "./async-inbox.js";
import type { Failure } from "./ingest-thread.js";
import { salvage } from "./plugin-recording.js";
import type { FromPluginThread, PluginEnd, PluginTask, ToPluginThread } from "./plugin-task.js";
import { Restarts } from "./restarts.js";

/** Asynchronous events that are kept while there is no thread to give them to; more are lost. */
const KEPT = 65_536;

export interface PluginSourceEvents {
  readonly message: (message: PluginMessage) => void;
  readonly progress: (progress: Progress) => void;
  /** The plugin has broken. `pause`: it is started again after so many ms; null: it is given up. */
  readonly broke: (message: string, pause: number | null) => void;
  /** Whether the source has given all its events: another thread would give them once more. */
  readonly ended: () => boolean;
  /** The thread is gone: what it left half done is to be put in order. */
  readonly gone: () => void;
}

/** A plugin's source, seen from main: its thread, started again when it breaks. */
export class PluginSource {
  private thread: Worker | null = null;
  private port: MessagePort | null = null;
  private readonly restarts: Restarts;
  private stopped = false;
  private wake: (() => void) | null = null;
  /** Why the thread is being ended from here; null: it is not. */
  private killed: string | null = null;
  /** Changes when a thread begins and when one ends. */
  life = 0;
  /** Threads that it has had. */
  private threads = 0;
  /** Asynchronous events for the next thread. */
  private readonly kept: AddedEvent[] = [];

  constructor(
    readonly plugin: LoadedPlugin,
    private readonly task: Omit<PluginTask, "port" | "life">,
    private readonly events: PluginSourceEvents,
  ) {
    this.restarts = new Restarts(plugin.policy.restarts);
  }

  /** Runs the source to its end. @returns why it cannot go on; null where it has ended as it should */
  async run(): Promise<Failure | null> {
    for (;;) {
      const end = await this.once();
      const { record } = this.task;
      if (record !== null) salvage(record, this.threads);
      this.events.gone();
      if (end.kind === "done") return null;
      if (end.kind === "failed") return end.failure;
      if (this.events.ended()) {
        this.events.broke(`${end.message}, behind its last event`, null);
        return null;
      }
      const { onFailure } = this.plugin.policy;
      const pause = onFailure === "restart" && !this.stopped ? this.restarts.next() : null;
      this.events.broke(end.message, pause);
      if (pause === null) {
        const message = `plugin '${this.plugin.name}': its source is given up: ${end.message}`;
        return { code: "PLUGIN_FAILED", message, offset: -1 };
      }
      await this.sleep(pause);
    }
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** One life of the thread. */
  private async once(): Promise<PluginEnd> {
    const { port1, port2 } = new MessageChannel();
    const { policy } = this.plugin;
    this.killed = null;
    this.life++;
    const thread = new Worker(new URL("./plugin-thread.js", import.meta.url), {
      workerData: { ...this.task, life: ++this.threads, port: port2 } satisfies PluginTask,
      transferList: [port2],
      execArgv: threadFlags(),
      resourceLimits: { maxOldGenerationSizeMb: policy.memoryMb },
    });
    this.thread = thread;
    this.port = port1;
    for (const added of this.kept.splice(0)) this.add(added);
    if (this.stopped) this.send({ kind: "stop" });
    let end: PluginEnd | null = null;
    const hear = (message: FromPluginThread): void => {
      if (message.kind === "end") end = message.end;
      else if (message.kind === "progress") this.events.progress(message.progress);
      else this.events.message(message);
    };
    port1.on("message", hear);
    const death = await new Promise<string>((done) => {
      let why = "";
      thread.on("error", (error: Error & { code?: string }) => {
        why = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? `it took more than ${policy.memoryMb} MiB` : error.message;
      });
      thread.on("exit", (code) => done(why === "" ? `it ended its thread (${code})` : why));
    });
    // The last messages are in the queue when the thread is gone, but nobody may have been told of them yet.
    port1.removeAllListeners("message");
    for (let entry = receiveMessageOnPort(port1); entry !== undefined; entry = receiveMessageOnPort(port1)) {
      hear(entry.message as FromPluginThread);
    }
    port1.close();
    this.thread = null;
    this.port = null;
    this.life++;
    return end ?? { kind: "fault", message: this.killed ?? death };
  }

  private send(message: ToPluginThread): void {
    this.port?.postMessage(message);
  }

  /** No more events. */
  stop(): void {
    this.stopped = true;
    this.send({ kind: "stop" });
    this.wake?.();
  }

  /** Puts an asynchronous event among the source's. */
  add(added: AddedEvent): void {
    if (this.port !== null) this.send({ kind: "async", added });
    else if (this.kept.length < KEPT) this.kept.push(added);
  }

  /** Ends the thread, which hangs. */
  kill(why: string): void {
    if (this.thread === null || this.killed !== null) return;
    this.killed = why;
    void this.thread.terminate();
  }
}
