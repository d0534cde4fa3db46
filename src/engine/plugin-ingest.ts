// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { batchesBetween, type Control, ControlWord } from "../batch/control.js";
import type { Guard } from "../batch/guard.js";
import { EventWriter, Written } from "../plugins/event-writer.js";
import type { ParseStage } from "../plugins/library/parse-stage.js";
import { isSourceEvent } from "../plugins/source-event.js";
import type { SourceBatch, SourceEvent, SourceInstance } from "../sdk/index.js";
import { nowNs } from "../telemetry/clock.js";
import type { Ledger, SourceCounts } from "../telemetry/ledger.js";
import { IngestTime } from "../telemetry/stage-times.js";
import type { AsyncInbox } from "./async-inbox.js";
import { FirstEvent } from "./first-event.js";
import type { PluginRecording } from "./plugin-recording.js";
import type { PluginTask } from "./plugin-task.js";
import { wallTime } from "./wall-time.js";

/** Events that a source is asked for at a time, and how long it may wait for them, ms. */
const ASKED = 1024;
const PATIENCE = 100;
/** A source that fails for a while is asked again after so long, twice as long, ... ms */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** A call that gives nothing and takes less than so many ns is followed by a pause of so many ms. */
const IDLE = 1e6;
const PAUSE_IDLE = 5;
/** How long the thread sleeps at a time where the plugin's own work must go on, ms. */
const NAP = 2;

export interface PluginIngestParts {
  readonly task: PluginTask;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly times: Float64Array;
  readonly guard: Guard;
  readonly stop: AbortSignal;
  /** Asynchronous events that wait to be written. */
  readonly inbox: AsyncInbox;
  /** Has the inbox hold all that was added until now, and nothing that is added later. */
  readonly settle: () => void;
  readonly log: (message: string) => void;
  /** Libraries that parse; null: none. */
  readonly parse: ParseStage | null;
  /** Where the events are written as well. */
  readonly recording: PluginRecording | null;
}

/** A position of the source, to be acknowledged when all batches before `batch` are delivered. */
interface Position {
  readonly batch: number;
  readonly position: unknown;
}

/** Puts the events of a plugin's source into batches, and acknowledges what is delivered. */
export class PluginIngest {
  private readonly writer: EventWriter;
  private readonly first: FirstEvent;
  private readonly counts: SourceCounts & { faulty: number };
  private readonly positions: Position[] = [];
  private readonly id: number;
  private slot = -1;
  /** Whether any rule looks at the events of the batch that the plugin has given. */
  private wanted = true;
  /** Word pairs of the time at which the events in hand were received. */
  private readonly received = new Int32Array(2);
  private readonly time = new Int32Array(2);
  private readonly wholeTime = new BigUint64Array(this.time.buffer);
  private pause = FIRST_PAUSE;
  /** The plugins of the asynchronous events that are counted and not in the ledger yet. */
  private readonly unpublished: number[] = [];
  /** Ends the waiting for a batch that the source has promised. */
  private giveUp: (() => void) | null = null;

  constructor(private readonly parts: PluginIngestParts) {
    const { task, ledger } = parts;
    this.writer = new EventWriter(task.memory);
    this.first = new FirstEvent(task.memory);
    const counts = ledger.counts();
    this.counts = { ...counts, faulty: counts.faulty ?? 0 };
    this.id = task.plugin.source?.id ?? 0;
    parts.stop.addEventListener("abort", () => this.giveUpLater(), { once: true });
  }

  private get stopping(): boolean {
    return this.parts.stop.aborted || this.parts.control.draining;
  }

  /** Reads to the source's end, or until the run stops; then waits until all is delivered and acknowledged. */
  async run(instance: SourceInstance): Promise<void> {
    const { control } = this.parts;
    try {
      await this.read(instance);
    } finally {
      // A source that breaks takes nothing along that was added before.
      this.parts.settle();
      await this.drainInbox();
    }
    control.end();
    while (this.positions.length > 0 && !control.aborted) {
      const seen = control.load(ControlWord.ROOM);
      await this.acknowledge(instance);
      if (this.positions.length > 0) await this.nap(seen);
    }
  }

