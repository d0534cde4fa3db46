// SPDX-License-Identifier: Apache-2.0

import { Chunk } from "../alerts/chunk.js";
import { type Control, ControlWord, SlotControl } from "../batch/control.js";
import type { Memory } from "../batch/memory.js";
import { RingLayout, SlotWord } from "../batch/ring.js";
import { EventView } from "../fields/view.js";
import type { PluginMessage } from "../plugins/context.js";
import { nowNs } from "../telemetry/clock.js";
import type { Ledger } from "../telemetry/ledger.js";
import { WorkerTime } from "../telemetry/stage-times.js";
import type { EvaluatorParts } from "./parts.js";
import { readInfo } from "./source-info.js";

/** What a worker tells main; `source` is the place of a source in the run. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  /** Look at the results. */
  | { readonly kind: "tick"; readonly source: number }
  | {
      readonly kind: "alerts";
      readonly source: number;
      readonly batch: number;
      readonly attempt: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** Pairs: rule, matches. */
      readonly counts: readonly number[];
    }
  | { readonly kind: "plugin"; readonly message: PluginMessage }
  | { readonly kind: "unknown plugin"; readonly source: number; readonly id: number; readonly events: number }
  | { readonly kind: "failed"; readonly source: number; readonly event: number; readonly message: string };

/** Bytes of alerts that may wait to be written before workers wait, too. */
export const ALERT_LIMIT = 32 * 1024 * 1024;
/** A batch goes elsewhere this often; after that, a failing event is tried again where it is. */
const MOVES = 2;

export interface EvaluateContext {
  readonly worker: number;
  /** Place of the source in the run. */
  readonly source: number;
  readonly rules: number;
  readonly memory: Memory;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly times: Float64Array;
  readonly info: SharedArrayBuffer;
  readonly post: (message: WorkerMessage, transfer?: ArrayBuffer[]) => void;
}

/** Evaluates whole batches of one source for one worker. */
export class Evaluation {
  readonly view: EventView;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  private readonly chunk = new Chunk();
  private readonly counts: Int32Array;
  /** Event and rules of the matches in the chunk that `counts` has, so that an event can be taken back. */
  private begun = -1;
  private begunHits = 0;
  private generation = 0;
  private section = -1;
  private readonly matcher: EvaluatorParts["matcher"];
  private readonly encoder: EvaluatorParts["encoder"];
  private readonly plugins: EvaluatorParts["plugins"];
  private readonly unknown: EvaluatorParts["unknown"];
  /** Index of the event that a plugin is not asked about, -1: none. */
  private barredAt = -1;

  /** Whose batches this worker may claim. */
  get control(): Control {
    return this.context.control;
  }

  /** The worker's block of this source's stage times. */
  get times(): Float64Array {
    return this.context.times;
  }

  constructor(
    private readonly context: EvaluateContext,
    parts: EvaluatorParts,
  ) {
    this.view = new EventView(context.memory, readInfo(context.info));
    this.words = this.view.words;
    this.floats = this.view.floats;
    this.layout = new RingLayout(context.memory.shape.ring);
    this.counts = new Int32Array(context.rules);
    this.matcher = parts.matcher;
    this.encoder = parts.encoder;
    this.plugins = parts.plugins;
    this.unknown = parts.unknown;
    if (parts.plugins !== undefined) this.view.plugins = parts.plugins.sources;
  }

  /** Evaluates the batch in `slot`, which this worker has claimed, and completes it or gives it back. */
  batch(slot: number): void {
    const { control, times, worker } = this.context;
    const base = this.layout.slotWord(slot);
    const start = nowNs();
    this.prepare(base);
    const barred = control.slot(slot, SlotControl.BARRED);
    this.barredAt = barred === 0 ? -1 : control.slot(slot, SlotControl.BARRED_AT);
    let from = 0;
    let retried = -1;
    for (;;) {
      try {
        this.events(slot, base, from);
        break;
      } catch (error) {
        const at = Math.max(control.words[control.cursorWord(slot)], 0);
        this.takeBack(at);
        const second = control.slot(slot, SlotControl.FAILED_AT) === at || retried === at;
        if (second) {
          this.fail(slot, base, at, error);
          from = at + 1;
        } else if (control.slot(slot, SlotControl.ATTEMPT) < MOVES) {
          this.reset();
          times[WorkerTime.EVALUATE] += nowNs() - start;
          control.giveBack(slot, at, worker);
          return;
        } else {
          retried = at;
          from = at;
        }
      }
    }
    this.finish(slot, base, start);
  }

  /** What the batch needs to be known before its first event. */
  private prepare(base: number): void {
    const generation = this.words[base + SlotWord.GENERATION];
    if (generation !== this.generation) {
      this.generation = generation;
      this.view.generation = generation;
      this.matcher.forget();
    }
    const section = this.words[base + SlotWord.SECTION];
    if (section !== this.section) {
      this.section = section;
      this.view.source = readInfo(this.context.info);
    }
    this.view.begin(base);
  }

  /** The hot loop: nothing here allocates but the encoding of a match. */
  private events(slot: number, base: number, from: number): void {
    const { view, matcher, words } = this;
    const cursors = this.context.control.words;
    const cursor = this.context.control.cursorWord(slot);
    const wanted = base + this.layout.wantedWord;
    const count = words[base + SlotWord.WANTED];
    const { barredAt } = this;
    // A plugin may be told of events ahead, but not of one that brought a thread down.
    if (barredAt < 0) this.plugins?.lookahead.begin(view, wanted + from, count - from);
    else this.plugins?.lookahead.clear();
    for (let i = from; i < count; i++) {
      cursors[cursor] = i;
      const o = words[wanted + i];
      if (o === 0) continue;
      view.at(o);
      if (i === barredAt) this.plugins?.bar(this.context.control.slot(slot, SlotControl.BARRED) - 1);
      const hits = matcher.match(view);
      if (hits !== 0) this.hit(i, hits);
      if (i === barredAt) this.plugins?.bar(-1);
    }
  }

