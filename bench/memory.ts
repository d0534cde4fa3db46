// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

/** Anonymous plus shared memory of this process in bytes: what it would take from others, file pages left out. 0 where the system does not tell. */
export function ownMemory(): number {
  let text: string;
  try {
    text = readFileSync("/proc/self/status", "latin1");
  } catch {
    return 0;
  }
  return 1024 * (kilobytes(text, "RssAnon") + kilobytes(text, "RssShmem"));
}

function kilobytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Samples the memory of this process at intervals. Needs an event loop that is not blocked. */
export class MemorySampler {
  readonly samples: Sample[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(intervalMs = 20) {
    this.timer = setInterval(() => this.take(), intervalMs);
    this.timer.unref();
    this.take();
  }

  private take(): void {
    this.samples.push({ at: performance.now(), bytes: ownMemory() });
  }

  /** Takes the last sample and ends. */
  stop(): readonly Sample[] {
    clearInterval(this.timer);
    this.take();
    return this.samples;
  }
}