  private async read(instance: SourceInstance): Promise<void> {
    const { control, times } = this.parts;
    for (;;) {
      await this.acknowledge(instance);
      if (this.stopping) return;
      this.parts.parse?.hear();
      await this.drainInbox();
      const start = nowNs();
      const batch = await this.next(instance);
      times[IngestTime.FILL] += nowNs() - start;
      if (batch === null) continue;
      // Everything else that lives in this thread has its turn; a source that does not wait as it was asked to is no spinner.
      if (batch.events.length === 0) await (nowNs() - start < IDLE ? sleep(PAUSE_IDLE) : turn());
      await this.write(batch);
      if (batch.position !== undefined) {
        this.positions.push({ batch: control.load(ControlWord.PUBLISHED), position: batch.position });
      }
      if (batch.end === true) return;
    }
  }

  /** Waits while nothing has changed, a little at a time: the plugin's timers and connections live in this thread. */
  private async nap(seen: number): Promise<void> {
    const { control, guard } = this.parts;
    control.wait(ControlWord.ROOM, seen, NAP);
    guard.beat();
    await turn();
  }

  /** What the source gives next; null: nothing, after it has failed for a while, or when the run stops. */
  private async next(instance: SourceInstance): Promise<SourceBatch | null> {
    const { guard, task } = this.parts;
    try {
      guard.beat();
      guard.enter(task.plugin.index);
      const given = instance.nextBatch(ASKED, PATIENCE);
      guard.leave();
      const batch: unknown = given instanceof Promise ? await this.unlessStopped(given) : given;
      if (batch === null) return null;
      checkBatch(batch);
      this.pause = FIRST_PAUSE;
      return batch;
    } catch (error) {
      guard.leave();
      if (!mayRetry(error)) throw error;
      await this.waitForRetry(error);
      return null;
    }
  }

