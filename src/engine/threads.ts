// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/**
 * MiB that a thread may give to objects that have just been made. Little is made for an event, so that more buys nothing:
 * with V8's own limit two workers with 93 rules grew by 60 MiB within 8 million events, with this one by 15, at the same
 * CPU time (docs/performance.md); CloudTrail records, which are parsed as JSON, cost no more either.
 */
const YOUNG_MIB = 4;
const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MIB };
/** MiB of heap that a worker may have for the engine itself: its program, and rules with lists of a million entries. */
const WORKER_MIB = 512;

/**
 * The threads of the engine: one for ingest of each source, and the workers. The first of the former and all of the latter
 * start, and load what they will need, at once; a run gives each of them one long task. They can serve one run after the
 * other.
 */
export class Threads {
  private workerPool: Piscina;
  /** MiB of heap that plugins may have in a worker, null: workers have V8's own limit. */
  private pluginMib: number | null = null;
  private readonly ingests: Piscina[] = [];
  /** Settle when the threads that were started at once have loaded their program. */
  private readonly loaded: Promise<unknown>[];
  private readonly retired: Promise<void>[] = [];

  constructor(readonly workers: number) {
    this.workerPool = this.startWorkers();
    this.loaded = [this.warmUp(this.ingest(0), 1), this.warmUp(this.workerPool, workers)];
  }

  get pool(): Piscina {
    return this.workerPool;
  }

  /**
   * Bounds the heap of the workers: what V8 bounds it by otherwise is half of the machine. A heap's bound is set when its
   * thread begins, so that workers which were started with another one give way to new ones.
   * @param pluginMib what plugins may have of it; null: there are none
   */
  boundHeap(pluginMib: number | null): void {
    if (this.pluginMib === pluginMib) return;
    this.pluginMib = pluginMib;
    const old = this.workerPool;
    this.retired.push(Promise.all(this.loaded).then(() => old.destroy()));
    this.workerPool = this.startWorkers();
    this.loaded.push(this.warmUp(this.workerPool, this.workers));
  }

  private startWorkers(): Piscina {
    const { workers, pluginMib } = this;
    const bound = pluginMib === null ? {} : { maxOldGenerationSizeMb: WORKER_MIB + pluginMib };
    const pool = new Piscina({
      filename: file("worker-thread.js"),
      minThreads: workers,
      maxThreads: workers,
      resourceLimits: { ...resourceLimits, ...bound },
    });
    // A thread that dies without a task is replaced by the pool; one that dies with a task fails that task.
    pool.on("error", () => {});
    return pool;
  }

  /** One task a thread: a fresh pool gives its first tasks to different ones. Whatever is missing is told when it is needed. */
  private warmUp(pool: Piscina, threads: number): Promise<unknown> {
    return Promise.allSettled(Array.from({ length: threads }, () => pool.run(undefined, { name: "warm" })));
  }

  /** The ingest thread of the run's source number `source`; started where there is none yet. */
  ingest(source: number): Piscina {
    while (this.ingests.length <= source) {
      const pool = new Piscina({ filename: file("ingest-thread.js"), minThreads: 1, maxThreads: 1, resourceLimits });
      pool.on("error", () => {});
      this.ingests.push(pool);
    }
    return this.ingests[source];
  }

  /** Ends the threads. One that is ended while it still links its modules would take the process with it: Node aborts. */
  async close(): Promise<void> {
    await Promise.all(this.loaded);
    await Promise.all([...this.retired, ...[this.pool, ...this.ingests].map((pool) => pool.destroy())]);
  }
}

/** Starts the engine's threads ahead of a run, while rules are still being read. */
export function startThreads(workers: number): Threads {
  return new Threads(workers);
}
