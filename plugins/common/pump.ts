// SPDX-License-Identifier: Apache-2.0
import type { Progress, SourceBatch, SourceEvent, SourceInstance } from "peregrine/sdk";

/** Some events that came together. */
export interface Piece {
  readonly events: readonly SourceEvent[];
  /** Where the input stands behind the first `taken` of them: what ack is given. undefined: nowhere new. */
  mark(taken: number): unknown;
}

/** What an input has to say; the pump makes batches of it. */
export interface Feed {
  /** The next piece, null at the end. After a failure it is called again, and goes on where it was. */
  next(): Piece | null | Promise<Piece | null>;
  ack?(mark: unknown): void | Promise<void>;
  progress?(): Progress;
  close(): void | Promise<void>;
}

type Outcome = { readonly piece: Piece | null } | { readonly error: unknown };

/** With some events at hand it is not worth while to wait longer than this for more, in ms. */
const LINGER = 2;

/** A source instance over a feed: batches of the size that is asked for, and no waiting beyond the time that is allowed. */
export class Pump implements SourceInstance {
  #piece: Piece | null = null;
  #taken = 0;
  #pending: Promise<Outcome> | null = null;
  #error: { readonly error: unknown } | null = null;
  #ended = false;

  constructor(readonly feed: Feed) {}

  async nextBatch(max: number, waitMs: number): Promise<SourceBatch> {
    const events: SourceEvent[] = [];
    const batch: { events: SourceEvent[]; position?: unknown; end?: boolean } = { events };
    const deadline = performance.now() + waitMs;
    let asked = false;
    for (;;) {
      if (this.#piece !== null) this.#take(batch, this.#piece, max);
      if (events.length >= max) return batch;
      // What is behind no event can be acknowledged without waiting for one.
      if (events.length === 0 && batch.position !== undefined && !this.#ended) return batch;
      if (this.#ended) return { ...batch, end: true };
      if (this.#error !== null) {
        if (events.length > 0) return batch;
        const { error } = this.#error;
        this.#error = null;
        throw error;
      }
      const left = deadline - performance.now();
      // A feed that has nothing at once, again and again, must not keep the caller.
      if (left <= 0 && asked) return batch;
      asked = true;
      const got = await this.#fetch(events.length > 0 ? Math.min(left, LINGER) : left);
      if (got === null) return batch;
      if ("error" in got) this.#error = got;
      else if (got.piece === null) this.#ended = true;
      else this.#piece = got.piece;
    }
  }

  ack(position: unknown): void | Promise<void> {
    return this.feed.ack?.(position);
  }

  progress(): Progress {
    return this.feed.progress?.() ?? { percent: 0, text: "" };
  }

  async close(): Promise<void> {
    await this.feed.close();
    await this.#pending;
  }

  #take(batch: { events: SourceEvent[]; position?: unknown }, piece: Piece, max: number): void {
    const n = Math.min(max - batch.events.length, piece.events.length - this.#taken);
    for (let i = 0; i < n; i++) batch.events.push(piece.events[this.#taken + i] as SourceEvent);
    this.#taken += n;
    const mark = piece.mark(this.#taken);
    if (mark !== undefined) batch.position = mark;
    if (this.#taken < piece.events.length) return;
    this.#piece = null;
    this.#taken = 0;
  }

  /** The next outcome; null where it does not come in time. It is then waited for again. */
  async #fetch(waitMs: number): Promise<Outcome | null> {
    if (this.#pending === null) {
      try {
        const next = this.feed.next();
        if (!(next instanceof Promise)) return { piece: next };
        this.#pending = next.then(
          (piece) => ({ piece }),
          (error: unknown) => ({ error }),
        );
      } catch (error) {
        return { error };
      }
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, waitMs), null);
    });
    const got = await Promise.race([this.#pending, late]);
    clearTimeout(timer);
    if (got !== null) this.#pending = null;
    return got;
  }
}
