// SPDX-License-Identifier: Apache-2.0

import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { Control } from "../batch/control.js";
import { Guard } from "../batch/guard.js";
import { bufferBytes } from "../plugins/buffer-watch.js";
import { HostContext } from "../plugins/context.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { isCompanion } from "../plugins/library/companion.js";
import type { ParseStage } from "../plugins/library/parse-stage.js";
import type { LibraryState } from "../plugins/library/state.js";
import { importPlugin } from "../plugins/module.js";
import type { AsyncEvent, Plugin, SourceInstance } from "../sdk/index.js";
import { threadCpuNs } from "../telemetry/clock.js";
import { Ledger } from "../telemetry/ledger.js";
import { IngestTime, ingestTimes } from "../telemetry/stage-times.js";
import { AsyncInbox } from "./async-inbox.js";
import { isSourceFailure, mayRetry, PluginIngest } from "./plugin-ingest.js";
import { PluginRecording } from "./plugin-recording.js";
import type { FromPluginThread, PluginEnd, PluginTask, ToPluginThread } from "./plugin-task.js";
import { InfoWriter } from "./source-info.js";
import { threadId } from "./thread-id.js";

/** How often the thread shows that its event loop turns, and how often it tells how far it is, ms. */
const BEAT = 200;
const PROGRESS = 1000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;

/** The program of the thread of one plugin's source. */
class PluginThread {
  private readonly stop = new AbortController();
  private readonly inbox: AsyncInbox;
  private readonly guard: Guard;
  private readonly control: Control;
  private readonly context: HostContext;
  /** What the plugin's init gave. */
  private state: unknown = null;

  constructor(private readonly task: PluginTask) {
    const { plugin, port } = task;
    this.guard = new Guard(task.guard, task.thread);
    this.guard.begin(threadId());
    this.inbox = new AsyncInbox(this.guard);
    this.control = new Control(task.control);
    this.context = this.contextOf(plugin, "source", (event) => {
      this.inbox.accept(plugin.index, event);
      if (task.spreads) this.post({ kind: "async", plugin: plugin.index, event });
    });
    port.on("message", (message: ToPluginThread) => this.hear(message));
  }

  private hear(message: ToPluginThread): void {
    if (message.kind === "stop") this.stop.abort();
    else this.inbox.receive(message.added);
  }

  private contextOf(
    plugin: LoadedPlugin,
    part: "source" | "extractor",
    take: (event: AsyncEvent) => void = (event) => this.inbox.accept(plugin.index, event),
  ): HostContext {
    return new HostContext({
      plugin: plugin.index,
      part,
      stateFolder: plugin.stateFolder,
      metrics: this.guard.metrics(plugin.index),
      signal: this.stop.signal,
      asyncNames: plugin.asyncEvents?.names ?? [],
      mayEmit: () => this.inbox.open,
      post: (message) => {
        // Events for this source need not go through main.
        if (message.kind === "async") take(message.event);
        else this.post(message);
      },
    });
  }

  /** Libraries that parse the source's events, or add to them. */
  private async loadParsers(): Promise<ParseStage | null> {
    const { plugin: own, plugins, fields: wanted, parsed, memory } = this.task;
    const source = own.source?.name ?? "";
    if (!plugins.some((plugin) => isCompanion(plugin, source, own.index))) return null;
    const { ParseStage } = await import("../plugins/library/parse-stage.js");
    const context = (plugin: LoadedPlugin): HostContext =>
      plugin.index === own.index ? this.context : this.contextOf(plugin, "extractor");
    return await ParseStage.load({
      ...{ plugins, wanted, memory, parsed, source, own: own.index, replay: false, context },
      fdsOf: null,
    });
  }

  private post(message: FromPluginThread): void {
    this.task.port.postMessage(message);
  }

  private log(message: string): void {
    this.context.log("warn", message);
  }

  async run(): Promise<PluginEnd> {
    const { task, control, guard } = this;
    const times = ingestTimes(task.times);
    const cpu = threadCpuNs();
    let beat: NodeJS.Timeout | null = null;
    try {
      const plugin = await importPlugin(task.plugin.ref, true);
      guard.beat();
      beat = setInterval(() => {
        guard.beat();
        this.boundBuffers();
      }, BEAT);
      const instance = await this.open(plugin);
      if (instance === null) {
        control.end();
        return { kind: "done" };
      }
      const { record, life } = task;
      const recording = record === null ? null : new PluginRecording(record, life, task.plugin.source?.id ?? 0);
      if (recording !== null) this.dumpState(plugin, recording);
      const parse = await this.loadParsers();
      const progress = task.progress ? setInterval(() => this.tellProgress(instance), PROGRESS) : null;
      try {
        this.describe();
        const ledger = new Ledger(task.ledger);
        const log = (message: string): void => this.log(message);
        const { inbox } = this;
        const settle = (): void => this.settle(parse);
        const stop = this.stop.signal;
        const parts = { task, control, ledger, times, guard, stop, inbox, settle, log, recording, parse };
        await new PluginIngest(parts).run(instance);
      } finally {
        if (progress !== null) clearInterval(progress);
        recording?.close();
        parse?.close();
        await this.close(instance);
      }
      const failure = recording?.failure ?? null;
      return failure === null ? { kind: "done" } : { kind: "failed", failure };
    } catch (error) {
      return this.endOf(error);
    } finally {
      if (beat !== null) clearInterval(beat);
      times[IngestTime.CPU] += threadCpuNs() - cpu;
    }
  }

