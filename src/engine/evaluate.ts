// SPDX-License-Identifier: Apache-2.0

import { Chunk } from "../alerts/chunk.js";
import { type Control, ControlWord, SlotControl } from "../batch/control.js";
import type { Memory } from "../batch/memory.js";
import { RecordWord } from "../batch/record.js";
import { RingLayout, SlotWord } from "../batch/ring.js";
import { EventView } from "../fields/view.js";
import type { PluginMessage } from "../plugins/context.js";
import { nowNs } from "../telemetry/clock.js";
import type { Ledger } from "../telemetry/ledger.js";
import { WorkerTime } from "../telemetry/stage-times.js";
import type { CaptureMatch } from "./capture-rules.js";
import type { EvaluatorParts } from "./parts.js";
import { readInfo } from "./source-info.js";
import type { UnknownEvents } from "./unknown-plugins.js";

/** What a worker tells main; `source` is the place of a source in the run. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  /** Rules that were offered are compiled, or could not be. */
  | { readonly kind: "rules"; readonly version: number; readonly error: string | null }
  /** Look at the results. */
  | { readonly kind: "tick"; readonly source: number }
  | {
      readonly kind: "alerts";
      readonly source: number;
      readonly batch: number;
      readonly attempt: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** Version of the rules. */
      readonly rules: number;
      /** Pairs: rule, matches. */
      readonly counts: readonly number[];
      /** Matches that captures are wanted around, in event order. */
      readonly captures: readonly CaptureMatch[];
    }
  | { readonly kind: "plugin"; readonly message: PluginMessage }
  | {
      readonly kind: "unknown plugins";
      readonly source: number;
      readonly batch: number;
      readonly events: UnknownEvents;
    }
  | { readonly kind: "failed"; readonly source: number; readonly event: number; readonly message: string };

/** Bytes of alerts that may wait to be written before workers wait, too. */
export const ALERT_LIMIT = 32 * 1024 * 1024;
/** A batch goes elsewhere this often; after that, a failing event is tried again where it is. */
const MOVES = 2;

export interface EvaluateContext {
  readonly worker: number;
  /** Place of the source in the run. */
  readonly source: number;
  readonly memory: Memory;
  readonly control: Control;
  readonly ledger: Ledger;
  readonly times: Float64Array;
  readonly info: SharedArrayBuffer;
  readonly post: (message: WorkerMessage, transfer?: ArrayBuffer[]) => void;
}

/** Rules as a worker has them. */
export interface CompiledRules {
  readonly version: number;
  readonly parts: EvaluatorParts;
  /** How many there are. */
  readonly rules: number;
  /** By rule: ns after a match for which a capture is wanted, -1 = none is; null: no rule wants any. */
  readonly captures: Float64Array | null;
}

/** Evaluates whole batches of one source for one worker. */
export class Evaluation {
  readonly view: EventView;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  private readonly chunk = new Chunk();
  private counts: Int32Array;
  private captures: Float64Array | null;
  private matches: CaptureMatch[] = [];
  /** Event and rules of the matches in the chunk that `counts` has, so that an event can be taken back. */
  private begun = -1;
  private begunHits = 0;
  private generation = 0;
  private section = -1;
  private matcher: EvaluatorParts["matcher"];
  private encoder: EvaluatorParts["encoder"];
  private plugins: EvaluatorParts["plugins"];
  private unknown: EvaluatorParts["unknown"];
  /** Rules of batches that may still come, the newest last; `version` are those in use. */
  private compiled: CompiledRules[];
  private version: number;
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
    compiled: readonly CompiledRules[],
  ) {
    this.view = new EventView(context.memory, readInfo(context.info));
    this.words = this.view.words;
    this.floats = this.view.floats;
    this.layout = new RingLayout(context.memory.shape.ring);
    this.compiled = [...compiled];
    const { version, rules, captures, parts } = this.compiled[0];
    this.version = version;
    this.counts = new Int32Array(rules);
    this.captures = captures;
    this.matcher = parts.matcher;
    this.encoder = parts.encoder;
    this.plugins = parts.plugins;
    this.unknown = parts.unknown;
    if (parts.plugins !== undefined) this.view.plugins = parts.plugins.sources;
  }

  /** More rules, for batches to come. Of those before, the newest are kept: batches of theirs may be under way. */
  add(compiled: CompiledRules): void {
    this.compiled = [...this.compiled.slice(-1), compiled];
  }

  /** These rules will not be used: another worker could not compile them. */
  withdraw(version: number): void {
    if (this.compiled.length > 1) this.compiled = this.compiled.filter((each) => each.version !== version);
  }

  private use(version: number): void {
    const found = this.compiled.find((each) => each.version === version) ?? this.compiled[0];
    const { parts, rules, captures } = found;
    this.version = found.version;
    this.counts = new Int32Array(rules);
    this.captures = captures;
    this.matcher = parts.matcher;
    this.encoder = parts.encoder;
    this.plugins = parts.plugins;
    this.unknown = parts.unknown;
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
    const version = this.words[base + SlotWord.RULES];
    if (version !== this.version) this.use(version);
    const generation = this.words[base + SlotWord.GENERATION];
    if (generation !== this.generation) {
      this.generation = generation;
      this.view.generation = generation;
      for (const { parts } of this.compiled) parts.matcher.forget();
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
    if (this.captures !== null) this.capture(this.captures, hits);
  }

  /** Notes the match where one of its rules wants a capture: the longest one counts. */
  private capture(captures: Float64Array, hits: number): void {
    let duration = -1;
    for (let i = 0; i < hits; i++) duration = Math.max(duration, captures[this.matcher.hits[i]]);
    if (duration < 0) return;
    const { view, words } = this;
    const low = words[view.o + RecordWord.TIME] >>> 0;
    const time = (BigInt(words[view.o + RecordWord.TIME + 1] >>> 0) << 32n) | BigInt(low);
    this.matches.push({ event: view.number, time, duration });
  }

  /** Drops what a failing event has written. */
  private takeBack(index: number): void {
    this.plugins?.bar(-1);
    this.plugins?.forget();
    if (this.begun !== index) return;
    this.chunk.rollback();
    for (let i = 0; i < this.begunHits; i++) this.counts[this.matcher.hits[i]]--;
    if (this.matches.at(-1)?.event === this.view.number) this.matches.pop();
    this.begun = -1;
  }

  private reset(): void {
    this.chunk.clear();
    this.counts.fill(0);
    if (this.matches.length > 0) this.matches = [];
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
        const { version: rules, matches: captures } = this;
        post({ kind: "alerts", source, batch, attempt, bytes, rules, counts, captures }, [bytes.buffer]);
      } catch (error) {
        // Main counts down what it hears of, and it will not hear of these.
        control.addAlertBytes(-size);
        throw error;
      }
    }
    if (this.unknown !== undefined && this.unknown.size > 0) {
      post({ kind: "unknown plugins", source, batch, events: [...this.unknown] });
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
