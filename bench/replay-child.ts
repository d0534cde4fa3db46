// SPDX-License-Identifier: Apache-2.0

import { DEFAULT_ALERT_OPTIONS } from "../src/alerts/options.js";
import type { RingShape } from "../src/batch/ring.js";
import { replay } from "../src/engine/replay.js";
import type { ReplayReport } from "../src/engine/report.js";
import { startThreads, type Threads } from "../src/engine/threads.js";
import type { Ledger } from "../src/telemetry/ledger.js";
import { reportFailure } from "./failure.js";
import { type MemorySample, type RunFigures, toFigures } from "./figures.js";
import { loadRuleSet } from "./load-rules.js";
import { machineCpuNs, ownMemory } from "./memory.js";

/*
 * One replay in a process of its own: `fork`ed with a RunRequest as its argument, answers with a RunAnswer as message.
 * Alerts are counted and dropped.
 */

export interface RunRequest {
  readonly capture: string;
  readonly rules: readonly string[];
  /** Every rule, also those that are disabled in the files. */
  readonly all: boolean;
  readonly workers: number;
  /** Shape of the ring, where it differs from the default: for experiments. */
  readonly ring?: Partial<RingShape>;
}

export interface RunAnswer {
  readonly figures: RunFigures;
  /** Rules that ran. */
  readonly rules: number;
  readonly report: ReplayReport;
}

const POLL_MS = 1;
const SAMPLE_MS = 50;

interface Moment {
  readonly at: bigint;
  readonly cpuUs: number;
  readonly machineNs: number;
  readonly seen: number;
}

/** Watches a run from the main thread: finds the moment of the first batch, samples memory. */
class Watch {
  ledger: Ledger | null = null;
  first: Moment | null = null;
  readonly samples: { readonly seen: number; readonly bytes: number }[] = [];
  private timer = setInterval(() => this.look(), POLL_MS);

  private look(): void {
    const seen = this.ledger?.snapshot().seen ?? 0;
    if (seen === 0) return;
    if (this.first === null) {
      this.first = this.now(seen);
      clearInterval(this.timer);
      this.timer = setInterval(() => this.look(), SAMPLE_MS);
    }
    this.samples.push({ seen, bytes: ownMemory() });
  }

  private now(seen: number): Moment {
    const { user, system } = process.cpuUsage();
    return { at: process.hrtime.bigint(), cpuUs: user + system, machineNs: machineCpuNs(), seen };
  }

  /** Ends. @returns the first and the last moment, and memory by share of the events done */
  stop(): { first: Moment; last: Moment; memory: MemorySample[] } {
    clearInterval(this.timer);
    const seen = this.ledger?.snapshot().seen ?? 0;
    const last = this.now(seen);
    this.samples.push({ seen, bytes: ownMemory() });
    const memory = this.samples.map((sample) => ({ done: sample.seen / Math.max(1, seen), bytes: sample.bytes }));
    const start = { at: 0n, cpuUs: 0, machineNs: Number.NaN, seen: 0 };
    // A capture that was read to its end before the first look: then all of the process counts.
    const { first } = this;
    return {
      first:
        first !== null && first.seen < seen
          ? first
          : { ...start, at: last.at - BigInt(Math.round(performance.now() * 1e6)) },
      last,
      memory,
    };
  }
}

function trouble(report: ReplayReport): string {
  const lost = report.ledger.lost.reduce((sum, entry) => sum + entry.events, 0);
  const parts = [
    report.failure === null ? "" : `the capture is bad: ${report.failure.message}`,
    lost === 0 ? "" : `${lost} events lost`,
    report.ledger.failed === 0 ? "" : `${report.ledger.failed} events failed`,
    report.ledger.difference === 0 ? "" : `the ledger is off by ${report.ledger.difference}`,
    report.dictionary.lost === 0 ? "" : `${report.dictionary.lost} strings found no place`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

async function run(request: RunRequest): Promise<RunAnswer> {
  const threads = startThreads(request.workers);
  try {
    return await measure(request, threads);
  } finally {
    await threads.close();
  }
}

async function measure(request: RunRequest, threads: Threads): Promise<RunAnswer> {
  const rules = loadRuleSet(request.rules, request.all);
  const watch = new Watch();
  const report = await replay({
    capture: request.capture,
    rules,
    encoder: { kind: "json", hostname: "bench", ...DEFAULT_ALERT_OPTIONS },
    sink: () => {},
    threads,
    hostRoot: null,
    ...(request.ring === undefined ? {} : { ring: request.ring }),
    onLedger: (ledger) => {
      watch.ledger = ledger;
    },
  });
  const { first, last, memory } = watch.stop();
  const { stages, latency } = report;
  const sum = (pick: (worker: (typeof stages.workers)[number]) => number): number =>
    stages.workers.reduce((total, worker) => total + pick(worker), 0);
  // Stage times are those of the whole run, the process's those behind the first look: the same share of both is told.
  const share = (last.seen - first.seen) / last.seen;
  const figures = toFigures({
    events: last.seen - first.seen,
    evaluated: Math.round(report.ledger.evaluated * share),
    alerts: report.alerts,
    batches: latency.batches,
    wallNs: Number(last.at - first.at),
    cpuNs: (last.cpuUs - first.cpuUs) * 1000,
    fillNs: stages.ingest.fillNs * share,
    inflateNs: report.inflateNs * share,
    stateNs: (stages.ingest.applyNs + stages.ingest.sweepNs) * share,
    ingestCpuNs: stages.ingest.cpuNs * share,
    evaluateNs: sum((worker) => worker.evaluateNs) * share,
    workerCpuNs: sum((worker) => worker.cpuNs) * share,
    workers: request.workers,
    memory,
    latencyMs: {
      p50: latency.p50 / 1000,
      p90: latency.p90 / 1000,
      p99: latency.p99 / 1000,
      p999: latency.p999 / 1000,
      // The histogram rounds percentiles up within its precision.
      max: Math.max(latency.max, latency.p999) / 1000,
    },
    machineCpuNs: last.machineNs - first.machineNs,
    trouble: trouble(report),
  });
  return { figures, rules: rules.rules.length, report };
}

const request = process.argv[2];
if (request !== undefined && process.send !== undefined) {
  try {
    const answer = await run(JSON.parse(request) as RunRequest);
    process.send(answer, undefined, undefined, () => process.disconnect());
  } catch (error) {
    process.exitCode = reportFailure(error);
    process.disconnect();
  }
}
