// SPDX-License-Identifier: Apache-2.0

import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Control, ControlWord, createControl, HEARTBEAT, SlotControl, SlotState } from "../batch/control.js";
import { fillDictionary } from "../batch/dictionary.js";
import { createMemory, DEFAULT_SHAPE, type MemoryShape } from "../batch/memory.js";
import type { RingShape } from "../batch/ring.js";
import type { WorkBuffer } from "../batch/work.js";
import type { RecentOptions } from "../capture/recent.js";
import type { BaseSyscalls } from "../config/base-syscalls.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { createParsed } from "../plugins/library/parsed-memory.js";
import { createLedger, Ledger } from "../telemetry/ledger.js";
import { createStageTimes, readStageTimes } from "../telemetry/stage-times.js";
import type { CrewSource } from "./crew.js";
import { Delivery, type Sink } from "./delivery.js";
import type { RunPlan } from "./demand.js";
import type { DropSettings } from "./drops.js";
import type { ArmedFaults } from "./faults.js";
import { DEFAULT_SWEEP, type SweepLimit } from "./ingest.js";
import type { FromIngest, RulesDemand, ToIngest } from "./ingest-mail.js";
import type { IngestPlugins, IngestTask } from "./ingest-task.js";
import type { Failure, IngestResult } from "./ingest-thread.js";
import { createLatency, type Latency } from "./latency.js";
import type { SourceReport } from "./report.js";
import { createInfo } from "./source-info.js";
import type { SourceSpec, SyscallSpec } from "./source-spec.js";
import { UnknownPlugins } from "./unknown-plugins.js";
import type { SharedBuffers } from "./worker-thread.js";

/** One source of a run. */
export interface PipelineOptions {
  /** Name for the ledger, the log and metrics: that of the event source, as a rule. */
  readonly name: string;
  readonly spec: SourceSpec;
  /** Folder whose etc/passwd and etc/group name users and groups; null: none. */
  readonly hostRoot: string | null;
  /** Whether processes belong to containers; by default they do. */
  readonly containers?: boolean;
  /** Shape of the ring and sizes of the tables, where they differ from the defaults. */
  readonly ring?: Partial<RingShape>;
  readonly memory?: Partial<Omit<MemoryShape, "ring">>;
  readonly sweep?: SweepLimit;
  /** What is done beside evaluating; for sources of system calls. */
  readonly watch?: WatchSettings;
}

/** What is done with a source of system calls beside evaluating rules. */
export interface WatchSettings {
  /** Which calls leave the kernel; left out: those that rules and state ask for. */
  readonly base?: BaseSyscalls;
  /** Captures of what is read. */
  readonly recent?: RecentOptions;
  /** When lost events are told. */
  readonly drops?: DropSettings;
  /** Looks for events in a row that may find none before that is told. */
  readonly silence?: number;
}

export interface PipelineContext {
  readonly work: WorkBuffer;
  readonly workers: number;
  readonly sink: Sink;
  readonly faults: ArmedFaults | null;
  /** The plugins of the run. */
  readonly plugins: readonly LoadedPlugin[];
  /** Names of the asynchronous events that plugins can add. */
  readonly asyncNames: readonly string[];
  /** Is told that alerts can be written no more. */
  readonly failed: (error: unknown) => void;
  /** Hears the ingest threads of sources of system calls. */
  readonly hear: (pipeline: Pipeline, message: FromIngest) => void;
}

/** What a plugin's source needs: no processes, and room for large events. */
const PLUGIN_SHAPE: MemoryShape = {
  ring: { slots: 8, events: 1024, recordBytes: 128 * 1024, heapBytes: 8 * 1024 * 1024 },
  strings: 1024,
  stringBytes: 64 * 1024,
  processRows: 16,
  fdRows: 16,
};

function shapeOf(options: PipelineOptions): MemoryShape {
  const base = options.spec.kind === "plugin" ? PLUGIN_SHAPE : DEFAULT_SHAPE;
  return { ...base, ...options.memory, ring: { ...base.ring, ...options.ring } };
}

/** Events of plugins in a capture may be as large as they are when they come from a plugin. */
const LARGE_EVENTS = 8 * 1024 * 1024;

/** The ring for a capture that may hold events of these plugins. */
export function shapeFor(plugins: readonly LoadedPlugin[]): Pick<PipelineOptions, "ring"> {
  return plugins.some(({ source }) => source !== null) ? { ring: { heapBytes: LARGE_EVENTS } } : {};
}

/**
 * One source with all that belongs to it alone: memory, control block, ledger, stage times, delivery. Its ingest thread
 * fills its ring; the workers that evaluate its batches are the run's.
 */