  /** The source has ended: what was added until now stands in the inbox, and nothing more is accepted. */
  private settle(parse: ParseStage | null): void {
    const { plugin, port } = this.task;
    if (plugin.library !== undefined) (this.state as LibraryState).settle();
    parse?.settle();
    this.inbox.close();
    for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
      this.hear(entry.message as ToPluginThread);
    }
  }

  /** Buffers lie outside of the heap that V8 bounds. */
  private boundBuffers(): void {
    const { memoryMb } = this.task.plugin.policy;
    const held = bufferBytes();
    if (held <= memoryMb * 2 ** 20) return;
    const message = `it held ${Math.round(held / 2 ** 20)} MiB of buffers`;
    this.post({ kind: "end", end: { kind: "fault", message } });
    process.exit(1);
  }

  /** Opens the source, again and again while it says that it may come. null: the run was stopped before. */
  private async open(plugin: Plugin): Promise<SourceInstance | null> {
    const { task, guard, context, stop } = this;
    const { source, init } = plugin.spec;
    if (source === undefined) throw new Error("the plugin is no source");
    let pause = FIRST_PAUSE;
    guard.enter(task.plugin.index);
    try {
      const state = init(task.plugin.config, context);
      this.state = state;
      for (;;) {
        try {
          guard.enter(task.plugin.index);
          const opened = source.open(state, task.plugin.parameters, context);
          guard.leave();
          return await opened;
        } catch (error) {
          if (!mayRetry(error)) throw error;
          const why = error instanceof Error ? error.message : String(error);
          this.log(`${why}; it is opened again in ${pause / 1000} s`);
        }
        await sleep(pause, undefined, { signal: stop.signal }).catch(() => {});
        if (stop.signal.aborted) return null;
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    } finally {
      guard.leave();
    }
  }

  /** What later events build upon is to stand at the head of the capture. */
  private dumpState({ spec }: Plugin, recording: PluginRecording): void {
    const { plugin } = this.task;
    const context = this.contextOf(plugin, "source", ({ name, data, time }) => recording.state(name, data, time));
    this.guard.enter(plugin.index);
    try {
      spec.asyncEvents?.dumpState?.(this.state, context);
    } catch (error) {
      this.log(`its state could not be written: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.guard.leave();
    }
  }

  private async close(instance: SourceInstance): Promise<void> {
    this.guard.enter(this.task.plugin.index);
    try {
      const closing = instance.close();
      this.guard.leave();
      await closing;
    } catch (error) {
      this.log(`close failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.guard.leave();
    }
  }

  /** What every event of the source shares; a thread that takes another's place finds it written. */
  private describe(): void {
    const { task } = this;
    const info = new InfoWriter(task.info, task.plugin.source?.name ?? "");
    if (info.begun) return;
    const machine = { cpus: 0, memoryBytes: 0n, hostname: process.env["FALCO_HOSTNAME"] || hostname(), bootTime: 0n };
    info.begin({ machine, interfaces: [], users: [], groups: [], threads: [], fds: [] });
  }

  private tellProgress(instance: SourceInstance): void {
    try {
      const progress = instance.progress?.();
      if (progress !== undefined) this.post({ kind: "progress", progress: { ...progress } });
    } catch (error) {
      this.log(`progress failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private endOf(error: unknown): PluginEnd {
    const message = error instanceof Error ? error.message : String(error);
    const config = error instanceof Error && error.name === "ConfigFailure";
    if (!config && !isSourceFailure(error)) return { kind: "fault", message };
    const code = config ? "PLUGIN_CONFIG" : "PLUGIN_SOURCE";
    const { name } = this.task.plugin;
    return { kind: "failed", failure: { code, message: `plugin '${name}': ${message}`, offset: -1 } };
  }
}

const task = workerData as PluginTask;
const end = await new PluginThread(task).run();
task.port.postMessage({ kind: "end", end } satisfies FromPluginThread);
// What the plugin has left running is not waited for.
process.exit(0);
