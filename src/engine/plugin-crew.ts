// SPDX-License-Identifier: Apache-2.0

import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { ControlWord } from "../batch/control.js";
import { createGuard, Guard, type GuardBuffer, GuardWord, PluginCount } from "../batch/guard.js";
import type { PluginMessage } from "../plugins/context.js";
import { addsTo, type LoadedPlugin, type PluginPolicy } from "../plugins/info.js";
import { isCompanion } from "../plugins/library/companion.js";
import type { Progress, WantedField } from "../sdk/index.js";
import { AsyncAccount } from "./async-account.js";
import type { AddedEvent } from "./async-inbox.js";
import type { Blame } from "./crew.js";
import { Watch } from "./hang-watch.js";
import type { IngestPlugins } from "./ingest-task.js";
import type { Failure } from "./ingest-thread.js";
import type { Pipeline } from "./pipeline.js";
import type { PluginNews, PluginReport } from "./plugin-report.js";
import { PluginSource } from "./plugin-source.js";
import { Restarts } from "./restarts.js";
import type { PluginSpec } from "./source-spec.js";

/** How often threads that run plugins are looked at, ms. */
const LOOK = 250;

export interface PluginCrewOptions {
  readonly plugins: readonly LoadedPlugin[];
  readonly workers: number;
  readonly pipelines: readonly Pipeline[];
  /** Ends the thread of a worker. */
  readonly killWorker: (worker: number) => void;
  /** All sources stop; `failure` is why. */
  readonly stopRun: (failure: Failure) => void;
  readonly tell: (news: PluginNews) => void;
  readonly progress: ((source: string, progress: Progress) => void) | null;
}

/**
 * The plugins of a run, seen from main, where none of their code runs: hears what they say, watches the threads that run
 * them, decides what becomes of one that breaks, and starts sources again.
 */