export class Pipeline implements CrewSource {
  readonly name: string;
  readonly shared: SharedBuffers;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly delivery: Delivery;
  readonly shape: RingShape;
  readonly ring: SharedArrayBuffer;
  /** Dictionary ids of names of asynchronous events; only a plugin's source knows them ahead. */
  readonly asyncNames: ReadonlyMap<string, number>;
  /** Events of plugins that are not loaded, by ID. */
  readonly unknownPlugins = new UnknownPlugins();
  private readonly latency: Latency = createLatency();
  private port: MessagePort | null = null;
  private base: BaseSyscalls | null;

  constructor(
    private readonly options: PipelineOptions,
    private readonly context: PipelineContext,
  ) {
    this.base = options.watch?.base ?? null;
    const memory = createMemory(shapeOf(options));
    const plugin = options.spec.kind === "plugin";
    // A plugin waits for its acknowledgements, captures for what matched: main hears of each of their batches.
    const each = plugin || options.watch?.recent !== undefined;
    const control = createControl(
      memory.shape.ring.slots,
      context.work,
      each ? 1 : HEARTBEAT,
      context.faults?.firstBatch,
    );
    const names = plugin ? context.asyncNames : [];
    const ids = fillDictionary(
      memory.dictionary,
      names.map((name) => Buffer.from(name, "utf8").toString("latin1")),
    );
    this.asyncNames = new Map(names.map((name, i) => [name, ids[i]]));
    const ledger = createLedger(context.workers, memory.shape.ring.slots);
    this.name = options.name;
    // One for each library that parses.
    const parsed = context.plugins.map(({ library }) =>
      library?.parser == null ? null : createParsed(memory.shape.ring.slots),
    );
    const times = createStageTimes(context.workers);
    this.shared = { memory, control, ledger, times, info: createInfo(), parsed };
    this.control = new Control(control);
    this.ledger = new Ledger(ledger);
    this.shape = memory.shape.ring;
    this.ring = memory.ring;
    const { record } = this.latency;
    this.delivery = new Delivery(this.control, context.sink, record, context.failed, (matches) =>
      this.send({ kind: "matches", matches }),
    );
  }

  get faults(): ArmedFaults | null {
    return this.context.faults;
  }

  get spec(): SourceSpec {
    return this.options.spec;
  }

  /** The thread of a plugin's source is gone: puts in order what it may have left half done. */
  orphaned(): void {
    const { control, ledger } = this;
    const slot = control.nextSlot();
    if (control.slot(slot, SlotControl.STATE) === SlotState.FREE) ledger.orphaned(slot);
  }

  /** What the rules of a run ask of the source. */
  demand({ demand, annex, images }: RunPlan): RulesDemand {
    return { demand, annex, images, base: this.base };
  }

  /** Which calls leave the kernel from the next rules on. */
  set baseSyscalls(base: BaseSyscalls | null) {
    this.base = base;
  }

  /** Tells the ingest thread of a source of system calls; before it begins it finds the message waiting. */
  send(message: ToIngest): void {
    this.port?.postMessage(message);
    this.control.ring(ControlWord.MAIL);
  }

  /** The ingest thread has ended: takes what it posted last. */
  ended(): void {
    const { port } = this;
    if (port === null) return;
    this.port = null;
    port.removeAllListeners("message");
    for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
      this.context.hear(this, entry.message as FromIngest);
    }
    port.close();
  }

  /** What the ingest thread of a source of system calls is given, and what of it is handed over. */
  task(
    spec: SyscallSpec,
    plan: RunPlan,
    plugins: IngestPlugins | null,
  ): { readonly task: IngestTask; readonly transfer: MessagePort[] } {
    const { hostRoot, containers, sweep, watch } = this.options;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.on("message", (message: FromIngest) => this.context.hear(this, message));
    const task = {
      ...this.shared,
      name: this.name,
      source: spec,
      rules: this.demand(plan),
      plugins,
      recent: watch?.recent ?? null,
      drops: watch?.drops ?? null,
      silence: watch?.silence ?? null,
      hostRoot,
      containers: containers ?? true,
      sweep: sweep ?? DEFAULT_SWEEP,
      faults: this.context.faults,
      port: port2,
    };
    return { task, transfer: plugins === null ? [port2] : [port2, plugins.port] };
  }

  /** What became of the source. `end` is null where its ingest thread broke, or where it is a plugin's. */
  async report(end: IngestResult | null, failure: Failure | null): Promise<SourceReport> {
    const { delivery } = this;
    const ledger = this.ledger.snapshot();
    return {
      name: this.name,
      events: end?.events ?? ledger.seen,
      sections: end?.sections ?? 0,
      alerts: delivery.alerts,
      ledger,
      unknownTypes: end?.unknownTypes ?? [],
      failure: end?.failure ?? failure,
      unknownPlugins: this.unknownPlugins.report(),
      bytes: end?.bytes ?? 0,
      inflateNs: end?.inflateNs ?? 0,
      stages: readStageTimes(this.shared.times),
      latency: await this.latency.summary(),
      backlogBytes: delivery.backlog,
      dictionary: end?.dictionary ?? { strings: 0, bytes: 0, lost: 0 },
      state: end?.state ?? {},
    };
  }
}
