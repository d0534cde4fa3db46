// SPDX-License-Identifier: Apache-2.0

import type { AnnexDemand } from "../batch/annex.js";
import { Control, createControl } from "../batch/control.js";
import { createMemory, DEFAULT_SHAPE, type MemoryShape } from "../batch/memory.js";
import type { Demand } from "../batch/plan.js";
import type { RingShape } from "../batch/ring.js";
import type { WorkBuffer } from "../batch/work.js";
import { createLedger, Ledger } from "../telemetry/ledger.js";
import { createStageTimes, readStageTimes } from "../telemetry/stage-times.js";
import type { CrewSource } from "./crew.js";
import { Delivery, type Sink } from "./delivery.js";
import type { ArmedFaults } from "./faults.js";
import { DEFAULT_SWEEP, type SweepLimit } from "./ingest.js";
import type { IngestResult, IngestTask } from "./ingest-thread.js";
import { createLatency, type Latency } from "./latency.js";
import type { SourceReport } from "./report.js";
import { createInfo } from "./source-info.js";
import type { SourceSpec } from "./source-spec.js";
import type { SharedBuffers } from "./worker-thread.js";

/** One source of a run. */
export interface PipelineOptions {
  /** Name for the ledger, the log and metrics: that of the event source, as a rule. */
  readonly name: string;
  readonly spec: SourceSpec;
  /** Folder whose etc/passwd and etc/group name users and groups; null: none. */
  readonly hostRoot: string | null;
  /** Shape of the ring and sizes of the tables, where they differ from the defaults. */
  readonly ring?: Partial<RingShape>;
  readonly memory?: Partial<Omit<MemoryShape, "ring">>;
  readonly sweep?: SweepLimit;
}

export interface PipelineContext {
  readonly work: WorkBuffer;
  readonly workers: number;
  readonly rules: number;
  readonly sink: Sink;
  readonly faults: ArmedFaults | null;
  /** Is told that alerts can be written no more. */
  readonly failed: (error: unknown) => void;
}

function shapeOf(options: PipelineOptions): MemoryShape {
  return { ...DEFAULT_SHAPE, ...options.memory, ring: { ...DEFAULT_SHAPE.ring, ...options.ring } };
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
  private readonly latency: Latency = createLatency();

  constructor(
    private readonly options: PipelineOptions,
    private readonly context: PipelineContext,
  ) {
    const memory = createMemory(shapeOf(options));
    const control = createControl(memory.shape.ring.slots, context.work);
    const ledger = createLedger(context.workers, memory.shape.ring.slots);
    this.name = options.name;
    this.shared = { memory, control, ledger, times: createStageTimes(context.workers), info: createInfo() };
    this.control = new Control(control);
    this.ledger = new Ledger(ledger);
    this.shape = memory.shape.ring;
    this.ring = memory.ring;
    this.delivery = new Delivery(this.control, context.rules, context.sink, this.latency.record, context.failed);
  }

  get faults(): ArmedFaults | null {
    return this.context.faults;
  }

  /** What the ingest thread is given. */
  task(demand: Demand, annex: AnnexDemand): IngestTask {
    const { spec, hostRoot, sweep } = this.options;
    return {
      ...this.shared,
      name: this.name,
      source: spec,
      demand,
      annex,
      hostRoot,
      sweep: sweep ?? DEFAULT_SWEEP,
      faults: this.context.faults,
    };
  }

  /** What became of the source. `end` is null where its ingest thread broke. */
  async report(end: IngestResult | null): Promise<SourceReport> {
    const { delivery } = this;
    const ledger = this.ledger.snapshot();
    return {
      name: this.name,
      events: end?.events ?? ledger.seen,
      sections: end?.sections ?? 0,
      alerts: delivery.alerts,
      ledger,
      unknownTypes: end?.unknownTypes ?? [],
      failure: end?.failure ?? null,
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
