// SPDX-License-Identifier: Apache-2.0

/*
 * What the stages cost: one SharedArrayBuffer of Float64, a block of 8 for ingest, then one for each worker. Each block
 * has one writer, which adds to it once a batch. Wall-clock ns, but for CPU: ns on a CPU of the whole thread.
 */

const BLOCK = 8;

export const IngestTime = { FILL: 0, APPLY: 1, WAIT: 2, SWEEP: 3, BATCHES: 4, CPU: 5, SWEEPS: 6 } as const;
export const WorkerTime = { EVALUATE: 0, WAIT: 1, BATCHES: 2, EVENTS: 3, CPU: 4, COMPILE: 5 } as const;

export function createStageTimes(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + workers) * BLOCK * 8);
}

/** The block of ingest. */
export function ingestTimes(buffer: SharedArrayBuffer): Float64Array {
  return new Float64Array(buffer, 0, BLOCK);
}

/** The block of one worker. */
export function workerTimes(buffer: SharedArrayBuffer, worker: number): Float64Array {
  return new Float64Array(buffer, (1 + worker) * BLOCK * 8, BLOCK);
}

export interface StageTimes {
  readonly ingest: {
    readonly fillNs: number;
    readonly applyNs: number;
    readonly waitNs: number;
    readonly sweepNs: number;
    readonly sweeps: number;
    readonly cpuNs: number;
    readonly batches: number;
  };
  readonly workers: readonly {
    readonly evaluateNs: number;
    readonly waitNs: number;
    readonly compileNs: number;
    readonly cpuNs: number;
    readonly batches: number;
    readonly events: number;
  }[];
}

export function readStageTimes(buffer: SharedArrayBuffer): StageTimes {
  const ingest = ingestTimes(buffer);
  const count = buffer.byteLength / (BLOCK * 8) - 1;
  return {
    ingest: {
      fillNs: ingest[IngestTime.FILL],
      applyNs: ingest[IngestTime.APPLY],
      waitNs: ingest[IngestTime.WAIT],
      sweepNs: ingest[IngestTime.SWEEP],
      sweeps: ingest[IngestTime.SWEEPS],
      cpuNs: ingest[IngestTime.CPU],
      batches: ingest[IngestTime.BATCHES],
    },
    workers: Array.from({ length: count }, (_, w) => {
      const times = workerTimes(buffer, w);
      return {
        evaluateNs: times[WorkerTime.EVALUATE],
        waitNs: times[WorkerTime.WAIT],
        compileNs: times[WorkerTime.COMPILE],
        cpuNs: times[WorkerTime.CPU],
        batches: times[WorkerTime.BATCHES],
        events: times[WorkerTime.EVENTS],
      };
    }),
  };
}
