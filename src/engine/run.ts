// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import { noAnnex } from "../batch/annex.js";
import { ControlWord, Stop } from "../batch/control.js";
import { createWork } from "../batch/work.js";
import type { FinishedCapture } from "../capture/recent.js";
import type { BaseSyscalls } from "../config/base-syscalls.js";
import { Turns } from "../outputs/turns.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { sourcesOf } from "../plugins/sources.js";
import type { RuleSet } from "../rules/ruleset.js";
import type { Progress } from "../sdk/index.js";
import { nowNs } from "../telemetry/clock.js";
import type { Ledger } from "../telemetry/ledger.js";
import { type CaptureRules, captureDurations } from "./capture-rules.js";
import { Crew, type FailedEvent } from "./crew.js";
import type { Sink } from "./delivery.js";
import type { RunPlan } from "./demand.js";
import type { DropNews } from "./drops.js";
import { armFaults, type Faults } from "./faults.js";
import type { FromIngest } from "./ingest-mail.js";
import type { Failure, IngestResult } from "./ingest-thread.js";
import { countMatches } from "./match-counts.js";
import { Pipeline, type PipelineOptions } from "./pipeline.js";
import { PluginCrew } from "./plugin-crew.js";
import type { PluginNews } from "./plugin-report.js";
import type { MatchCounts, RunReport } from "./report.js";
import { type ChangedSource, RuleChange } from "./rule-change.js";
import { startThreads, type Threads } from "./threads.js";
import type { RulesTask, WorkerTask } from "./worker-thread.js";

export type { FinishedCapture } from "../capture/recent.js";

export interface RunOptions {
  /** At least one; they run side by side. */
  readonly sources: readonly PipelineOptions[];
  /** Rules of any source. */
  readonly rules: RuleSet;
  readonly encoder: EncoderOptions;
  /** Text of an etc/services file whose names of ports are shown; their numbers are where it is left out or null. */
  readonly services?: string | null;
  /** Gets the alerts: those of one source in the order of its events. */
  readonly sink: Sink;
  /** Threads that evaluate rules; ingest and main come on top. Ignored where `threads` are given. */
  readonly workers?: number;
  /** Threads started ahead; they are left running. */
  readonly threads?: Threads;
  /** Aborting it stops reading; what was read is still evaluated and delivered. */
  readonly signal?: AbortSignal;
  /** Is given the ledgers, in the order of the sources, when the run starts; they may be read at any time. */
  readonly onLedgers?: (ledgers: readonly Ledger[]) => void;
  /** Is told of an event that failed twice, and of a worker that died. */
  readonly onFailedEvent?: (event: FailedEvent) => void;
  readonly onWorkerDeath?: (worker: number, error: Error) => void;
  /** The plugins of the run, in the order of their indices: sources of kind "plugin" name them, rules use their fields. */
  readonly plugins?: readonly LoadedPlugin[];
  /** Is told what plugins say and do wrong. */
  readonly onPlugin?: (news: PluginNews) => void;
  /** Is told how far plugins' sources are; absent: they are not asked. */
  readonly onProgress?: (plugin: string, progress: Progress) => void;
  /** Is told once of each plugin ID that events have and no plugin. */
  readonly onUnknownPlugin?: (id: number) => void;
  /** Around which matches captures are written, where the sources write any. */
  readonly captures?: CaptureRules;
  /** Is given the means to change the run while it goes on. */
  readonly onStart?: (running: Running) => void;
  /** Is told that a source of system calls is open: what happens from now on is seen. */
  readonly onBegun?: (source: string) => void;
  /** Is told of captures that sources have written beside. */
  readonly onCaptures?: (captures: readonly FinishedCapture[]) => void;
  /** Is told of lost events, as the source's settings ask. */
  readonly onDrops?: (source: string, news: DropNews) => void;
  /** Is told that a source has had no event in so many looks; `since`: the last one's time, ms since the epoch, 0 = none. */
  readonly onSilence?: (source: string, looks: number, since: number) => void;
  /** For tests alone. */
  readonly faults?: Faults;
}

/** A run that goes on. */
export interface Running {
  /**
   * Other rules take the place of the present ones, at one event of each source.
   * @param base which system calls leave the kernel; null: those that rules and state ask for
   * @throws Error where the rules cannot be compiled; the present ones stay
   */
  change(rules: RuleSet, encoder: EncoderOptions, base: BaseSyscalls | null): Promise<readonly ChangedSource[]>;
  /** These events of the first source are wanted in its capture of chosen events. */
  choose(numbers: Float64Array): void;
}

/** How the reading of one source ended. */
interface IngestOutcome {
  readonly result: IngestResult | null;
  readonly failure: Failure | null;
}

/** What there is to plan where tests bring the parts themselves. */
const NO_PLAN: RunPlan = {
  outputs: { templates: [], extras: [] },
  demand: [],
  annex: noAnnex(),
  wanted: [],
  images: [],
};

/** Failed events that a report lists. */
const LISTED_FAILURES = 100;

