// SPDX-License-Identifier: Apache-2.0
import { INCOMPLETE, skipSpace, skipString, skipValue } from "../common/json-scan.js";
import { decode } from "../common/json-text.js";
import { checkRecord, noFacts, type RecordFacts } from "./record-check.js";

/** What a splitter finds. The bytes are only good during the call's batch: they are views of what was fed. */
export interface RecordSink {
  record(bytes: Uint8Array, start: number, end: number, facts: RecordFacts): void;
  /** Something that stands where a record should, and is none. */
  bad(bytes: Uint8Array, start: number, end: number, reason: string): void;
}

/**
 * outside:  between documents      {"Records":[{...},{...}]}   or   [{...},{...}]   or   {...} {...}
 *           or   {"detail":{...}, ...} as EventBridge has it
 * envelope: inside an object that is no record, before a key or its end
 * records:  inside an array whose objects are records; `nested`: the array is a member of an envelope
 */
enum Place {
  Outside,
  Envelope,
  Records,
}

/** Members that only a record has: an object that shows one before any list is a record that stands by itself. */
const OWN = new Set(["eventVersion", "eventTime", "eventID", "eventName", "eventSource", "awsRegion", "userIdentity"]);

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;

/**
 * Cuts a log file into records, piece by piece: each record's exact bytes, checked to be JSON. A damaged record ends where its
 * braces say, and the next one is read as ever.
 */
export class RecordSplitter {
  readonly #facts = noFacts();
  #place: Place = Place.Outside;
  #nested = false;
  /** Whether the envelope has shown records, or a list for them. */
  #listed = false;
  #rest: Uint8Array = new Uint8Array(0);
  #broken = false;
  /** Where it pauses: so many more records. */
  #left = Number.POSITIVE_INFINITY;

  /** @param maxRecord longest record, in bytes: a longer one cannot be kept until its end has come */
  constructor(
    readonly sink: RecordSink,
    readonly maxRecord: number,
  ) {}

