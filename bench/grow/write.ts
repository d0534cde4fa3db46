// SPDX-License-Identifier: Apache-2.0

import { closeSync, createWriteStream, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { isRenamed, rename } from "./rename.js";
import type { Seed } from "./seed.js";

/** How a seed is repeated. */
export interface Growth {
  /** Events the grown capture has at least: whole repetitions are written. */
  readonly events: number;
  /** Other times, ids and names in each repetition; false: the same bytes again. */
  readonly shifted: boolean;
  readonly gzip: boolean;
}

const CHUNK_BYTES = 1 << 20;
const HIGHEST_ID = 0x3fffff;
/** Between the last event of a repetition and the first of the next, ns. */
const PAUSE = 1_000_000n;

export function repetitionsFor(seed: Seed, events: number): number {
  return Math.max(1, Math.ceil(events / seed.section.events));
}

/** Bytes of the capture, not compressed. */
export function grownBytes(seed: Seed, growth: Growth): number {
  const { eventsStart, eventsEnd } = seed.section;
  return eventsStart + (eventsEnd - eventsStart) * repetitionsFor(seed, growth.events);
}

/** What ids of a repetition are raised by. Ids come again only where all numbers below 4,194,304 are used up. */
export function idShift(seed: Seed, repetition: number): number {
  const stride = seed.highestId - seed.lowestId + 1;
  const distinct = Math.floor((HIGHEST_ID - seed.highestId) / stride) + 1;
  return (repetition % distinct) * stride;
}

/** The header blocks, then each repetition's events in pieces of about 1 MiB that end with an event. */
export function* grownChunks(seed: Seed, growth: Growth, fresh: boolean): Generator<Buffer> {
  const { bytes, eventsStart } = seed.section;
  yield bytes.subarray(0, eventsStart);
  const largest = largestBlock(seed);
  const reused = Buffer.allocUnsafe(CHUNK_BYTES + largest);
  const repetitions = repetitionsFor(seed, growth.events);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const changes = growth.shifted && repetition > 0 ? new Changes(seed, repetition) : null;
    for (let event = 0; event < seed.section.events; ) {
      const start = seed.blocks[event] as number;
      let end = event;
      while (end < seed.section.events && (seed.blocks[end + 1] as number) - start <= CHUNK_BYTES) end++;
      if (end === event) end++;
      const length = (seed.blocks[end] as number) - start;
      const chunk = fresh ? Buffer.allocUnsafe(length) : reused.subarray(0, length);
      bytes.copy(chunk, 0, start, start + length);
      changes?.apply(chunk, event, end);
      yield chunk;
      event = end;
    }
  }
}

function largestBlock(seed: Seed): number {
  let largest = 0;
  for (let n = 0; n < seed.section.events; n++) {
    largest = Math.max(largest, (seed.blocks[n + 1] as number) - (seed.blocks[n] as number));
  }
  return largest;
}

/** The changes of one repetition. Chunks come in order, so that each list is gone through once. */
class Changes {
  private readonly shift: number;
  private readonly timeLow: number;
  private readonly timeHigh: number;
  private readonly renamed: (Buffer | null)[];
  private id = 0;
  private name = 0;

  constructor(
    private readonly seed: Seed,
    repetition: number,
  ) {
    const time = BigInt(repetition) * (seed.lastTime - seed.firstTime + PAUSE);
    this.timeLow = Number(time & 0xffffffffn);
    this.timeHigh = Number(time >> 32n);
    this.shift = idShift(seed, repetition);
    this.renamed = seed.strings.map((s) =>
      s.places.length > 0 && isRenamed(s.hash, repetition) ? rename(s.bytes, s.places, s.hash, repetition) : null,
    );
  }

  /** Changes events `from` to `to` (exclusive), whose blocks `chunk` holds. */
  apply(chunk: Buffer, from: number, to: number): void {
    const { blocks, times, ids, idValues, names, nameStrings } = this.seed;
    const base = blocks[from] as number;
    const limit = blocks[to] as number;
    for (let n = from; n < to; n++) {
      const time = times[n] as number;
      if (time === 0) continue;
      const at = time - base;
      const low = chunk.readUInt32LE(at) + this.timeLow;
      chunk.writeUInt32LE(low >>> 0, at);
      chunk.writeUInt32LE(chunk.readUInt32LE(at + 4) + this.timeHigh + (low > 0xffffffff ? 1 : 0), at + 4);
    }
    let id = this.id;
    for (; id < ids.length && (ids[id] as number) < limit; id++) {
      chunk.writeUInt32LE((idValues[id] as number) + this.shift, (ids[id] as number) - base);
    }
    this.id = id;
    let name = this.name;
    for (; name < names.length && (names[name] as number) < limit; name++) {
      const other = this.renamed[nameStrings[name] as number];
      if (other) chunk.set(other, (names[name] as number) - base);
    }
    this.name = name;
  }
}

/** Told bytes written and bytes in all, now and then. */
export type Progress = (done: number, total: number) => void;

/** Writes the grown capture to `path`; a file that is there is replaced when the new one is complete. */
export async function writeGrown(seed: Seed, growth: Growth, path: string, progress: Progress): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const total = grownBytes(seed, growth);
  try {
    if (growth.gzip) {
      const chunks = counted(grownChunks(seed, growth, true), total, progress);
      await pipeline(chunks, createGzip({ level: 6, chunkSize: CHUNK_BYTES }), createWriteStream(part));
    } else {
      writePlain(counted(grownChunks(seed, growth, false), total, progress), part);
    }
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
}

function writePlain(chunks: Iterable<Buffer>, path: string): void {
  const file = openSync(path, "w");
  try {
    for (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
  } finally {
    closeSync(file);
  }
}

function* counted(chunks: Iterable<Buffer>, total: number, progress: Progress): Generator<Buffer> {
  let done = 0;
  for (const chunk of chunks) {
    yield chunk;
    done += chunk.length;
    progress(done, total);
  }
}
