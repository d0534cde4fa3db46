// SPDX-License-Identifier: Apache-2.0

import type { ContainerEngine } from "./engine.js";
import { containerEventText } from "./event-text.js";

export interface LookupOptions {
  /** In the order in which they are asked; the first that knows a container tells of it. */
  readonly engines: readonly ContainerEngine[];
  /** Is given the text of the event `container` (see event-text.ts) of each container that was found. */
  readonly found: (id: string, text: string) => void;
  /** Is told of an engine that could not be asked: once, and again after an answer of it. */
  readonly failed?: (engine: ContainerEngine, error: unknown) => void;
  /** Questions at a time. */
  readonly concurrency?: number;
  /** How long one engine may take, ms. */
  readonly timeout?: number;
}

/** Counts for metrics. */
export interface LookupCounters {
  asked: number;
  found: number;
  unknown: number;
  /** Questions to an engine that ended in an error. */
  errors: number;
}

const CONCURRENCY = 4;
const TIMEOUT = 5000;
/** Containers that no engine knows are not asked for again while so many have come since. */
const REMEMBERED = 4096;

/**
 * Asks container engines for what cgroup paths do not tell. Events are never held up: a container has its id at once and
 * the rest from the event on that `found` leads to. Each container is asked for once, until it is forgotten.
 */
export class ContainerLookup {
  readonly counters: LookupCounters = { asked: 0, found: 0, unknown: 0, errors: 0 };
  private readonly known = new Set<string>();
  private readonly waiting: string[] = [];
  private readonly silent = new Set<ContainerEngine>();
  private readonly stopped = new AbortController();
  private running = 0;

  constructor(private readonly options: LookupOptions) {}

  /** A thread of this container was seen. */
  ask(id: string): void {
    if (id === "" || id === "host" || this.known.has(id) || this.stopped.signal.aborted) return;
    if (this.known.size >= REMEMBERED) this.known.delete(this.known.values().next().value ?? "");
    this.known.add(id);
    this.waiting.push(id);
    this.start();
  }

  /** The container is gone: one of the same id that comes later is another. */
  forget(id: string): void {
    this.known.delete(id);
  }

  /** Nothing is asked any more and no answer is waited for. */
  close(): void {
    this.waiting.length = 0;
    this.stopped.abort();
  }

  private start(): void {
    while (this.running < (this.options.concurrency ?? CONCURRENCY)) {
      const id = this.waiting.shift();
      if (id === undefined) return;
      this.running++;
      void this.resolve(id).finally(() => {
        this.running--;
        this.start();
      });
    }
  }

  private async resolve(id: string): Promise<void> {
    this.counters.asked++;
    let failures = 0;
    for (const engine of this.options.engines) {
      const text = await this.inspect(engine, id);
      if (this.stopped.signal.aborted) return;
      if (text === undefined) failures++;
      else if (text !== null) {
        this.counters.found++;
        this.options.found(id, text);
        return;
      }
    }
    this.counters.unknown++;
    // An engine that could not be asked may know it the next time a thread of it is seen.
    if (failures > 0) this.known.delete(id);
  }

  /** The event's text; null where the engine does not know the container, undefined where it could not be asked. */
  private async inspect(engine: ContainerEngine, id: string): Promise<string | null | undefined> {
    try {
      const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(this.options.timeout ?? TIMEOUT)]);
      const metadata = await answerOf(engine.inspect(id, signal), signal);
      this.silent.delete(engine);
      return metadata === null ? null : containerEventText(id, engine.type, metadata);
    } catch (error) {
      if (this.stopped.signal.aborted) return undefined;
      this.counters.errors++;
      if (!this.silent.has(engine)) {
        this.silent.add(engine);
        this.options.failed?.(engine, error);
      }
      return undefined;
    }
  }
}

/** The answer, or a rejection when the signal comes first: an engine need not heed it. */
async function answerOf<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
