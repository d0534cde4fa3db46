// SPDX-License-Identifier: Apache-2.0

/** What the stages are called in tables, and in which order they stand. */
export const STAGES = ["inflate", "read", "state", "rules", "other"] as const;
export type Stage = (typeof STAGES)[number];

/** What one replay cost, start-up excluded: all from the first batch on. */
export interface RunFigures {
  /** Events in the file, merged and skipped ones too; all figures "an event" are by this number. */
  readonly events: number;
  readonly evaluated: number;
  readonly alerts: number;
  readonly batches: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  /** User and system time of the whole process, warm-up included. */
  readonly cpuNs: number;
  /** The same by stage; "other" is what no stage accounts for: hand-off, compilation, garbage collection, main thread. */
  readonly stageNs: Readonly<Record<Stage, number>>;
  /** Share of the shorter of ingest's and the workers' busy time in which both were busy, at least. */
  readonly overlap: number;
  /** Most anonymous plus shared memory, without file pages; and its level while the first and the last million events were read. */
  readonly peakBytes: number;
  readonly firstBytes: number;
  readonly lastBytes: number;
  /** From publishing a batch to the release of its alerts. */
  readonly latencyMs: Readonly<Record<"p50" | "p90" | "p99" | "p999" | "max", number>>;
  /** Cores that other programs kept busy meanwhile, on average: above a tenth or so the figures are those of a busy machine. */
  readonly otherCores: number;
  /** Why the figures may not stand for the machine: events lost or failed. "" = fine. */
  readonly trouble: string;
}

/** What is known of a replay before it is divided up. */
export interface RunMeasures {
  readonly events: number;
  readonly evaluated: number;
  readonly alerts: number;
  readonly batches: number;
  readonly wallNs: number;
  readonly cpuNs: number;
  /** Of the reader: filling batches, of that inflating. */
  readonly fillNs: number;
  readonly inflateNs: number;
  readonly stateNs: number;
  readonly ingestCpuNs: number;
  /** Of all workers. */
  readonly evaluateNs: number;
  readonly workerCpuNs: number;
  readonly workers: number;
  readonly memory: readonly MemorySample[];
  readonly latencyMs: RunFigures["latencyMs"];
  /** CPU time of all programs of the machine, this one's too; NaN = not known. */
  readonly machineCpuNs: number;
  readonly trouble: string;
}

/** Memory at a moment, `done` = share of the run in 0..1. */
export interface MemorySample {
  readonly done: number;
  readonly bytes: number;
}

/** Wall-clock time of a stage as CPU time: a thread that had to wait for a core was not working all the time. */
function asCpu(wallNs: number, busyWallNs: number, cpuNs: number): number {
  return cpuNs > 0 && busyWallNs > cpuNs ? wallNs * (cpuNs / busyWallNs) : wallNs;
}

export function toFigures(m: RunMeasures): RunFigures {
  const ingestBusy = m.fillNs + m.stateNs;
  const fill = asCpu(m.fillNs, ingestBusy, m.ingestCpuNs);
  const inflate = Math.min(fill, asCpu(m.inflateNs, ingestBusy, m.ingestCpuNs));
  const state = asCpu(m.stateNs, ingestBusy, m.ingestCpuNs);
  const rules = asCpu(m.evaluateNs, m.evaluateNs, m.workerCpuNs);
  const each = (ns: number): number => ns / m.events;
  return {
    events: m.events,
    evaluated: m.evaluated,
    alerts: m.alerts,
    batches: m.batches,
    wallMs: m.wallNs / 1e6,
    eventsPerSecond: m.events / (m.wallNs / 1e9),
    cpuNs: each(m.cpuNs),
    stageNs: {
      inflate: each(inflate),
      read: each(fill - inflate),
      state: each(state),
      rules: each(rules),
      other: each(Math.max(0, m.cpuNs - fill - state - rules)),
    },
    overlap: overlap(ingestBusy, m.evaluateNs / Math.max(1, m.workers), m.wallNs),
    ...memoryFigures(m.memory, m.events),
    latencyMs: m.latencyMs,
    otherCores: Math.max(0, m.machineCpuNs - m.cpuNs) / m.wallNs,
    trouble: m.trouble,
  };
}

/** Two threads that are busy for `a` and `b` of `wall` overlap for at least a + b - wall. */
function overlap(a: number, b: number, wall: number): number {
  const shorter = Math.min(a, b);
  return shorter > 0 ? Math.min(1, Math.max(0, a + b - wall) / shorter) : 0;
}

function memoryFigures(
  samples: readonly MemorySample[],
  events: number,
): Pick<RunFigures, "peakBytes" | "firstBytes" | "lastBytes"> {
  const million = Math.min(0.5, 1e6 / events);
  // A capture that is read between two looks has no sample of its beginning: then the one next to it counts.
  const level = (wanted: (done: number) => boolean, nearest: MemorySample | undefined): number => {
    const bytes = samples.filter((sample) => wanted(sample.done)).map((sample) => sample.bytes);
    return bytes.length === 0 ? (nearest?.bytes ?? Number.NaN) : bytes.reduce((a, b) => a + b) / bytes.length;
  };
  return {
    peakBytes: samples.reduce((most, sample) => Math.max(most, sample.bytes), 0),
    firstBytes: level((done) => done <= million, samples[0]),
    lastBytes: level((done) => done >= 1 - million, samples.at(-1)),
  };
}
