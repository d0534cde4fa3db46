// SPDX-License-Identifier: Apache-2.0

import type { Memory } from "../../src/batch/memory.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { FillResult, type SectionHeader } from "../../src/capture/source.js";
import type { EvaluatorSetup } from "../../src/engine/evaluator-parts.js";
import type { CountedSource, EvaluatorParts, IngestParts, IngestSetup } from "../../src/engine/parts.js";
import { PeregrineError } from "../../src/telemetry/errors.js";

/** What the fake parts do; it travels in Faults.data. */
export interface FakeData {
  /** Events of the source. Of each ten, one is not wanted, one changes state alone. */
  readonly events: number;
  /** Rule r matches events whose number is a multiple of every[r]. */
  readonly every: readonly number[];
  /** One Int32: while it is 0 the source goes on, slowly, whatever `events` says; then it ends a few batches later. */
  readonly open?: SharedArrayBuffer;
  /** With `open`: behind `events` events nothing comes until it is set. */
  readonly idle?: boolean;
  /** Bytes of padding in an alert. */
  readonly pad?: number;
  /** A new section begins behind these events. */
  readonly sections?: readonly number[];
  /** The header of the last section is bad. */
  readonly badSection?: boolean;
  /** The state stage breaks at this event. */
  readonly breaks?: number;
  /** The source fails behind its last event. */
  readonly fails?: boolean;
  /** Each event adds this many strings to a dictionary that is swept. */
  readonly strings?: number;
  /** Rows that the fake stage may hold before it is tight. */
  readonly rows?: number;
  /** Several sources: what is different in the one of that path. Alerts begin with its name. */
  readonly sources?: Readonly<Record<string, Partial<FakeData>>>;
}

const EMPTY: SectionHeader = { machine: null, interfaces: [], users: [], groups: [], threads: [], fds: [] };
const WORDS = RecordWord.HEADER;

export function wantedEvent(number: number): boolean {
  return number % 10 !== 3 && number % 10 !== 7;
}

class FakeSource implements CountedSource {
  readonly failure;
  readonly bytes = 0;
  readonly inflateNs = 0;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly layout: RingLayout;
  private number = 0;
  private end: number;
  private notWanted = 0;
  private stateOnly = 0;
  private records = 0;

  constructor(
    private readonly memory: Memory,
    private readonly data: FakeData,
  ) {
    this.end = data.open === undefined ? data.events : Number.POSITIVE_INFINITY;
    this.words = new Int32Array(memory.ring);
    this.floats = new Float64Array(memory.ring);
    this.layout = new RingLayout(memory.shape.ring);
    this.failure = data.fails === true ? { code: "CAPTURE_OPEN", message: "made up", offset: 7 } : null;
  }

  open(): SectionHeader {
    return EMPTY;
  }

  private pace(): void {
    const { open } = this.data;
    if (open === undefined || this.end !== Number.POSITIVE_INFINITY) return;
    const words = new Int32Array(open);
    if (Atomics.wait(words, 0, 0, 1) !== "timed-out") this.end = this.number + 4 * this.memory.shape.ring.events;
  }

  private idles(): boolean {
    return this.data.idle === true && this.end === Number.POSITIVE_INFINITY && this.number === this.data.events;
  }

  section(): SectionHeader {
    if (this.data.badSection === true && this.number === this.data.sections?.at(-1)) {
      throw new PeregrineError("CAPTURE_LIST_ENTRY", "a bad list", { offset: 99 });
    }
    return EMPTY;
  }

  fill(slot: number): number {
    const base = this.layout.slotWord(slot);
    let o = base + this.layout.recordsWord;
    let records = 0;
    this.floats[(base + SlotWord.FIRST) >> 1] = this.number;
    let result: number = FillResult.MORE;
    this.pace();
    for (;;) {
      if (this.number === this.end) {
        result = this.failure === null ? FillResult.END : FillResult.FAILED;
        break;
      }
      if (records === this.memory.shape.ring.events || this.idles()) break;
      const number = ++this.number;
      if (number % 10 === 3) {
        this.notWanted++;
      } else {
        this.words.fill(0, o, o + WORDS);
        this.words[o] = WORDS;
        this.floats[(o + RecordWord.NUMBER) >> 1] = number;
        if (number % 10 === 7) this.stateOnly++;
        else this.records++;
        records++;
        o += WORDS;
      }
      if (this.data.sections?.includes(number) === true) {
        result = FillResult.SECTION;
        break;
      }
    }
    this.words[base + SlotWord.RECORDS] = records;
    this.words[base + SlotWord.RECORDS_END] = o;
    this.floats[(base + SlotWord.LAST) >> 1] = this.number;
    return result;
  }

