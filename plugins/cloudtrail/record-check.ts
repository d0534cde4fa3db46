// SPDX-License-Identifier: Apache-2.0
import { checkValue, INCOMPLETE, INVALID, skipSpace, skipString } from "../common/json-scan.js";
import { decode, unescapeText } from "../common/json-text.js";

/** What the source needs to know of a record: where these strings lie, without their quotes. start -1: not there. */
export interface RecordFacts {
  timeStart: number;
  timeEnd: number;
  typeStart: number;
  typeEnd: number;
  idStart: number;
  idEnd: number;
}

export function noFacts(): RecordFacts {
  return { timeStart: -1, timeEnd: -1, typeStart: -1, typeEnd: -1, idStart: -1, idEnd: -1 };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Checks the record that starts at `from` (its brace) and notes its facts, in one pass. Answers with the position behind it,
 * or INVALID, or INCOMPLETE.
 */
export function checkRecord(b: Uint8Array, from: number, end: number, facts: RecordFacts): number {
  facts.timeStart = -1;
  facts.typeStart = -1;
  facts.idStart = -1;
  let i = skipSpace(b, from + 1, end);
  if (i < end && b[i] === 0x7d) return i + 1;
  for (;;) {
    if (i >= end) return INCOMPLETE;
    if (b[i] !== QUOTE) return INVALID;
    const key = i + 1;
    i = skipString(b, i, end);
    if (i < 0) return i;
    const keyEnd = i - 1;
    i = skipSpace(b, i, end);
    if (i >= end) return INCOMPLETE;
    if (b[i] !== 0x3a) return INVALID;
    const value = skipSpace(b, i + 1, end);
    i = checkValue(b, value, end, 1);
    if (i < 0) return i;
    if (b[value] === QUOTE) note(b, key, keyEnd, value + 1, i - 1, facts);
    i = skipSpace(b, i, end);
    if (i >= end) return INCOMPLETE;
    if (b[i] === 0x7d) return i + 1;
    if (b[i] !== 0x2c) return INVALID;
    i = skipSpace(b, i + 1, end);
  }
}

/** Of two members with one key the first counts, as in extraction. */
function note(b: Uint8Array, key: number, keyEnd: number, start: number, end: number, facts: RecordFacts): void {
  switch (nameOf(b, key, keyEnd)) {
    case 1:
      if (facts.timeStart === -1) {
        facts.timeStart = start;
        facts.timeEnd = end;
      }
      break;
    case 2:
      if (facts.typeStart === -1) {
        facts.typeStart = start;
        facts.typeEnd = end;
      }
      break;
    case 3:
      if (facts.idStart === -1) {
        facts.idStart = start;
        facts.idEnd = end;
      }
      break;
    default:
  }
}

const EVENT = Buffer.from("event");
const TIME = Buffer.from("Time");
const TYPE = Buffer.from("Type");
const ID = Buffer.from("ID");

function bytesAre(b: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let k = 0; k < bytes.length; k++) if (b[at + k] !== bytes[k]) return false;
  return true;
}

/** 1: eventTime, 2: eventType, 3: eventID, 0: another key. */
function nameOf(b: Uint8Array, start: number, end: number): 0 | 1 | 2 | 3 {
  const length = end - start;
  if ((length === 9 || length === 7) && bytesAre(b, start, EVENT)) {
    if (length === 7) return bytesAre(b, start + 5, ID) ? 3 : 0;
    if (bytesAre(b, start + 5, TIME)) return 1;
    return bytesAre(b, start + 5, TYPE) ? 2 : 0;
  }
  for (let i = start; i < end; i++) {
    if (b[i] === BACKSLASH) return NAMES[unescapeText(decode(b, start, end))] ?? 0;
  }
  return 0;
}

const NAMES: Readonly<Record<string, 1 | 2 | 3>> = { eventTime: 1, eventType: 2, eventID: 3 };