/**
 * Evaluates the rules on the events of all sources, until each of them has ended, and writes the alerts to `sink`: those of
 * a source in the order of its events, the same for any number of workers and any batch size. A bad input is no rejection:
 * its report's `failure` tells, and it stops no other source. Rejects when the sink does, when a worker cannot compile the
 * rules, and when an ingest thread breaks: after the other sources have ended.
 */
export async function run(options: RunOptions): Promise<RunReport> {
  const startup: Record<string, number> = { replay: performance.now() };
  const threads = options.threads ?? startThreads(options.workers ?? 2);
  try {
    return await new Run(options, threads, startup).finished();
  } finally {
    if (options.threads === undefined) await threads.close();
  }
}

class Run {
  private readonly plugins: readonly LoadedPlugin[];
  /** All event sources there are. */
  private readonly sources: readonly string[];
  private readonly pipelines: readonly Pipeline[];
  private readonly pluginCrew: PluginCrew;
  private readonly failedEvents: FailedEvent[] = [];
  private deaths = 0;
  private ready = 0;
  private workers: Crew | null = null;
  private readonly changes: RuleChange;
  /** The first reason to reject; null where there is none. */
  private failure: { readonly error: unknown } | null = null;
  /** Why all sources were stopped before their ends. */
  private aborted: Failure | null = null;

  constructor(
    private readonly options: RunOptions,
    private readonly threads: Threads,
    private readonly startup: Record<string, number>,
  ) {
    const { sources, rules, faults, plugins = [], onProgress } = options;
    const { workers } = threads;
    threads.boundHeap(heapOf(plugins));
    this.plugins = plugins;
    this.sources = sourcesOf(plugins);
    const turns = new Turns();
    const context = {
      work: createWork(workers),
      workers,
      sink: sources.length === 1 ? options.sink : (chunk: Buffer) => turns.take(() => options.sink(chunk)),
      faults: faults === undefined ? null : armFaults(faults),
      plugins,
      asyncNames: [...new Set(plugins.flatMap(({ asyncEvents }) => asyncEvents?.names ?? []))],
      failed: (error: unknown) => this.abort(error),
      hear: (pipeline: Pipeline, message: FromIngest) => this.hear(pipeline, message),
    };
    this.pipelines = sources.map((source) => new Pipeline(source, context));
    this.changes = new RuleChange(rules, () => this.workers, this.pipelines);
    this.pluginCrew = new PluginCrew({
      plugins,
      workers,
      pipelines: this.pipelines,
      killWorker: (worker) => this.workers?.kill(worker),
      stopRun: (failure) => {
        this.aborted ??= failure;
        this.stop();
      },
      tell: (news) => options.onPlugin?.(news),
      progress: onProgress ?? null,
    });
  }

  /** Hears the ingest thread of a source. */
  private hear(pipeline: Pipeline, message: FromIngest): void {
    const { options } = this;
    switch (message.kind) {
      case "begun":
        options.onBegun?.(pipeline.name);
        break;
      case "changed":
        this.changes.changed(pipeline, message.event);
        break;
      case "captures":
        options.onCaptures?.(message.captures);
        break;
      case "drops":
        options.onDrops?.(pipeline.name, message.news);
        break;
      case "silent":
        options.onSilence?.(pipeline.name, message.fills, message.since);
        break;
    }
  }

  /** Everybody leaves at once. */
  private abort(error: unknown): void {
    this.failure ??= { error };
    for (const { control } of this.pipelines) control.stop(Stop.ABORT);
    this.pluginCrew.stop();
  }

  /** Nothing more is read; what was read is evaluated and delivered. */
  private stop(): void {
    for (const { control } of this.pipelines) control.stop(Stop.DRAIN);
    this.pluginCrew.stop();
  }

