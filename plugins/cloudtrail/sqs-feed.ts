// SPDX-License-Identifier: Apache-2.0
import type { S3Client } from "@aws-sdk/client-s3";
import { type PluginContext, type Progress, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import { describeError, isHopeless, isMissing } from "./aws.js";
import type { CloudtrailConfig } from "./config.js";
import type { LogPiece, LogSettings } from "./log-run.js";
import { type NamedObject, objectsOf, UnreadableMessage } from "./notification.js";
import type { Queue, QueueMessage } from "./queue.js";
import { REFUSALS } from "./s3-feed.js";
import { FetchFailure, ObjectRead } from "./s3-object.js";

const LOG_KEY = /\.json(\.gz|\.zst)?$/;
const DIGEST = /\/CloudTrail-Digest\//;
/** Messages that wait to be read; more would only keep them from others who share the queue. */
const AHEAD = 10;

interface Job {
  readonly message: QueueMessage;
  readonly reads: ObjectRead[];
  /** Why the message must come again; null: it need not. */
  problem: string | null;
}

interface Mark {
  readonly job: Job;
  readonly done: boolean;
  /** Records noted by then. */
  readonly noted: number;
}

/**
 * Log files that the messages of a queue name. A message is deleted when all events of its files have been evaluated and their alerts
 * delivered, and stays hidden until then; whatever ends the process, it comes again to whoever reads the queue.
 */
export class SqsFeed implements Feed {
  readonly #jobs: Job[] = [];
  /** Being read, or read and not acknowledged, oldest first. */
  readonly #open: Job[] = [];
  #receiving: Promise<void> | null = null;
  #receiveError: unknown = null;
  #deleting: Promise<void> = Promise.resolve();
  readonly #heartbeat: NodeJS.Timeout;
  #messages = 0;
  #records = 0;

  constructor(
    readonly queue: Queue,
    readonly dead: Queue | null,
    readonly s3: S3Client,
    readonly config: CloudtrailConfig,
    readonly settings: LogSettings,
    readonly context: PluginContext,
  ) {
    const period = (config.visibilityTimeout * 1000) / 3;
    this.#heartbeat = setInterval(() => void this.#keepHidden(), period);
    this.#heartbeat.unref();
  }

  async next(): Promise<Piece | null> {
    if (this.context.signal.aborted) return null;
    if (this.#jobs.length < AHEAD && this.#open.length < this.config.maxInFlight) this.#receive();
    const job = this.#jobs[0];
    if (job !== undefined) return await this.#read(job);
    if (this.#receiving !== null) await this.#receiving;
    else await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.#receiveError !== null && !this.context.signal.aborted) {
      const error = this.#receiveError;
      this.#receiveError = null;
      throw new SourceFailure(`cannot receive from ${this.queue.url}: ${describeError(error)}`, {
        retry: !isHopeless(error),
        cause: error,
      });
    }
    return NOTHING;
  }

  ack(mark: unknown): void {
    const { job, done, noted } = mark as Mark;
    const finished: Job[] = [];
    for (let first = this.#open[0]; first !== undefined && (first !== job || done); first = this.#open[0]) {
      finished.push(first);
      this.#open.shift();
      if (first === job) break;
    }
    // Remembered before they are deleted: a message that comes again after a crash in between is recognised.
    this.settings.seen?.acknowledge(noted);
    if (finished.length > 0) this.#deleting = this.#deleting.then(() => this.#close(finished));
  }

  progress(): Progress {
    const waiting = this.#open.length;
    return {
      percent: 0,
      text: `${this.#messages} messages, ${this.#records} records, ${waiting} messages not acknowledged`,
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#deleting;
    await this.#receiving;
    await Promise.all(this.#jobs.flatMap((job) => job.reads.map((read) => read.close())));
    const held = new Set([...this.#open, ...this.#jobs]);
    await this.queue.hide(
      [...held].map((job) => job.message.receipt),
      0,
    );
    this.settings.seen?.close();
    this.queue.client.destroy();
    this.s3.destroy();
  }

  #receive(): void {
    if (this.#receiving !== null) return;
    // With work at hand there is no need to wait for more.
    const wait = this.#jobs.length > 0 ? 0 : 10;
    this.#receiving = this.queue
      .receive(AHEAD - this.#jobs.length, wait)
      .then((messages) => {
        for (const message of messages) this.#accept(message);
      })
      .catch((error: unknown) => {
        this.#receiveError = error;
      })
      .finally(() => {
        this.#receiving = null;
      });
  }

  #accept(message: QueueMessage): void {
    this.context.metric("messages_received", "counter").add(1);
    const job: Job = { message, reads: [], problem: null };
    try {
      for (const object of objectsOf(message.body)) {
        if (isLog(object)) job.reads.push(new ObjectRead(this.s3, object, this.settings));
        else this.context.metric("objects_passed_over", "counter").add(1);
      }
    } catch (error) {
      if (!(error instanceof UnreadableMessage)) throw error;
      job.problem = error.message;
    }
    this.#jobs.push(job);
    // Small objects are fetched now, so that they are there when it is their turn.
    for (const read of job.reads.slice(0, this.config.s3DownloadConcurrency)) read.prefetch();
  }

  async #read(job: Job): Promise<Piece> {
    if (this.#open.at(-1) !== job) this.#open.push(job);
    const read = job.reads[0];
    if (read === undefined) return this.#finish(job);
    let piece: LogPiece | null;
    const { seen } = this.settings;
    const before = seen?.noted ?? 0;
    try {
      piece = await read.next();
    } catch (error) {
      if (!(error instanceof FetchFailure) || !isRefused(error)) {
        throw new SourceFailure(error instanceof Error ? error.message : String(error), { retry: true, cause: error });
      }
      job.problem = error.message;
      piece = null;
    }
    if (piece === null) {
      job.reads.shift();
      if (job.problem === null) this.settings.counters.files.add(1);
      return NOTHING;
    }
    const { events } = piece;
    this.#records += events.length;
    const after = seen?.noted ?? 0;
    return { events, mark: (taken) => ({ job, done: false, noted: taken === events.length ? after : before }) };
  }

  #finish(job: Job): Piece {
    this.#jobs.shift();
    this.#messages++;
    const noted = this.settings.seen?.noted ?? 0;
    return { events: [], mark: () => ({ job, done: true, noted }) };
  }

  /** Deals with messages whose events are all delivered. */
  async #close(jobs: readonly Job[]): Promise<void> {
    const gone: string[] = [];
    for (const { message, problem } of jobs) {
      if (problem === null || (await this.#setAside(message, problem))) gone.push(message.receipt);
    }
    if (gone.length === 0 || !this.config.sqsDelete) return;
    this.context.metric("messages_deleted", "counter").add(await this.queue.delete(gone));
  }

  /**
   * A message that could not be read to its end is tried again, after a pause that grows. When it has been tried often enough it
   * goes to the quarantine or to the dead-letter queue; where there is neither it stays in the queue.
   * @returns whether it can be deleted
   */
  async #setAside(message: QueueMessage, problem: string): Promise<boolean> {
    const from = `message ${message.id} of ${this.queue.url}`;
    if (message.receives < this.config.maxReceives) {
      this.context.metric("messages_returned", "counter").add(1);
      this.context.log(
        "warn",
        `${from} is tried again (${message.receives} of ${this.config.maxReceives}): ${problem}`,
      );
      const pause = Math.min(900, 5 * 3 ** (message.receives - 1));
      await this.queue.hide([message.receipt], Math.min(pause, this.config.visibilityTimeout));
      return false;
    }
    let kept = false;
    if (this.dead !== null) {
      try {
        await this.dead.send(message.body);
        kept = true;
      } catch (error) {
        this.context.log("error", `${from} could not be sent to ${this.dead.url}: ${describeError(error)}`);
      }
    }
    kept = this.settings.quarantine.keep("message", message.body, from, problem) || kept;
    if (!kept)
      this.context.log(
        "error",
        `${from} stays in the queue, as there is neither a quarantine folder nor a dead-letter queue`,
      );
    return kept;
  }

  async #keepHidden(): Promise<void> {
    const held = new Set([...this.#open, ...this.#jobs]);
    await this.queue.hide(
      [...held].map((job) => job.message.receipt),
      this.config.visibilityTimeout,
    );
  }
}

const NOTHING: Piece = { events: [], mark: () => undefined };

function isLog({ key }: NamedObject): boolean {
  return LOG_KEY.test(key) && !DIGEST.test(key);
}

/** The object itself is the reason, and not the way to it. */
function isRefused({ cause }: FetchFailure): boolean {
  return isMissing(cause) || isHopeless(cause) || (cause instanceof Error && REFUSALS.has(cause.name));
}