  private hit(index: number, hits: number): void {
    this.chunk.begin();
    this.begun = index;
    this.begunHits = 0;
    this.encoder.encode(this.view, this.matcher.hits, hits, this.chunk);
    this.begunHits = hits;
    for (let i = 0; i < hits; i++) this.counts[this.matcher.hits[i]]++;
  }

  /** Drops what a failing event has written. */
  private takeBack(index: number): void {
    this.plugins?.bar(-1);
    this.plugins?.forget();
    if (this.begun !== index) return;
    this.chunk.rollback();
    for (let i = 0; i < this.begunHits; i++) this.counts[this.matcher.hits[i]]--;
    this.begun = -1;
  }

  private reset(): void {
    this.chunk.clear();
    this.counts.fill(0);
    this.begun = -1;
    this.unknown?.clear();
  }

  /** The event failed twice: it is counted, told, and passed over from now on. */
  private fail(slot: number, base: number, index: number, error: unknown): void {
    const at = base + this.layout.wantedWord + index;
    const record = this.words[at];
    this.words[at] = 0;
    this.context.control.addFailures(slot, 1);
    const event = this.floats[(record + 2) >> 1];
    const message = error instanceof Error ? error.message : String(error);
    this.context.post({ kind: "failed", source: this.context.source, event, message });
  }

  private finish(slot: number, base: number, start: number): void {
    const { control, ledger, times, worker, source, post } = this.context;
    const batch = control.slot(slot, SlotControl.BATCH);
    const done = nowNs();
    // Behind the last event: what goes wrong from here on is no event's fault.
    control.words[control.cursorWord(slot)] = this.words[base + SlotWord.WANTED];
    times[WorkerTime.EVALUATE] += done - start;
    times[WorkerTime.BATCHES] += 1;
    times[WorkerTime.EVENTS] += this.words[base + SlotWord.WANTED];
    const alerts = this.chunk.length > 0;
    if (alerts) {
      this.waitForSpace(batch);
      const counts: number[] = [];
      for (let rule = 0; rule < this.counts.length; rule++) {
        if (this.counts[rule] !== 0) counts.push(rule, this.counts[rule]);
      }
      const bytes = this.chunk.take();
      const size = bytes.length;
      const attempt = control.slot(slot, SlotControl.ATTEMPT);
      control.addAlertBytes(size);
      try {
        post({ kind: "alerts", source, batch, attempt, bytes, counts }, [bytes.buffer]);
      } catch (error) {
        // Main counts down what it hears of, and it will not hear of these.
        control.addAlertBytes(-size);
        throw error;
      }
    }
    if (this.unknown !== undefined && this.unknown.size > 0) {
      for (const [id, events] of this.unknown) post({ kind: "unknown plugin", source, id, events });
    }
    this.reset();
    ledger.evaluated(worker, slot, control.slot(slot, SlotControl.FAILURES));
    const published = this.floats[(base + SlotWord.PUBLISHED_AT) >> 1];
    if (control.complete(slot, alerts, published, done)) post({ kind: "tick", source });
  }

  /** Bounds the alerts in memory: waits while too many are not written yet, unless that could stop everything. */
  private waitForSpace(batch: number): void {
    const { control, times } = this.context;
    if (control.mayPost(batch, ALERT_LIMIT)) return;
    const start = nowNs();
    for (;;) {
      const seen = control.load(ControlWord.SPACE);
      if (control.mayPost(batch, ALERT_LIMIT)) break;
      control.wait(ControlWord.SPACE, seen, 50);
    }
    times[WorkerTime.WAIT] += nowNs() - start;
  }
}

/** How long a worker leaves a batch that it failed on to the others, ms. */
const OTHERS_FIRST = 2;

/**
 * Claims and evaluates batches of all sources until there will be no more. Blocks the worker's thread. The sources take
 * turns: behind a batch of one come those of the others, so that none waits for another that always has work.
 * @param evaluations one for each source
 * @param before is called before each look for work
 */
export function evaluateAll(evaluations: readonly Evaluation[], worker: number, before: () => void): void {
  const controls = evaluations.map(({ control }) => control);
  const { work } = controls[0];
  const times = evaluations[0].times;
  const count = controls.length;
  let own = work.workers === 1;
  /** The source whose turn it is. */
  let turn = 0;
  for (;;) {
    before();
    const seen = work.load();
    let claimed = false;
    for (let i = 0; i < count && !claimed; i++) {
      const source = turn + i < count ? turn + i : turn + i - count;
      if (controls[source].aborted) return;
      const slot = controls[source].claim(worker, own);
      if (slot === -1) continue;
      claimed = true;
      turn = source + 1 < count ? source + 1 : 0;
      evaluations[source].batch(slot);
    }
    if (claimed) {
      own = work.workers === 1;
      continue;
    }
    if (controls.every((control) => control.finished())) return;
    const start = nowNs();
    const others = !own && controls.some((control) => control.failedBy(worker));
    if (work.wait(seen, others ? OTHERS_FIRST : Number.POSITIVE_INFINITY)) own = true;
    times[WorkerTime.WAIT] += nowNs() - start;
  }
}
