// SPDX-License-Identifier: Apache-2.0

import { EVENTS, ParamType } from "../../src/batch/event-table.generated.js";
import { EventCursor, firstSection, listedIds, type Section } from "./blocks.js";
import { hashBytes, replaceable } from "./rename.js";

/** A string that may get another name. */
export interface SeedString {
  readonly bytes: Buffer;
  readonly hash: number;
  /** Positions of the bytes that a new name replaces. */
  readonly places: readonly number[];
}

/** A capture's first section and all places that a repetition changes. Offsets are those in `section.bytes`, ascending. */
export interface Seed {
  readonly section: Section;
  /** Of each event: its block, and its time; 0 = an event without one, which stays so. */
  readonly blocks: Uint32Array;
  readonly times: Uint32Array;
  /** Thread and process ids: where they stand, and their values. They are below 2^22: the low four bytes are enough. */
  readonly ids: Uint32Array;
  readonly idValues: Uint32Array;
  readonly names: Uint32Array;
  /** Index in `strings`. */
  readonly nameStrings: Uint32Array;
  readonly strings: readonly SeedString[];
  /** Events of each type. */
  readonly types: ReadonlyMap<number, number>;
  readonly firstTime: bigint;
  readonly lastTime: bigint;
  readonly lowestId: number;
  readonly highestId: number;
  /** Events of threads that the process list names: in later repetitions nothing is known of these threads. */
  readonly listedThreadEvents: number;
}

/** Some writers give events that stand for no moment the time 0 or -1. */
const LATEST_TIME = 1n << 63n;
const EXEC_OR_CLONE = /^(execve|execveat|clone|clone3|fork|vfork)$/;

/** Whether a parameter is a path or a command line. */
function isName(type: number, eventName: string, paramName: string): boolean {
  if (type === ParamType.FSPATH || type === ParamType.FSRELPATH) return true;
  return type === ParamType.BYTEBUF && paramName === "args" && EXEC_OR_CLONE.test(eventName);
}

/**
 * Every id of a thread or process that the capture knows: those that events happened on, those that exec and clone events
 * tell, those of the process list. Numbers below 2 (none, init, an error) are not ids; nor are the ids inside a pid
 * namespace, which are small numbers of another space.
 */
function knownIds(section: Section): Set<number> {
  const { bytes } = section;
  const ids = listedIds(section);
  const cursor = new EventCursor(section);
  while (cursor.move()) {
    ids.add(Number(bytes.readBigUInt64LE(cursor.time + 8)));
    const info = EVENTS[cursor.type];
    if (info === undefined || !EXEC_OR_CLONE.test(info.name)) continue;
    for (let i = 0; i < cursor.count; i++) {
      const name = info.params[i]?.name;
      if ((name === "tid" || name === "pid" || name === "ptid" || name === "res") && cursor.lengths[i] === 8) {
        ids.add(Number(bytes.readBigInt64LE(cursor.starts[i] as number)));
      }
    }
  }
  for (const id of ids) if (id < 2 || id > 0x3fffff) ids.delete(id);
  return ids;
}

/** Looks through an inflated capture. @throws PeregrineError BENCH_SEED */
export function analyse(bytes: Buffer): Seed {
  const section = firstSection(bytes);
  const known = knownIds(section);
  const listed = listedIds(section);
  const blocks = new Uint32Array(section.events + 1);
  const times = new Uint32Array(section.events);
  const ids: number[] = [];
  const idValues: number[] = [];
  const names: number[] = [];
  const nameStrings: number[] = [];
  const strings: SeedString[] = [];
  const stringIndex = new Map<string, number>();
  const types = new Map<number, number>();
  let firstTime = LATEST_TIME;
  let lastTime = 0n;
  let listedThreadEvents = 0;

  const addId = (offset: number, width: number): void => {
    const value = width === 8 ? Number(bytes.readBigInt64LE(offset)) : bytes.readInt32LE(offset);
    if (!known.has(value)) return;
    ids.push(offset);
    idValues.push(value);
  };
  const addName = (offset: number, length: number): void => {
    const text = bytes.toString("latin1", offset, offset + length);
    let index = stringIndex.get(text);
    if (index === undefined) {
      const own = Buffer.from(text, "latin1");
      index = strings.push({ bytes: own, hash: hashBytes(own), places: replaceable(own) }) - 1;
      stringIndex.set(text, index);
    }
    if ((strings[index]?.places.length ?? 0) === 0) return;
    names.push(offset);
    nameStrings.push(index);
  };

  const cursor = new EventCursor(section);
  for (let n = 0; cursor.move(); n++) {
    blocks[n] = cursor.block;
    types.set(cursor.type, (types.get(cursor.type) ?? 0) + 1);
    const time = bytes.readBigUInt64LE(cursor.time);
    if (time > 0n && time < LATEST_TIME) {
      times[n] = cursor.time;
      if (time < firstTime) firstTime = time;
      if (time > lastTime) lastTime = time;
    }
    if (listed.has(Number(bytes.readBigUInt64LE(cursor.time + 8)))) listedThreadEvents++;
    addId(cursor.time + 8, 8);
    const info = EVENTS[cursor.type];
    for (let i = 0; info !== undefined && i < cursor.count; i++) {
      const param = info.params[i];
      const length = cursor.lengths[i] as number;
      if (param === undefined || length === 0) continue;
      const offset = cursor.starts[i] as number;
      if (param.type === ParamType.PID && length === 8) addId(offset, 8);
      else if (param.type === ParamType.PID32 && length === 4) addId(offset, 4);
      else if (param.name === "pid" && param.type === ParamType.INT64 && length === 8) addId(offset, 8);
      else if (isName(param.type, info.name, param.name)) addName(offset, length);
    }
  }
  blocks[section.events] = section.eventsEnd;
  let lowestId = 0x3fffff;
  let highestId = 2;
  for (const id of known) {
    if (id < lowestId) lowestId = id;
    if (id > highestId) highestId = id;
  }
  return {
    section,
    blocks,
    times,
    ids: Uint32Array.from(ids),
    idValues: Uint32Array.from(idValues),
    names: Uint32Array.from(names),
    nameStrings: Uint32Array.from(nameStrings),
    strings,
    types,
    firstTime: lastTime === 0n ? 0n : firstTime,
    lastTime,
    lowestId,
    highestId,
    listedThreadEvents,
  };
}