  /** Takes the next bytes of the file, which must not change until the records are dealt with. */
  feed(chunk: Uint8Array): void {
    if (this.#broken) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const at = this.#walk(bytes, false);
    this.#rest = at < bytes.length ? bytes.subarray(at) : new Uint8Array(0);
    if (this.#rest.length > this.maxRecord) this.#giveUp(this.#rest, `a record of more than ${this.maxRecord} bytes`);
  }

  /** Takes all bytes of the file at once; `some` then gives its records. */
  whole(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** The next records of the file, at most `count`. @returns whether there may be more */
  some(count: number): boolean {
    this.#left = count;
    const at = this.#walk(this.#rest, true);
    const paused = this.#left === 0 && !this.#broken;
    this.#left = Number.POSITIVE_INFINITY;
    if (!this.#broken) this.#rest = this.#rest.subarray(at);
    if (!paused) this.finish();
    return paused;
  }

  /** The file has ended. */
  finish(): void {
    if (this.#broken) return;
    const at = this.#walk(this.#rest, true);
    if (at < this.#rest.length) this.#giveUp(this.#rest.subarray(at), "the file ends in the middle of a record");
    else if (this.#place !== Place.Outside)
      this.#giveUp(this.#rest.subarray(at), "the file ends in the middle of its list of records");
  }

  #giveUp(bytes: Uint8Array, reason: string): void {
    this.#broken = true;
    this.#rest = new Uint8Array(0);
    this.sink.bad(bytes, 0, bytes.length, reason);
  }

  /** Walks as far as it can and answers with the position up to which all is dealt with. */
  #walk(b: Uint8Array, last: boolean): number {
    const end = b.length;
    let at = 0;
    for (;;) {
      if (this.#left === 0) return at;
      const i = skipSpace(b, at, end);
      if (i >= end) return end;
      let next: number;
      switch (this.#place) {
        case Place.Outside:
          next = this.#outside(b, i, end, last);
          break;
        case Place.Envelope:
          next = this.#envelope(b, i, end, last);
          break;
        default:
          next = this.#records(b, i, end, last);
      }
      if (next < 0) return i;
      at = next;
      if (this.#broken) return end;
    }
  }

  #outside(b: Uint8Array, i: number, end: number, last: boolean): number {
    if (b[i] === OPEN_ARRAY) {
      this.#place = Place.Records;
      this.#nested = false;
      return i + 1;
    }
    // The mark with which some editors and exports begin a file.
    if (b[i] === 0xef && b[i + 1] === 0xbb && b[i + 2] === 0xbf) return i + 3;
    if (b[i] !== OPEN_OBJECT) {
      this.#giveUp(b.subarray(i), "the file is no JSON document");
      return end;
    }
    const kind = kindOf(b, i, end);
    if (kind === "unknown" && !last) return INCOMPLETE;
    if (kind === "record") return this.#one(b, i, end);
    this.#place = Place.Envelope;
    this.#listed = false;
    return i + 1;
  }

  /** Before a key of an envelope, a comma, or its end. */
  #envelope(b: Uint8Array, i: number, end: number, last: boolean): number {
    const c = b[i];
    if (c === COMMA) return i + 1;
    if (c === CLOSE_OBJECT) {
      this.#place = Place.Outside;
      if (!this.#listed) this.sink.bad(b, i, i + 1, "an object that is no record and holds none");
      return i + 1;
    }
    if (c !== QUOTE) return this.#stop(b, i, end);
    const key = skipString(b, i, end);
    if (key < 0) return INCOMPLETE;
    const colon = skipSpace(b, key, end);
    const value = skipSpace(b, colon + 1, end);
    if (value >= end) return INCOMPLETE;
    if (b[colon] !== 0x3a) return this.#stop(b, i, end);
    const name = decode(b, i + 1, key - 1);
    if (b[value] === OPEN_ARRAY) {
      const first = skipSpace(b, value + 1, end);
      if (first >= end) return INCOMPLETE;
      // Lists of other things stand beside records, such as the resources of an event of EventBridge.
      if (name === "Records" || b[first] === OPEN_OBJECT) {
        this.#place = Place.Records;
        this.#nested = true;
        this.#listed = true;
        return value + 1;
      }
    } else if (name === "detail" && b[value] === OPEN_OBJECT) {
      const kind = kindOf(b, value, end);
      if (kind === "unknown" && !last) return INCOMPLETE;
      if (kind === "record") {
        this.#listed = true;
        return this.#one(b, value, end);
      }
    }
    const after = skipValue(b, value, end);
    if (after === value) return this.#stop(b, i, end);
    // A word or a number at the very end may go on in the next piece.
    return after === end && !last ? INCOMPLETE : after;
  }

  #records(b: Uint8Array, i: number, end: number, last: boolean): number {
    const c = b[i];
    if (c === COMMA) return i + 1;
    if (c === CLOSE_ARRAY) {
      this.#place = this.#nested ? Place.Envelope : Place.Outside;
      return i + 1;
    }
    if (c === OPEN_OBJECT) return this.#one(b, i, end);
    const after = skipValue(b, i, end);
    if (after === i) return this.#stop(b, i, end);
    if (after < 0 || (after === end && !last)) return INCOMPLETE;
    this.sink.bad(b, i, after, "not an object");
    return after;
  }

  #one(b: Uint8Array, i: number, end: number): number {
    this.#left--;
    const facts = this.#facts;
    let after = checkRecord(b, i, end, facts);
    if (after >= 0) {
      if (after - i > this.maxRecord) this.sink.bad(b, i, after, `a record of more than ${this.maxRecord} bytes`);
      else this.sink.record(b, i, after, facts);
      return after;
    }
    if (after === INCOMPLETE) return INCOMPLETE;
    after = skipValue(b, i, end);
    if (after < 0) return INCOMPLETE;
    this.sink.bad(b, i, after, "not valid JSON");
    return after;
  }

  /** Nothing behind this can be trusted to be where it seems. */
  #stop(b: Uint8Array, i: number, end: number): number {
    this.#giveUp(b.subarray(i), "not valid JSON between records");
    return end;
  }
}

/** Whether the object at `i` is a record or holds them. */
function kindOf(b: Uint8Array, from: number, end: number): "record" | "envelope" | "unknown" {
  let i = skipSpace(b, from + 1, end);
  while (i < end && b[i] === QUOTE) {
    const key = skipString(b, i, end);
    if (key < 0) return "unknown";
    if (OWN.has(decode(b, i + 1, key - 1))) return "record";
    const colon = skipSpace(b, key, end);
    const value = skipSpace(b, colon + 1, end);
    if (value >= end) return "unknown";
    if (b[value] === OPEN_ARRAY) return "envelope";
    const after = skipValue(b, value, end);
    if (after < 0) return "unknown";
    i = skipSpace(b, after, end);
    if (i < end && b[i] === COMMA) i = skipSpace(b, i + 1, end);
  }
  return i < end ? "envelope" : "unknown";
}
