// SPDX-License-Identifier: Apache-2.0
import type { SourceEvent } from "peregrine/sdk";
import { StringCache } from "../common/json-text.js";
import type { Quarantine } from "../common/quarantine.js";
import { parseTime } from "../common/rfc3339.js";
import type { Counters } from "./counters.js";
import { CorruptData, inflate, inflateSmall, inflateWhole } from "./inflate.js";
import type { RecordFacts } from "./record-check.js";
import type { SeenRecords } from "./seen.js";
import { RecordSplitter } from "./split.js";

/** What all log files of a source have in common. */
export interface LogSettings {
  /** Insight events are events like others; otherwise they are passed over. */
  readonly insights: boolean;
  /** Longest record in bytes. */
  readonly maxRecord: number;
  readonly quarantine: Quarantine;
  readonly counters: Counters;
  /** Tells records that came before; null: all are new. */
  readonly seen: SeenRecords | null;
}

/** Events of a part of a file. */
export interface LogPiece {
  readonly events: readonly SourceEvent[];
  /** Of each event, its number in the file, from 1; what is set aside or passed over has numbers, too. */
  readonly numbers: readonly number[];
}

/** Events of a piece of a file that is in memory. */
const PIECE = 1024;
const INSIGHT = "AwsCloudTrailInsight";

/** Reads one log file: bytes to events. */
export class LogRun {
  readonly #splitter: RecordSplitter;
  readonly #strings = new StringCache();
  #pieces: AsyncIterator<Uint8Array> | null = null;
  #raw: Uint8Array | null = null;
  /** A file that is being read and inflated as a whole. */
  #whole: Promise<WholeFile | Error> | null = null;
  #split = false;
  #events: SourceEvent[] = [];
  #numbers: number[] = [];
  #number = 0;
  #skip = 0;
  /** Records since the last piece. */
  #found = 0;
  #ended = false;
  #timeText = "";
  #time: bigint | undefined;
  #timeMs = 0;
  #now = 0;
  #late = 0;
  #longest = 0;
  #sum = 0;

  /**
   * @param name what the log and the quarantine call the file
   * @param done the number up to which the file has been dealt with before; it goes on behind it
   */
  constructor(
    readonly name: string,
    readonly settings: LogSettings,
    done = 0,
  ) {
    this.#skip = done;
    this.#splitter = new RecordSplitter(this, settings.maxRecord);
  }

  /** Number of the last record that was found. */
  get number(): number {
    return this.#number;
  }

  /** All of a file that is in memory; null where it is too large, or damaged: then use open and next. */
  small(bytes: Uint8Array): LogPiece | null {
    const plain = inflateSmall(bytes);
    if (plain === null) return null;
    this.settings.counters.bytes.add(bytes.length);
    this.#now = Date.now();
    this.#splitter.feed(plain);
    this.#splitter.finish();
    this.#ended = true;
    return this.#take();
  }

  open(input: AsyncIterable<Uint8Array>): void {
    this.#pieces = inflate(this.#counted(input));
  }

  /** A file that fits into memory: read, and inflated where that can be done in one go, before its turn comes. */
  openWhole(bytes: Uint8Array | Promise<Uint8Array>): void {
    this.#whole = wholeOf(bytes);
  }

  /** What `next` gives, without waiting; undefined: there is something to wait for. */
  more(): LogPiece | null | undefined {
    if (!this.#split) return undefined;
    if (this.#ended) return null;
    this.#now = Date.now();
    this.#ended = !this.#splitter.some(PIECE);
    return this.#take();
  }

  /**
   * The next events, null at the end. What is damaged is set aside, with what comes behind the damage.
   * @throws what `input` throws: the file can be read again from the start, by another run that goes on behind `number`
   */
  async next(): Promise<LogPiece | null> {
    if (this.#whole !== null) await this.#openWhole(this.#whole);
    const more = this.more();
    if (more !== undefined) return more;
    if (this.#ended || this.#pieces === null) return null;
    try {
      const piece = await this.#pieces.next();
      this.#now = Date.now();
      if (piece.done === true) this.#end();
      else this.#splitter.feed(piece.value);
    } catch (error) {
      if (!(error instanceof CorruptData)) throw error;
      this.#ended = true;
      this.settings.quarantine.keep("file", this.#raw, this.name, error.message);
    }
    return this.#take();
  }

  async #openWhole(opening: Promise<WholeFile | Error>): Promise<void> {
    const whole = await opening;
    this.#whole = null;
    if (whole instanceof Error) throw whole;
    const { raw, plain } = whole;
    this.settings.counters.bytes.add(raw.length);
    this.#raw = raw;
    if (plain === null) {
      this.#pieces = inflate(once(raw));
      return;
    }
    this.#splitter.whole(plain);
    this.#split = true;
  }

  async close(): Promise<void> {
    await this.#pieces?.return?.();
  }

  record(b: Uint8Array, start: number, end: number, facts: RecordFacts): void {
    if (++this.#number <= this.#skip) return;
    const { counters, seen, insights } = this.settings;
    this.#found++;
    if (!insights && facts.typeStart !== -1 && this.#strings.get(b, facts.typeStart, facts.typeEnd) === INSIGHT) {
      counters.passedOver.add(1);
      return;
    }
    if (facts.timeStart === -1) {
      this.#setAside(b, start, end, "no eventTime");
      return;
    }
    const text = this.#strings.get(b, facts.timeStart, facts.timeEnd);
    if (text !== this.#timeText) {
      this.#timeText = text;
      this.#time = parseTime(text);
      this.#timeMs = this.#time === undefined ? 0 : Number(this.#time / 1_000_000n);
    }
    const time = this.#time;
    if (time === undefined) {
      this.#setAside(b, start, end, `eventTime is no time of an event: ${text.slice(0, 40)}`);
      return;
    }
    if (seen?.has(b, start, end, facts) === true) {
      counters.repeated.add(1);
      return;
    }
    this.#late = this.#now - this.#timeMs;
    if (this.#late > this.#longest) this.#longest = this.#late;
    this.#sum += this.#late;
    this.#events.push({ data: b.subarray(start, end), time });
    this.#numbers.push(this.#number);
  }

  bad(b: Uint8Array, start: number, end: number, reason: string): void {
    if (++this.#number <= this.#skip) return;
    this.#found++;
    this.#setAside(b, start, end, reason);
  }

  #setAside(b: Uint8Array, start: number, end: number, reason: string): void {
    this.settings.quarantine.keep("record", b.subarray(start, end), `${this.name}, record ${this.#number}`, reason);
  }

  #end(): void {
    this.#splitter.finish();
    this.#ended = true;
  }

  #take(): LogPiece {
    const piece = { events: this.#events, numbers: this.#numbers };
    this.#events = [];
    this.#numbers = [];
    const { counters } = this.settings;
    if (this.#found > 0) counters.found.add(this.#found);
    this.#found = 0;
    if (piece.events.length > 0) {
      counters.delivered.add(piece.events.length);
      counters.lateness(this.#late, this.#longest, this.#sum);
      this.#sum = 0;
    }
    return piece;
  }

  async *#counted(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of input) {
      this.settings.counters.bytes.add(piece.length);
      yield piece;
    }
  }
}

interface WholeFile {
  readonly raw: Uint8Array;
  /** null: it must be inflated piece by piece. */
  readonly plain: Uint8Array | null;
}

/** Never rejects, since it is looked at later. */
async function wholeOf(bytes: Uint8Array | Promise<Uint8Array>): Promise<WholeFile | Error> {
  try {
    const raw = await bytes;
    return { raw, plain: await inflateWhole(raw) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
