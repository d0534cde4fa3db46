// SPDX-License-Identifier: Apache-2.0
import type { S3Client } from "@aws-sdk/client-s3";
import { type PluginContext, type Progress, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import { describeError, isHopeless, isMissing } from "./aws.js";
import type { CloudtrailConfig } from "./config.js";
import { dayFolder, type Interval } from "./interval.js";
import type { LogPiece, LogSettings } from "./log-run.js";
import { findPrefixes, type Prefix } from "./prefixes.js";
import { type ListedObject, Listing } from "./s3-list.js";
import { FetchFailure, ObjectRead } from "./s3-object.js";
import type { S3State, StateFile } from "./s3-state.js";

/** Bytes of fetched objects that wait for their turn. */
const BUDGET = 256 * 1024 * 1024;
/** Objects that changed so long before a pass are looked for again: clocks differ, and listings lag. */
const OVERLAP = 30 * 60_000;
const DAY = 86_400_000;

export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly interval: Interval | null;
}

interface Job {
  readonly object: ListedObject;
  /** The text of its prefix. */
  readonly prefix: string;
  readonly read: ObjectRead;
}

interface Mark {
  readonly job: Job;
  /** Number of the last record that is delivered. */
  readonly number: number;
  readonly done: boolean;
}

/**
 * Log files of a bucket: one pass over them in the order of their names, prefix by prefix; with `follow` further passes that look
 * for what is new. Several objects are fetched at a time and delivered in their order.
 */
export class S3Feed implements Feed {
  #prefixes: readonly Prefix[] = [];
  #listing: Listing | null = null;
  #listed = false;
  /** Fetched or to be fetched, in order; the first one is being read. */
  readonly #jobs: Job[] = [];
  /** Read or being read, and not acknowledged, oldest first. */
  readonly #open: Job[] = [];
  readonly #state: S3State;
  readonly #recent: Map<string, number>;
  #held = 0;
  #objects = 0;
  #records = 0;
  #passes = 0;
  /** When the pass had nothing more to read, ms; 0: it goes on. */
  #passEnd = 0;

