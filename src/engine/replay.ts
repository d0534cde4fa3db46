// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import { Control, createControl, Stop } from "../batch/control.js";
import { createMemory, DEFAULT_SHAPE, type Memory, type MemoryShape } from "../batch/memory.js";
import type { RingShape } from "../batch/ring.js";
import { PRIORITIES, type RuleSet } from "../rules/ruleset.js";
import { nowNs } from "../telemetry/clock.js";
import { createLedger, Ledger } from "../telemetry/ledger.js";
import { createStageTimes, readStageTimes } from "../telemetry/stage-times.js";
import { Crew, type FailedEvent } from "./crew.js";
import { Delivery, type Sink } from "./delivery.js";
import { armFaults, type Faults } from "./faults.js";
import { DEFAULT_SWEEP, type SweepLimit } from "./ingest.js";
import type { IngestResult } from "./ingest-thread.js";
import { createLatency } from "./latency.js";
import type { ReplayReport } from "./report.js";
import { createInfo } from "./source-info.js";
import { startThreads, type Threads } from "./threads.js";

export interface ReplayOptions {
  /** Path of the capture. */
  readonly capture: string;
  readonly rules: RuleSet;
  readonly encoder: EncoderOptions;
  readonly sink: Sink;
  /** Threads that evaluate rules; ingest and main come on top. Ignored where `threads` are given. */
  readonly workers?: number;
  /** Threads started ahead; they are left running. */
  readonly threads?: Threads;
  /** Folder whose etc/passwd and etc/group name users and groups; null: none. */
  readonly hostRoot: string | null;
  /** Shape of the ring and sizes of the tables, where they differ from the defaults. */
  readonly ring?: Partial<RingShape>;
  readonly memory?: Partial<Omit<MemoryShape, "ring">>;
  readonly sweep?: SweepLimit;
  /** Aborting it stops reading; what was read is still evaluated and delivered. */
  readonly signal?: AbortSignal;
  /** Is given the ledger when the run starts; it may be read at any time. */
  readonly onLedger?: (ledger: Ledger) => void;
  /** Is told of an event that failed twice, and of a worker that died. */
  readonly onFailedEvent?: (event: FailedEvent) => void;
  readonly onWorkerDeath?: (worker: number, error: Error) => void;
  /** For tests alone. */
  readonly faults?: Faults;
}

/** Failed events that a report lists. */
const LISTED_FAILURES = 100;

function shapeOf(options: ReplayOptions): MemoryShape {
  return { ...DEFAULT_SHAPE, ...options.memory, ring: { ...DEFAULT_SHAPE.ring, ...options.ring } };
}

/**
 * Replays a capture: reads it, evaluates the rules on every event, and writes the alerts to `sink` in event order, the
 * same bytes for any number of workers and any batch size. A bad capture is no rejection: the report's `failure` tells.
 * Rejects when the sink does, and when a worker cannot compile the rules.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const startup: Record<string, number> = { replay: performance.now() };
  const threads = options.threads ?? startThreads(options.workers ?? 2);
  try {
    return await run(options, threads, startup);
  } finally {
    if (options.threads === undefined) await threads.close();
  }
}

async function run(options: ReplayOptions, threads: Threads, startup: Record<string, number>): Promise<ReplayReport> {
  const { rules } = options;
  const memory: Memory = createMemory(shapeOf(options));
  const controlBuffer = createControl(memory.shape.ring.slots, threads.workers);
  const control = new Control(controlBuffer);
  const ledgerBuffer = createLedger(threads.workers, memory.shape.ring.slots);
  const ledger = new Ledger(ledgerBuffer);
  const times = createStageTimes(threads.workers);
  const info = createInfo();
  const faults = options.faults === undefined ? null : armFaults(options.faults);
  const shared = { memory, control: controlBuffer, ledger: ledgerBuffer, times, info };

  let failure: unknown;
  const abort = (error: unknown): void => {
    failure ??= error;
    control.stop(Stop.ABORT);
  };
  const latency = createLatency();
  const delivery = new Delivery(control, rules.rules.length, options.sink, latency.record, abort);
  const failedEvents: FailedEvent[] = [];
  let deaths = 0;
  let ready = 0;
  // Loaded here so that those who start threads first do so.
  const planning = options.faults?.modules === undefined ? await import("./demand.js") : null;
  const outputs = planning?.outputPlan(rules, options.encoder) ?? { templates: [], extras: [] };
  const crew = new Crew(
    threads,
    control,
    ledger,
    memory,
    { ...shared, ruleSet: rules, encoder: options.encoder, outputs, faults },
    {
      ready: () => {
        ready++;
        if (ready === threads.workers) startup["workersReady"] = performance.now();
      },
      alerts: (message) => delivery.add(message),
      progress: () => delivery.progress(),
      failed: (event) => {
        if (failedEvents.length < LISTED_FAILURES) failedEvents.push(event);
        options.onFailedEvent?.(event);
      },
      died: (worker, error) => {
        deaths++;
        options.onWorkerDeath?.(worker, error);
      },
    },
  );

  const stop = (): void => control.stop(Stop.DRAIN);
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener("abort", stop);
  options.onLedger?.(ledger);
  const start = nowNs();
  try {
    const working = crew.run().catch(abort);
    const demand = planning?.rulesDemand(rules, options.encoder, outputs) ?? [];
    startup["planned"] = performance.now();
    const end: IngestResult | null = await threads.ingest
      .run(
        {
          ...shared,
          capture: options.capture,
          demand,
          hostRoot: options.hostRoot,
          sweep: options.sweep ?? DEFAULT_SWEEP,
          faults,
        },
        { name: "ingest" },
      )
      .catch((error: unknown) => {
        // Nothing more can be read. What was published is good, and is delivered before the run fails.
        failure ??= error;
        control.stop(Stop.DRAIN);
        control.end();
        return null;
      });
    startup["ingestEnd"] = performance.now();
    await working;
    await delivery.settled();
    if (end === null || control.aborted) {
      ledger.abandon();
      throw failure;
    }
    if (!delivery.complete) throw new Error("engine: a batch was evaluated and its alerts never arrived");
    const elapsedNs = nowNs() - start;
    startup["firstAlert"] = delivery.firstAlert;
    return {
      events: end.events,
      sections: end.sections,
      alerts: delivery.alerts,
      ...summarise(rules, delivery.matches),
      ledger: ledger.snapshot(),
      unknownTypes: end.unknownTypes,
      failedEvents,
      deaths,
      failure: end.failure,
      stopped: options.signal?.aborted ?? false,
      elapsedNs,
      bytes: end.bytes,
      inflateNs: end.inflateNs,
      stages: readStageTimes(times),
      latency: await latency.summary(),
      backlogBytes: delivery.backlog,
      startup,
      dictionary: end.dictionary,
      state: end.state,
      workers: threads.workers,
    };
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
}

function summarise(rules: RuleSet, matches: Float64Array): Pick<ReplayReport, "byRule" | "byPriority"> {
  const byPriority = PRIORITIES.map(() => 0);
  const byRule: { rule: string; priority: number; count: number }[] = [];
  for (const rule of rules.rules) {
    const count = matches[rule.index];
    if (count === 0) continue;
    byPriority[rule.priority] += count;
    byRule.push({ rule: rule.name, priority: rule.priority, count });
  }
  return { byRule, byPriority };
}