  /** A promise that does not settle must not hold up the end: after the signal it has a little time. */
  private unlessStopped<T>(given: Promise<T>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      this.giveUp = () => resolve(null);
      if (this.parts.stop.aborted) this.giveUpLater();
      given.then(resolve, reject);
    });
  }

  private giveUpLater(): void {
    setTimeout(() => this.giveUp?.(), GRACE).unref();
  }

  private async waitForRetry(error: unknown): Promise<void> {
    const { log, stop } = this.parts;
    const why = error instanceof Error ? error.message : String(error);
    log(`${why}; it is tried again in ${this.pause / 1000} s`);
    await sleep(this.pause, undefined, { signal: stop }).catch(() => {});
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private async write(batch: SourceBatch): Promise<void> {
    const { control } = this.parts;
    wallTime(this.received);
    this.wanted = control.load(ControlWord.UNWANTED) === 0;
    for (let i = lostOf(batch); i > 0; i--) {
      this.counts.faulty++;
      await this.passOver();
      if (control.aborted) return;
    }
    for (const event of batch.events) {
      if (!isSourceEvent(event)) {
        this.counts.faulty++;
        await this.passOver();
      } else if (!this.wanted) {
        this.counts.notWanted++;
        await this.passOver();
        this.timeOf(event);
        this.parts.recording?.plugin(this.time[0], this.time[1], event.data);
      } else {
        this.timeOf(event);
        // Nearly always there is room in the batch that is begun: then nothing is waited for and nothing made.
        const written = this.putAtOnce(event.data) || (await this.putEvent(event.data));
        if (written) this.parts.recording?.plugin(this.time[0], this.time[1], event.data);
      }
      if (control.aborted) return;
    }
    await this.publish();
  }

  private async drainInbox(): Promise<void> {
    const { inbox, task } = this.parts;
    if (inbox.waiting.length === 0) return;
    wallTime(this.received);
    for (const { plugin, event } of inbox.take()) {
      // When the run stops at once there is no batch for it: it stays unwritten.
      if (!(await this.begin())) return;
      const name = task.asyncNames.get(event.name);
      if (name === undefined) {
        this.counts.faulty++;
        await this.passOver();
        this.unpublished.push(plugin);
        continue;
      }
      this.timeOf(event);
      const { data } = event;
      const [low, high] = this.time;
      const { seen } = this.counts;
      if (await this.put(() => this.writer.async(this.id, name, data, low, high))) {
        this.parts.recording?.async(low, high, event.name, data);
      }
      if (this.counts.seen > seen) this.unpublished.push(plugin);
    }
    await this.publish();
  }

  private timeOf(event: SourceEvent): void {
    if (event.time === undefined) this.time.set(this.received);
    else this.wholeTime[0] = event.time;
  }

  /** Writes an event of the source into the batch in hand. @returns false where there is none, or it has no room */
  private putAtOnce(data: Uint8Array | string): boolean {
    if (this.slot === -1) return false;
    if (this.writer.plugin(this.id, data, this.time[0], this.time[1]) !== Written.DONE) return false;
    this.counts.seen++;
    return true;
  }

  private putEvent(data: Uint8Array | string): Promise<boolean> {
    return this.put(() => this.writer.plugin(this.id, data, this.time[0], this.time[1]));
  }

  /** Writes one event, into the next batch where this one is full. @returns whether it was written */
  private async put(write: () => number): Promise<boolean> {
    if (!(await this.begin())) return false;
    this.counts.seen++;
    let written = write();
    if (written === Written.FULL) {
      this.counts.seen--;
      await this.publish();
      if (!(await this.begin())) return false;
      this.counts.seen++;
      written = write();
    }
    if (written !== Written.TOO_LARGE) return true;
    this.counts.oversize++;
    this.writer.skip();
    return false;
  }

  /** Counts an event that leaves no record. */
  private async passOver(): Promise<void> {
    if (!(await this.begin())) return;
    this.counts.seen++;
    this.writer.skip();
  }

  /** Begins a batch if none is begun. @returns false when the run stops first */
  private async begin(): Promise<boolean> {
    if (this.slot !== -1) return true;
    const { control, times } = this.parts;
    const start = nowNs();
    while (!control.mayFill()) {
      const seen = control.load(ControlWord.ROOM);
      if (control.aborted) return false;
      if (control.mayFill()) break;
      await this.nap(seen);
    }
    times[IngestTime.WAIT] += nowNs() - start;
    this.slot = control.nextSlot();
    this.writer.begin(this.slot, this.counts.seen);
    return true;
  }

  /** Hands the batch on. */
  private async publish(): Promise<void> {
    if (this.slot === -1) return;
    const { control, ledger, times, guard } = this.parts;
    const { writer, slot } = this;
    this.slot = -1;
    writer.end(control.words[ControlWord.PUBLISHED], nowNs(), control.load(ControlWord.RULES));
    this.first.mark(slot);
    this.parts.parse?.apply(slot);
    ledger.filled(this.counts, slot, writer.events, 0);
    for (const plugin of this.unpublished) this.parts.inbox.written(plugin);
    this.unpublished.length = 0;
    this.parts.recording?.flush();
    times[IngestTime.BATCHES] += 1;
    if (writer.events > 0) control.publish();
    guard.beat();
    // Messages, timers and connections have their turn.
    if ((control.words[ControlWord.PUBLISHED] & 3) === 0) await turn();
  }

  /** Acknowledges the last position up to which everything is delivered. */
  private async acknowledge(instance: SourceInstance): Promise<void> {
    const { control, guard, task } = this.parts;
    const released = control.load(ControlWord.RELEASED);
    let last: Position | undefined;
    while (this.positions.length > 0 && batchesBetween(this.positions[0].batch, released) >= 0)
      last = this.positions.shift();
    if (last === undefined || instance.ack === undefined) return;
    guard.beat();
    guard.enter(task.plugin.index);
    try {
      const given = instance.ack(last.position);
      guard.leave();
      await given;
    } catch (error) {
      guard.leave();
      if (!mayRetry(error)) throw error;
      // A later position says the same, and more.
      this.parts.log(`a position could not be acknowledged: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** What a source has to end its work after the run is stopped, ms. */
const GRACE = 5000;

function lostOf({ lost }: SourceBatch): number {
  return typeof lost === "number" && Number.isSafeInteger(lost) && lost > 0 ? lost : 0;
}

function checkBatch(batch: unknown): asserts batch is SourceBatch {
  if (typeof batch === "object" && batch !== null && Array.isArray((batch as { events?: unknown }).events)) return;
  throw new TypeError("nextBatch gave no batch: { events: [...] } was expected");
}

/** Whether an error is a SourceFailure that asks to be tried again. The plugin may have another copy of the SDK. */
export function mayRetry(error: unknown): boolean {
  return isSourceFailure(error) && (error as { retry?: unknown }).retry === true;
}

export function isSourceFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === "SourceFailure";
}