  constructor(
    readonly client: S3Client,
    readonly place: S3Place,
    readonly config: CloudtrailConfig,
    readonly settings: LogSettings,
    readonly file: StateFile,
    readonly context: PluginContext,
  ) {
    const loaded = loadState(file, context);
    if (loaded !== null) {
      context.log("info", `going on where the last run stopped (${file.path}; remove the file to start over)`);
    } else if (file.path === null && config.follow) {
      context.log("warn", "there is no folder for state: after a restart everything is read again");
    }
    this.#state = loaded ?? {
      version: 1,
      what: file.what,
      passFrom: this.#now(),
      since: null,
      cursors: {},
      current: null,
      recent: [],
    };
    this.#recent = new Map(this.#state.recent);
  }

  async next(): Promise<Piece | null> {
    for (;;) {
      if (this.context.signal.aborted) return null;
      await this.#fill();
      const job = this.#jobs[0];
      if (job !== undefined) return await this.#read(job);
      if (!this.config.follow) return null;
      if (this.#passEnd === 0) this.#passEnd = Date.now();
      const time = await this.#pause();
      if (!time || this.#open.length > 0) return IDLE;
      this.#nextPass();
    }
  }

  ack(mark: unknown): void {
    const { job, number, done } = mark as Mark;
    for (let first = this.#open[0]; first !== undefined; first = this.#open[0]) {
      if (first === job && !done) {
        if (number > 0) this.#state.current = { key: job.object.key, number };
        break;
      }
      this.#open.shift();
      this.#finish(first);
      if (first === job) break;
    }
    this.file.save(() => this.#snapshot(), false);
  }

  progress(): Progress {
    const listed = this.#listing?.listed ?? 0;
    const waiting = this.#jobs.length;
    const percent = this.#listed && listed > 0 ? (100 * (listed - waiting)) / listed : 0;
    const where = this.#jobs[0]?.object.key ?? "";
    const text = `${this.#objects} objects, ${this.#records} records${this.#passes > 0 ? `, pass ${this.#passes + 1}` : ""}${where === "" ? "" : `, at ${where}`}`;
    return { percent: Math.min(100, Math.max(0, percent)), text };
  }

  async close(): Promise<void> {
    // All is read and delivered: the next run starts at the beginning again.
    const finished = this.#listed && this.#jobs.length === 0 && this.#open.length === 0;
    if (finished && !this.config.follow) this.file.remove();
    else if (this.file.dirty) this.file.save(() => this.#snapshot(), true);
    await Promise.all(this.#jobs.map((job) => job.read.close()));
    this.client.destroy();
  }

  /** Lists and fetches ahead, within bounds. */
  async #fill(): Promise<void> {
    try {
      if (this.#listing === null) await this.#list();
      while (!this.#listed && this.#jobs.length < this.config.s3DownloadConcurrency && this.#held < BUDGET) {
        const object = await this.#listing?.next();
        if (object === undefined || object === null) {
          this.#listed = true;
          break;
        }
        this.#add(object);
        // Reading can begin; the rest is fetched meanwhile.
      }
    } catch (error) {
      throw new SourceFailure(`cannot list s3://${this.place.bucket}/${this.place.prefix}: ${describeError(error)}`, {
        retry: !isHopeless(error),
        cause: error,
      });
    }
  }

  async #list(): Promise<void> {
    const { bucket, prefix, interval } = this.place;
    this.#prefixes = await findPrefixes(this.client, bucket, prefix, this.config.s3AccountList);
    const { since, cursors } = this.#state;
    const follow = since === null ? null : since - DAY;
    this.#listing = new Listing(this.client, {
      bucket,
      prefixes: this.#prefixes,
      interval,
      startAfter: (n) => {
        const { prefix: text, dated } = this.#prefixes[n] as Prefix;
        if (follow === null) return cursors[text] ?? "";
        return dated ? `${text}${dayFolder(follow)}` : "";
      },
      other: (modified) => {
        if (since === null || modified >= since) this.context.metric("objects_passed_over", "counter").add(1);
      },
      wants: (object) => since === null || (object.modified >= since && !this.#recent.has(object.key)),
    });
    this.#listed = false;
  }

  #add(object: ListedObject): void {
    const { current } = this.#state;
    const done = current !== null && current.key === object.key ? current.number : 0;
    const place = { bucket: this.place.bucket, key: object.key, size: object.size };
    const read = new ObjectRead(this.client, place, this.settings, done);
    const job = { object, prefix: this.#prefixes[object.prefix]?.prefix ?? "", read };
    this.#jobs.push(job);
    this.#held += read.held;
    read.prefetch();
  }

  async #read(job: Job): Promise<Piece> {
    if (this.#open.at(-1) !== job) this.#open.push(job);
    let piece: LogPiece | null;
    try {
      piece = await job.read.next();
    } catch (error) {
      if (!(error instanceof FetchFailure) || !this.#givesUp(job, error)) {
        throw new SourceFailure(error instanceof Error ? error.message : String(error), { retry: true, cause: error });
      }
      piece = null;
    }
    if (piece === null) {
      this.#jobs.shift();
      this.#held -= job.read.held;
      this.#objects++;
      this.settings.counters.files.add(1);
      return { events: [], mark: () => ({ job, number: 0, done: true }) };
    }
    this.#records += piece.events.length;
    const { events, numbers } = piece;
    return { events, mark: (taken) => ({ job, number: numbers[taken - 1] ?? 0, done: false }) };
  }

  /** What cannot be fetched is set aside when it is gone, or when nothing but this object refuses for long. */
  #givesUp(job: Job, failure: FetchFailure): boolean {
    const refused = failure.cause instanceof Error && REFUSALS.has(failure.cause.name);
    if (!isMissing(failure.cause) && !(refused && job.read.failures >= this.config.maxReceives)) return false;
    this.settings.quarantine.keep("file", null, job.read.name, describeError(failure.cause));
    return true;
  }

  #finish(job: Job): void {
    const { key, modified } = job.object;
    this.#state.current = null;
    if (this.#state.since === null) this.#state.cursors[job.prefix] = key;
    if (modified >= this.#state.passFrom - OVERLAP || this.#state.since !== null) this.#recent.set(key, modified);
  }

  /** Waits until it is time to look again. @returns false when a look in between is asked for */
  async #pause(): Promise<boolean> {
    const { signal } = this.context;
    const until = this.#passEnd + this.config.pollSeconds * 1000;
    // What is read has to be acknowledged first, for which this must return.
    const left = this.#open.length > 0 ? 20 : until - Date.now();
    if (left > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, Math.min(left, 500));
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        }
        signal.addEventListener("abort", done);
      });
    }
    return Date.now() >= until && !signal.aborted;
  }

  #nextPass(): void {
    const { passFrom } = this.#state;
    this.#state.since = passFrom - OVERLAP;
    this.#state.cursors = {};
    this.#state.passFrom = this.#now();
    for (const [key, modified] of this.#recent) if (modified < this.#state.since) this.#recent.delete(key);
    this.#listing = null;
    this.#passes++;
    this.#passEnd = 0;
    this.file.save(() => this.#snapshot(), true);
  }

  #snapshot(): S3State {
    return { ...this.#state, recent: [...this.#recent] };
  }

  /** The time of the service: the client learns from its answers how far the clock here is off. */
  #now(): number {
    const offset = this.client.config.systemClockOffset;
    return Date.now() + (Number.isFinite(offset) ? offset : 0);
  }
}

function loadState(file: StateFile, context: PluginContext): S3State | null {
  try {
    return file.load();
  } catch (error) {
    context.log("error", `${error instanceof Error ? error.message : String(error)}: everything is read again`);
    return null;
  }
}

/** What S3 says of an object that exists and is not given to us. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidObjectState",
  "KMS.DisabledException",
  "InvalidRequest",
  "Forbidden",
]);
const IDLE: Piece = { events: [], mark: () => undefined };