  async finished(): Promise<RunReport> {
    const { options, pipelines, plugins, startup, sources } = this;
    const { rules, encoder, signal } = options;
    // Loaded here so that those who start threads first do so.
    const planning = options.faults?.modules === undefined ? await import("./demand.js") : null;
    const stop = (): void => this.stop();
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop);
    options.onLedgers?.(pipelines.map(({ ledger }) => ledger));
    const start = nowNs();
    try {
      const { faults } = pipelines[0];
      const plan = planning?.planRun(rules, encoder, plugins, sources) ?? NO_PLAN;
      const { outputs, wanted } = plan;
      startup["planned"] = performance.now();
      const guard = this.pluginCrew.buffer;
      const services = options.services ?? null;
      const captures = captureDurations(rules, options.captures);
      const first: RulesTask = { version: 0, ruleSet: rules, encoder, outputs, wanted, captures };
      const task = { rules: [first], services, faults, plugins, guard };
      for (const pipeline of pipelines) {
        const { spec, control, name } = pipeline;
        const wantless = !rules.rules.some(({ source }) => source === name);
        if (spec.kind === "plugin" && wantless) control.store(ControlWord.UNWANTED, 1);
      }
      const working = this.crew(task).catch((error) => this.abort(error));
      options.onStart?.({
        change: async (next, format, base) => {
          const { planRun } = await import("./demand.js");
          const { keepFields } = await import("./kept-fields.js");
          const changed = planRun(next, format, plugins, sources);
          const rest = {
            encoder: format,
            outputs: changed.outputs,
            wanted: keepFields(plugins, wanted, changed.wanted),
          };
          const durations = captureDurations(next, options.captures);
          return this.changes.change({ ruleSet: next, ...rest, captures: durations }, changed, base);
        },
        choose: (numbers) => pipelines[0].send({ kind: "choose", numbers }),
      });
      const ends = await Promise.all(pipelines.map((pipeline, place) => this.ingest(pipeline, place, plan)));
      startup["ingestEnd"] = performance.now();
      await working;
      for (const { delivery } of pipelines) await delivery.settled();
      this.check();
      const elapsedNs = nowNs() - start;
      startup["firstAlert"] = earliest(pipelines.map(({ delivery }) => delivery.firstAlert));
      return {
        ...this.matches(),
        sources: await Promise.all(pipelines.map((pipeline, i) => pipeline.report(ends[i].result, ends[i].failure))),
        plugins: this.pluginCrew.report(),
        aborted: this.aborted,
        failedEvents: this.failedEvents,
        deaths: this.deaths,
        stopped: signal?.aborted ?? false,
        elapsedNs,
        startup,
        workers: this.threads.workers,
      };
    } finally {
      signal?.removeEventListener("abort", stop);
      this.pluginCrew.close();
    }
  }

  /** Reads one source to its end. */
  private async ingest(pipeline: Pipeline, place: number, plan: RunPlan): Promise<IngestOutcome> {
    const { spec } = pipeline;
    if (spec.kind === "plugin") {
      return { result: null, failure: await this.pluginCrew.run(place, pipeline, spec, plan.wanted) };
    }
    const plugins = this.pluginCrew.attend(place, spec.kind === "live", plan.wanted);
    const { task, transfer } = pipeline.task(spec, plan, plugins);
    const running = this.threads.ingest(place).run(task, { name: "ingest", transferList: transfer });
    const result = await (running as Promise<IngestResult>).catch((error: unknown) => this.broken(pipeline, error));
    pipeline.ended();
    this.pluginCrew.leave(place);
    this.changes.changed(pipeline, null);
    return { result, failure: null };
  }

  /** Nothing more can be read from the source. What was published is good, and is delivered before the run fails. */
  private broken(pipeline: Pipeline, error: unknown): null {
    this.failure ??= { error };
    pipeline.control.stop(Stop.DRAIN);
    pipeline.control.end();
    return null;
  }

  /** @throws why the run failed, when no other thread is at work any more */
  private check(): void {
    if (this.failure !== null) {
      for (const { ledger } of this.pipelines) ledger.abandon();
      throw this.failure.error;
    }
    if (this.pipelines.some(({ delivery }) => !delivery.complete)) {
      throw new Error("engine: a batch was evaluated and its alerts never arrived");
    }
  }

  private crew(task: Omit<WorkerTask, "worker" | "port" | "sources" | "sourceNames">): Promise<void> {
    const { options, pipelines, startup, threads, pluginCrew } = this;
    const sources = pipelines.map(({ shared, name, spec }) => ({ ...shared, name, added: spec.kind !== "capture" }));
    this.workers = new Crew(
      threads,
      pipelines,
      { ...task, sources, sourceNames: this.sources },
      {
        ready: () => {
          this.ready++;
          if (this.ready === threads.workers) startup["workersReady"] = performance.now();
        },
        alerts: (message) => pipelines[message.source].delivery.add(message),
        progress: (source) => pipelines[source].delivery.progress(),
        failed: (event) => {
          if (this.failedEvents.length < LISTED_FAILURES) this.failedEvents.push(event);
          options.onFailedEvent?.(event);
        },
        died: (worker, error) => {
          this.deaths++;
          options.onWorkerDeath?.(worker, error);
        },
        plugin: (worker, message) => pluginCrew.hearWorker(worker, message),
        blame: (worker, error) => pluginCrew.blame(worker, error),
        unknownPlugins: (source, batch, events) => {
          const { unknownPlugins, control } = pipelines[source];
          const fresh = unknownPlugins.add(batch, events, control.load(ControlWord.RELEASED));
          for (const id of fresh) options.onUnknownPlugin?.(id);
        },
      },
    );
    return this.workers.run();
  }

  private matches(): MatchCounts {
    let alerts = 0;
    for (const { delivery } of this.pipelines) alerts += delivery.alerts;
    return {
      alerts,
      ...countMatches(
        this.changes.versions,
        this.pipelines.map(({ delivery }) => delivery.matches),
      ),
    };
  }
}

/** MiB of heap that plugins may have in a worker; null where none is a module. */
function heapOf(plugins: readonly LoadedPlugin[]): number | null {
  const modules = plugins.filter(({ ref }) => ref.kind === "module");
  return modules.length === 0 ? null : modules.reduce((sum, { policy }) => sum + policy.memoryMb, 0);
}

/** The first of some moments, those that never came (NaN) left out; NaN for none. */
function earliest(moments: readonly number[]): number {
  const known = moments.filter((moment) => !Number.isNaN(moment));
  return known.length === 0 ? Number.NaN : Math.min(...known);
}
