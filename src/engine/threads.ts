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

/**
 * The threads of the engine: one for ingest of each source, and the workers. The first of the former and all of the latter
 * start, and load what they will need, at once; a run gives each of them one long task. They can serve one run after the
 * other.
 */
export class Threads {
  readonly pool: Piscina;
  private readonly ingests: Piscina[] = [];
  /** Settles when every thread that was started at once has loaded its program. */
  private readonly loaded: Promise<unknown>;

  constructor(readonly workers: number) {
    this.pool = new Piscina({
      filename: file("worker-thread.js"),
      minThreads: workers,
      maxThreads: workers,
      resourceLimits,
    });
    // A thread that dies without a task is replaced by the pool; one that dies with a task fails that task.
    this.pool.on("error", () => {});
    // One each: a fresh pool gives its first tasks to different workers. Whatever is missing is told when it is needed.
    const warm = [this.ingest(0), ...Array.from({ length: workers }, () => this.pool)];
    this.loaded = Promise.allSettled(warm.map((pool) => pool.run(undefined, { name: "warm" })));
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
    await this.loaded;
    await Promise.all([this.pool, ...this.ingests].map((pool) => pool.destroy()));
  }
}

/** Starts the engine's threads ahead of a run, while rules are still being read. */
export function startThreads(workers: number): Threads {
  return new Threads(workers);
}
