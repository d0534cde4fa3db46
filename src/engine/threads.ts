// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

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
    this.pool = new Piscina({ filename: file("worker-thread.js"), minThreads: workers, maxThreads: workers });
    // A thread that dies without a task is replaced by the pool; one that dies with a task fails that task.
    this.pool.on("error", () => {});
    // One each: a fresh pool gives its first tasks to different workers. Whatever is missing is told when it is needed.
    const warm = [this.ingest(0), ...Array.from({ length: workers }, () => this.pool)];
    this.loaded = Promise.allSettled(warm.map((pool) => pool.run(undefined, { name: "warm" })));
  }

  /** The ingest thread of the run's source number `source`; started where there is none yet. */
  ingest(source: number): Piscina {
    while (this.ingests.length <= source) {
      const pool = new Piscina({ filename: file("ingest-thread.js"), minThreads: 1, maxThreads: 1 });
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