  counts(into: { seen: number; notWanted: number; stateOnly: number }): number {
    into.seen = this.number;
    into.notWanted = this.notWanted;
    into.stateOnly = this.stateOnly;
    return this.records;
  }

  unknownTypes(): readonly { type: number; count: number }[] {
    return [];
  }

  close(): void {}
}

export function createIngest(setup: IngestSetup): IngestParts {
  const all = setup.data as FakeData;
  const data: FakeData = { ...all, ...all.sources?.[setup.source.kind === "capture" ? setup.source.path : ""] };
  const { memory } = setup;
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  const layout = new RingLayout(memory.shape.ring);
  const counters = { sections: 0, sweeps: 0, settled: 0, tight: 0 };
  let strings = 2;
  let last = 0;
  let held = 0;
  return {
    source: new FakeSource(memory, data),
    interner: {
      intern: () => 0,
      internBytes: () => 0,
      join: () => 0,
      get count() {
        return strings;
      },
      bytes: 0,
      lost: 0,
      sweep: () => {
        strings = 2;
        counters.sweeps++;
      },
    },
    stage: {
      begin: () => {
        counters.sections++;
      },
      apply: (slot) => {
        const base = layout.slotWord(slot);
        let wanted = base + layout.wantedWord;
        let o = base + layout.recordsWord;
        for (; o < words[base + SlotWord.RECORDS_END]; o += WORDS) {
          strings += data.strings ?? 0;
          held++;
          last = floats[(o + RecordWord.NUMBER) >> 1];
          if (last === data.breaks) throw new Error("the stage broke");
          if (wantedEvent(last)) words[wanted++] = o;
        }
        words[base + SlotWord.WANTED] = wanted - base - layout.wantedWord;
      },
      settle: (horizon) => {
        if (horizon < counters.settled) throw new Error("the horizon went back");
        if (horizon > last) throw new Error("the horizon is ahead of the events");
        counters.settled = horizon;
        if (horizon === last) held = 0;
      },
      get tight() {
        const tight = held > (data.rows ?? Number.POSITIVE_INFINITY);
        if (tight) counters.tight++;
        return tight;
      },
      mark: () => {},
      collected: () => {},
    },
    fdsOf: () => new Int32Array(0),
    stageCounters: () => ({ ...counters }),
    change: (rules) => {
      // Two batches are never filled for the same rules in part.
      if (rules.demand.length > 1024) throw new Error("the demand is too long");
    },
  };
}

export function createEvaluator(setup: EvaluatorSetup): EvaluatorParts {
  const data = setup.data as FakeData;
  const hits = new Int32Array(setup.ruleSet.rules.length);
  const pad = ".".repeat(data.pad ?? 0);
  const [rule] = setup.ruleSet.rules;
  if (rule?.name === "broken") throw new Error("made up: these rules cannot be compiled");
  // Rules that take the place of others say so in their alerts.
  const version = rule?.desc === "" || rule === undefined ? "" : `${rule.desc} `;
  return {
    matcher: {
      hits,
      forget: () => {},
      match: (e) => {
        let count = 0;
        data.every.forEach((every, rule) => {
          if (e.number % every === 0) hits[count++] = rule;
        });
        return count;
      },
    },
    encoder: {
      encode: (e, matches, count, out) => {
        for (let i = 0; i < count; i++) {
          const name = data.sources === undefined ? "" : `${e.source.name} `;
          out.line(`${name}${version}${e.number} rule ${matches[i]}${pad}`);
        }
      },
    },
  };
}
