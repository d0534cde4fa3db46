// SPDX-License-Identifier: Apache-2.0

import { Sequencer } from "../alerts/sequence.js";
import { batchesBetween, type Control, ControlWord, RESULTS, Result } from "../batch/control.js";
import { nowNs } from "../telemetry/clock.js";
import type { CaptureMatch } from "./capture-rules.js";
import type { WorkerMessage } from "./evaluate.js";

type Alerts = Extract<WorkerMessage, { kind: "alerts" }>;

/** Where alerts go: whole lines of one batch. The next batch waits for a promise it returns. */
export type Sink = (chunk: Buffer) => void | Promise<void>;

/** Main's end of the pipeline: writes the batches' alerts in batch order. */
export class Delivery {
  private readonly sequencer: Sequencer<Alerts>;
  private pumping: Promise<void> | null = null;
  private again = false;
  /** Matches by version of the rules, then by rule. */
  readonly matches = new Map<number, number[]>();
  alerts = 0;
  /** The most bytes of alerts that have waited to be written. */
  backlog = 0;
  private dead = false;
  /** performance.now() at the first alert, NaN = none. */
  firstAlert = Number.NaN;

  /**
   * @param latency is told how long each batch took from publish to release, ns
   * @param failed is told that the sink failed; nothing is written after that
   * @param captures is told of matches that captures are wanted around, in their order, and before their batch is released
   */
  constructor(
    private readonly control: Control,
    private readonly sink: Sink,
    private readonly latency: (ns: number) => void,
    private readonly failed: (error: unknown) => void,
    private readonly captures: (matches: readonly CaptureMatch[]) => void,
  ) {
    // Alerts of an attempt whose worker died before it could complete the batch.
    const dropped = (alerts: Alerts): void => control.addAlertBytes(-alerts.bytes.length);
    this.sequencer = new Sequencer(dropped, control.load(ControlWord.RELEASED));
  }

  add(alerts: Alerts): void {
    this.backlog = Math.max(this.backlog, this.control.load(ControlWord.ALERT_BYTES));
    this.sequencer.add(alerts);
    this.progress();
  }

  /** Writes what can be written. */
  progress(): void {
    if (this.dead) return;
    if (this.pumping !== null) {
      this.again = true;
      return;
    }
    this.again = false;
    const pumping = this.pump();
    if (pumping === null) return;
    this.pumping = pumping
      .catch((error: unknown) => {
        this.dead = true;
        this.failed(error);
      })
      .finally(() => {
        this.pumping = null;
        if (this.again) this.progress();
      });
  }

  /** Resolves when nothing more can be written. */
  async settled(): Promise<void> {
    this.progress();
    while (this.pumping !== null) await this.pumping;
  }

  /** Whether every published batch is written. */
  get complete(): boolean {
    return this.sequencer.next === this.control.load(ControlWord.PUBLISHED);
  }

  /** Writes batch after batch while the sink takes them at once; a promise where it does not, null when at the end. */
  private pump(): Promise<void> | null {
    const { control, sequencer } = this;
    const start = sequencer.next;
    for (;;) {
      const batch = sequencer.next;
      const result = this.ready(batch);
      if (result === Result.PENDING) break;
      if (result === Result.NO_ALERTS) {
        this.latency(control.doneAt(batch) - control.publishedAt(batch));
        sequencer.pass();
        continue;
      }
      const alerts = sequencer.peek(result);
      // Its message is under way and will come back here.
      if (alerts === undefined) break;
      try {
        const bytes = alerts.bytes;
        const written = this.sink(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        if (written !== undefined) return written.then(() => this.passed(alerts)).then(() => this.pump() ?? undefined);
      } catch (error) {
        return Promise.reject(error);
      }
      this.passed(alerts);
    }
    if (sequencer.next !== start) control.release(sequencer.next, 0);
    return null;
  }

  private passed(alerts: Alerts): void {
    const { control, sequencer } = this;
    if (Number.isNaN(this.firstAlert)) this.firstAlert = performance.now();
    const matches = this.matches.get(alerts.rules) ?? [];
    this.matches.set(alerts.rules, matches);
    for (let i = 0; i < alerts.counts.length; i += 2) {
      matches[alerts.counts[i]] = (matches[alerts.counts[i]] ?? 0) + alerts.counts[i + 1];
      this.alerts += alerts.counts[i + 1];
    }
    if (alerts.captures.length > 0) this.captures(alerts.captures);
    this.latency(nowNs() - control.publishedAt(alerts.batch));
    sequencer.pass(alerts);
    control.release(sequencer.next, alerts.bytes.length);
  }

  /** The result of the next batch. While others wait for it, or ingest might, its worker is asked to tell. */
  private ready(batch: number): number {
    const { control } = this;
    const result = control.result(batch);
    if (result !== Result.PENDING) return result;
    const behind = batchesBetween(batch, control.load(ControlWord.PUBLISHED));
    const wanted = behind > 0 && (this.sequencer.waiting || behind > RESULTS / 2);
    control.want(wanted ? batch : -1);
    return wanted ? control.result(batch) : Result.PENDING;
  }
}