export class PluginCrew {
  /** For all threads: the workers have the first blocks, the sources those behind. */
  readonly buffer: GuardBuffer;
  private readonly guards: readonly Guard[];
  private readonly workerWatches: readonly Watch[];
  /** Of threads of sources of system calls, in which plugins are at work. */
  private readonly ports = new Map<number, MessagePort>();
  private readonly sources = new Map<number, { readonly source: PluginSource; readonly watch: Watch }>();
  private readonly account: AsyncAccount;
  /** By plugin: how often it may take a worker down. */
  private readonly restarts: readonly Restarts[];
  private readonly faults: { deaths: number; hangs: number; failure: string | null }[];
  private readonly metrics = new Map<
    string,
    { plugin: number; name: string; places: { thread: number; place: number }[] }
  >();
  /** Workers that are being ended, and why: they hang, or a call takes too much memory. */
  private readonly hanging = new Map<number, { readonly why: string; readonly hangs: boolean }>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: PluginCrewOptions) {
    const { plugins, workers, pipelines } = options;
    this.buffer = createGuard(workers + pipelines.length, plugins.length);
    this.guards = Array.from({ length: workers + pipelines.length }, (_, i) => new Guard(this.buffer, i));
    this.workerWatches = this.guards.slice(0, workers).map((guard) => new Watch(guard, false));
    const sources = pipelines.map(({ ledger }, place) => ({ ledger, guard: this.guards[workers + place] }));
    this.account = new AsyncAccount(plugins.length, sources);
    this.restarts = plugins.map(({ policy }) => new Restarts(policy.restarts));
    this.faults = plugins.map(() => ({ deaths: 0, hangs: 0, failure: null }));
    if (plugins.length > 0) this.timer = setInterval(() => this.look(), LOOK);
  }

  /** Main looks no more. */
  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Runs the source of pipeline number `place`. @returns why it ended early, null where it did not */
  async run(
    place: number,
    pipeline: Pipeline,
    spec: PluginSpec,
    fields: readonly (readonly WantedField[])[],
  ): Promise<Failure | null> {
    const { plugins, pipelines, workers, tell, progress } = this.options;
    const { plugin: index, record = null } = spec;
    const plugin = plugins[index];
    const thread = workers + place;
    const guard = this.guards[thread];
    const source = new PluginSource(
      plugin,
      {
        plugin,
        ...pipeline.shared,
        guard: this.buffer,
        thread,
        progress: progress !== null,
        asyncNames: pipeline.asyncNames,
        // A library has a state of its own for each source, which adds to that one.
        spreads: plugin.library === undefined && pipelines.some(({ name }, at) => at !== place && addsTo(plugin, name)),
        plugins,
        fields,
        record,
      },
      {
        message: (message) => this.hear(thread, message),
        progress: (told) => progress?.(plugin.name, told),
        broke: (message, pause) => {
          this.faults[index].deaths++;
          tell({ kind: "broke", plugin: plugin.name, part: "source", message, pause });
        },
        ended: () => pipeline.control.load(ControlWord.ENDED) === 1,
        gone: () => {
          guard.begin(0);
          pipeline.orphaned();
        },
      },
    );
    this.sources.set(place, { source, watch: new Watch(guard, true) });
    try {
      const failure = await source.run();
      if (failure !== null && failure.code === "PLUGIN_FAILED") {
        this.faults[index].failure = failure.message;
        if (plugin.policy.onFailure === "exit") this.options.stopRun(failure);
      }
      return failure;
    } finally {
      this.sources.delete(place);
      this.account.settle(place);
      // Where the thread could not do so itself.
      pipeline.control.end();
    }
  }

  /** No more events from any source. */
  stop(): void {
    for (const { source } of this.sources.values()) source.stop();
  }

  /**
   * Plugins in the thread of a source of system calls, number `place`: what it is given to run them; null: there are none.
   * @param live they may add events to it
   */
  attend(place: number, live: boolean, wanted: readonly (readonly WantedField[])[]): IngestPlugins | null {
    const { plugins, workers, pipelines } = this.options;
    const { name } = pipelines[place];
    if (!plugins.some((plugin) => isCompanion(plugin, name, -1) || (live && plugin.asyncEvents !== null))) return null;
    const { port1, port2 } = new MessageChannel();
    const thread = workers + place;
    port1.on("message", (message: PluginMessage) => this.hear(thread, message));
    this.ports.set(place, port1);
    return { plugins, wanted, guard: this.buffer, thread, port: port2 };
  }

  /** The thread's work is done. */
  leave(place: number): void {
    const port = this.ports.get(place);
    this.ports.delete(place);
    if (port === undefined) return;
    this.account.settle(place);
    port.removeAllListeners("message");
    for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
      this.hear(this.options.workers + place, entry.message as PluginMessage);
    }
    port.close();
  }

  /** Hears a plugin in worker `worker`. */
  hearWorker(worker: number, message: PluginMessage): void {
    this.hear(worker, message);
  }

  private hear(thread: number, message: PluginMessage): void {
    const { plugins, tell } = this.options;
    const plugin = plugins[message.plugin];
    switch (message.kind) {
      case "log":
        tell({ kind: "log", plugin: plugin.name, level: message.level, message: message.message });
        break;
      case "metric": {
        const key = `${message.plugin} ${message.name}`;
        const known = this.metrics.get(key) ?? { plugin: message.plugin, name: message.name, places: [] };
        this.metrics.set(key, known);
        if (!known.places.some((each) => each.thread === thread)) known.places.push({ thread, place: message.place });
        break;
      }
      case "async":
        // What comes from a source's thread is among its events already.
        this.addAsync(plugin, { plugin: plugin.index, event: message.event }, thread - this.options.workers);
        break;
      case "fault": {
        const { fault } = message;
        tell({ kind: "fault", plugin: plugin.name, ...fault });
        if (fault.what === "hopeless") this.fail(plugin, fault.message);
        else if (plugin.policy.onFailure !== "restart") this.fail(plugin, fault.message);
        break;
      }
    }
  }

  /** @param from the source in whose thread it was added; below 0: a worker */
  private addAsync(plugin: LoadedPlugin, added: AddedEvent, from: number): void {
    const { account, sources, ports } = this;
    for (const [place, { name, spec }] of this.options.pipelines.entries()) {
      // To what is read from a capture nothing is added.
      if (place === from || spec.kind === "capture" || !addsTo(plugin, name)) continue;
      const { source } = sources.get(place) ?? {};
      const port = ports.get(place);
      if (source === undefined && port === undefined) {
        account.late(place, plugin.index);
        continue;
      }
      account.pass(place, plugin.index);
      source?.add(added);
      port?.postMessage(added);
    }
  }

  /** The plugin is used no more. */
  private fail(plugin: LoadedPlugin, message: string): void {
    const { index, name, policy } = plugin;
    if (this.faults[index].failure !== null) return;
    this.faults[index].failure = message;
    this.guards[0].switchOff(index);
    this.options.tell({ kind: "off", plugin: name, message });
    if (policy.onFailure !== "exit") return;
    this.options.stopRun({ code: "PLUGIN_FAILED", message: `plugin '${name}' has broken: ${message}`, offset: -1 });
  }

  /** A worker has died. @returns the plugin that was at work in it, which has to answer for it */
  blame(worker: number, error: Error & { code?: string }): Blame {
    const guard = this.guards[worker];
    const index = this.options.plugins.length === 0 ? -1 : guard.entered;
    const hung = this.hanging.get(worker);
    this.hanging.delete(worker);
    const buffers = guard.word(GuardWord.BUFFERS);
    if (index < 0) return { plugin: -1, pause: 0 };
    guard.begin(0);
    const plugin = this.options.plugins[index];
    const { policy, name } = plugin;
    let message = `it ended a worker: ${error.message}`;
    if (hung !== undefined) message = hung.why;
    else if (buffers > 0) message = `it held ${buffers} MiB of buffers in a worker`;
    else if (error.code === "ERR_WORKER_OUT_OF_MEMORY") message = "it took all memory of a worker";
    const pause = policy.onFailure === "restart" ? this.restarts[index].next() : null;
    this.faults[index].deaths++;
    if (hung?.hangs === true) this.faults[index].hangs++;
    this.options.tell({ kind: "broke", plugin: name, part: "extractor", message, pause });
    if (pause === null) this.fail(plugin, message);
    return { plugin: index, pause: pause ?? 0 };
  }

  private look(): void {
    const { plugins } = this.options;
    const now = performance.now();
    const rss = process.memoryUsage.rss();
    const judge = (
      watch: Watch,
      hangs: boolean,
      policy: PluginPolicy | undefined,
      end: (why: string) => void,
    ): void => {
      if (policy === undefined) return;
      if (hangs) end(`a call took more than ${policy.timeoutMs / 1000} s`);
      else if (watch.taken(rss) > policy.memoryMb * 2 ** 20)
        end(`a call took more than ${policy.memoryMb} MiB of memory`);
    };
    for (const [worker, watch] of this.workerWatches.entries()) {
      const { entered } = this.guards[worker];
      const policy = entered < 0 ? undefined : plugins[entered].policy;
      const hangs = watch.hangs(0, policy?.timeoutMs ?? Number.POSITIVE_INFINITY, now, rss);
      judge(watch, hangs, policy, (why) => this.endWorker(worker, { why, hangs }));
    }
    for (const { source, watch } of this.sources.values()) {
      const { policy } = source.plugin;
      judge(watch, watch.hangs(source.life, policy.timeoutMs, now, rss), policy, (why) => source.kill(why));
    }
  }

  private endWorker(worker: number, why: { readonly why: string; readonly hangs: boolean }): void {
    if (this.hanging.has(worker)) return;
    this.hanging.set(worker, why);
    this.options.killWorker(worker);
  }

  /** What the plugins did so far. */
  report(): readonly PluginReport[] {
    return this.options.plugins.map((plugin, index) => {
      const sum = (count: number): number => this.guards.reduce((total, guard) => total + guard.count(index, count), 0);
      const { deaths, hangs, failure } = this.faults[index];
      const metrics: Record<string, number> = {};
      for (const { plugin: owner, name, places } of this.metrics.values()) {
        if (owner !== index) continue;
        metrics[name] = places.reduce((total, at) => total + this.guards[at.thread].metrics(index)[at.place], 0);
      }
      return {
        name: plugin.name,
        version: plugin.version,
        events: sum(PluginCount.EVENTS),
        values: sum(PluginCount.VALUES),
        throws: sum(PluginCount.THROWS),
        wrongTypes: sum(PluginCount.WRONG_TYPES),
        without: sum(PluginCount.WITHOUT),
        restarts: sum(PluginCount.RESTARTS),
        deaths,
        hangs,
        unwritten: this.account.of(index),
        failure,
        metrics,
      };
    });
  }
}
