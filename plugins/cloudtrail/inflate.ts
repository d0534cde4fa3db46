// SPDX-License-Identifier: Apache-2.0
import { crc32, createInflateRaw, gunzip as gunzipAll, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";

/** Bytes that are not what they claim to be: no retry will mend them. */
export class CorruptData extends Error {}

/** What is not longer than this is inflated in one go; a stream costs more than it saves. */
const SMALL = 64 * 1024;
const SMALL_OUTPUT = 4 * 1024 * 1024;

const isGzip = (b: Uint8Array): boolean => b[0] === 0x1f && b[1] === 0x8b;
const isZstd = (b: Uint8Array): boolean => b[0] === 0x28 && b[1] === 0xb5 && b[2] === 0x2f && b[3] === 0xfd;

/** Pieces of what `bytes` hold, uncompressed. What they are is told by their first bytes, not by a name. */
export async function* inflate(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = input[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const rest = { [Symbol.asyncIterator]: () => pieces };
  // Four bytes tell the form; a first piece may be shorter.
  let head = first.value;
  while (head.length < 4) {
    const next = await pieces.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  if (isGzip(head)) yield* gunzip(head, rest);
  else if (isZstd(head)) yield* unzstd(head, rest);
  else {
    yield head;
    yield* rest;
  }
}

/**
 * The members of a gzip file, one after the other. Their frames are read here and not by the library, whose output ends some
 * way before a damage: all that can be inflated is yielded before what is wrong is thrown, be it only the sum at the end.
 */
async function* gunzip(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new Input(head, rest);
  for (let member = 0; ; member++) {
    // Files may be padded with zeros.
    while (member > 0 && (await input.has(1)) && input.bytes[0] === 0) input.skip(1);
    if (member > 0 && !(await input.has(1))) return;
    if (!(await passHeader(input))) {
      throw new CorruptData(
        `not valid gzip: ${member === 0 ? "its header is bad" : "there is something else behind it"}`,
      );
    }
    let sum = 0;
    let length = 0;
    for await (const piece of inflateMember(input)) {
      sum = crc32(piece, sum);
      length = (length + piece.length) >>> 0;
      yield piece;
    }
    if (!(await input.has(8))) throw new CorruptData("not valid gzip: unexpected end of file");
    const trailer = new DataView(input.bytes.buffer, input.bytes.byteOffset, 8);
    if (trailer.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== length) {
      throw new CorruptData("not valid gzip: incorrect data check");
    }
    input.skip(8);
  }
}

/** Bytes that come in pieces. */
class Input {
  private readonly pieces: AsyncIterator<Uint8Array>;

  constructor(
    public bytes: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
  ) {
    this.pieces = rest[Symbol.asyncIterator]();
  }

  /** Makes `bytes` hold at least so many. @returns false where there are no more */
  async has(count: number): Promise<boolean> {
    while (this.bytes.length < count) {
      const next = await this.pieces.next();
      if (next.done === true) return false;
      this.bytes = this.bytes.length === 0 ? next.value : Buffer.concat([this.bytes, next.value]);
    }
    return true;
  }

  skip(count: number): void {
    this.bytes = this.bytes.subarray(count);
  }
}

const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const HEADER_SUM = 2;

/** Passes over the head of a member (RFC 1952). @returns false where it is none */
async function passHeader(input: Input): Promise<boolean> {
  if (!(await input.has(10)) || !isGzip(input.bytes) || input.bytes[2] !== 8) return false;
  const flags = input.bytes[3] ?? 0;
  input.skip(10);
  if ((flags & EXTRA) !== 0) {
    if (!(await input.has(2))) return false;
    const size = 2 + (input.bytes[0] ?? 0) + 256 * (input.bytes[1] ?? 0);
    if (!(await input.has(size))) return false;
    input.skip(size);
  }
  for (const text of [NAME, COMMENT]) {
    if ((flags & text) === 0) continue;
    while ((await input.has(1)) && input.bytes[0] !== 0) input.skip(1);
    if (!(await input.has(1))) return false;
    input.skip(1);
  }
  if ((flags & HEADER_SUM) === 0) return true;
  if (!(await input.has(2))) return false;
  input.skip(2);
  return true;
}

/**
 * What goes into the library at once, and what it gives at once. Each costs a round to another thread and back. Where the data itself is
 * damaged the library gives nothing of the piece that it has begun, so of a member that is not kept less than a PIECE is lost.
 */
const STEP = 64 * 1024;
const PIECE = 64 * 1024;
/** Steps in which the damage in a step is looked for, before single bytes are tried. */
const FINE_STEP = 1024;
/** So much of a member is kept to go through it again where it is damaged. */
const KEPT = 16 * 1024 * 1024;

/** What a member holds; leaves `input` behind it. */
async function* inflateMember(input: Input): AsyncGenerator<Uint8Array> {
  const inflater = new Inflater();
  let kept: Uint8Array[] | null = [];
  let size = 0;
  try {
    while (!inflater.ended) {
      if (!(await input.has(1))) throw new CorruptData("not valid gzip: unexpected end of file");
      const step = input.bytes.subarray(0, STEP);
      const taken = await inflater.push(step);
      const pieces = inflater.take();
      yield* pieces;
      if (inflater.failed !== null) {
        const given = pieces.reduce((sum, piece) => sum + piece.length, 0);
        if (kept !== null) yield* upToDamage(kept, step, given);
        throw new CorruptData(`not valid gzip: ${messageOf(inflater.failed)}`, { cause: inflater.failed });
      }
      size += taken;
      if (size > KEPT) kept = null;
      kept?.push(step);
      input.skip(taken);
    }
  } finally {
    inflater.close();
  }
}

/**
 * What the library makes of `damaged`, behind `before`, until it fails. It gives nothing of the push that fails, so pushes become
 * shorter there, each time in a stream that begins anew.
 * @param given bytes of it that have been yielded already
 */
async function* upToDamage(
  before: readonly Uint8Array[],
  damaged: Uint8Array,
  given: number,
): AsyncGenerator<Uint8Array> {
  let good = 0;
  let passed = 0;
  for (const step of [FINE_STEP, 1]) {
    const inflater = new Inflater();
    let made = 0;
    try {
      for (const piece of [...before, damaged.subarray(0, good)]) {
        if (piece.length > 0) await inflater.push(piece);
        inflater.take();
      }
      made = passed;
      while (good < damaged.length) {
        await inflater.push(damaged.subarray(good, good + step));
        for (const piece of inflater.take()) {
          // Of the push that fails something may come out, which the next round makes again.
          const known = Math.min(Math.max(given - made, 0), piece.length);
          made += piece.length;
          if (known < piece.length) yield piece.subarray(known);
          given = Math.max(given, made);
        }
        if (inflater.failed !== null) break;
        good += step;
        passed = made;
      }
    } finally {
      inflater.close();
    }
  }
}

/** The library's stream, one push at a time. */
class Inflater {
  ended = false;
  failed: Error | null = null;
  private readonly stream = createInflateRaw({ chunkSize: PIECE });
  private out: Uint8Array[] = [];
  private wake = (): void => {};

  constructor() {
    this.stream.on("data", (piece: Uint8Array) => this.out.push(piece));
    this.stream.on("end", () => {
      this.ended = true;
    });
    // A write that fails is told here alone: its callback is never called.
    this.stream.on("error", (error) => {
      this.failed = error;
      this.wake();
    });
  }

  /** @returns how many of the bytes belong to the member */
  async push(bytes: Uint8Array): Promise<number> {
    const before = this.stream.bytesWritten;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.stream.write(bytes, () => resolve());
    });
    // The end is told behind the callback.
    await new Promise<void>((resolve) => setImmediate(resolve));
    return this.stream.bytesWritten - before;
  }

  /** What has come out since it was asked last. */
  take(): readonly Uint8Array[] {
    const { out } = this;
    this.out = [];
    return out;
  }

  close(): void {
    this.stream.destroy();
  }
}

async function* unzstd(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [];
  let ended = false;
  const decoder = new Decompress((piece, last) => {
    if (piece.length > 0) out.push(piece);
    if (last === true) ended = true;
  });
  const push = (piece: Uint8Array, last: boolean): void => {
    try {
      decoder.push(piece, last);
    } catch (error) {
      throw new CorruptData(`not valid zstd: ${messageOf(error)}`, { cause: error });
    }
  };
  push(head, false);
  for await (const piece of rest) {
    yield* out;
    out = [];
    push(piece, false);
  }
  push(new Uint8Array(0), true);
  yield* out;
  if (!ended) throw new CorruptData("not valid zstd: it ends too early");
}

/** All of a small file at once; null: take the stream. */
export function inflateSmall(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length > SMALL) return null;
  if (isZstd(bytes)) return null;
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: SMALL_OUTPUT });
  } catch {
    // Too long for one go, or corrupt: then the stream gives what comes before the damage, and the error.
    return null;
  }
}

/** The most that is inflated in one go, outside of this thread. */
const WHOLE_OUTPUT = 64 * 1024 * 1024;
/** Of gzip: no file grows by more than this. */
const LARGEST_RATIO = 1032;

/**
 * All of a file that is in memory; null: take the stream, since it is too long, of several members, compressed otherwise or corrupt.
 * A gzip file ends with the length of what it holds, so that there is one buffer of the right size. Never rejects.
 */
export async function inflateWhole(bytes: Uint8Array): Promise<Uint8Array | null> {
  if (isZstd(bytes)) return null;
  if (!isGzip(bytes)) return bytes;
  const { length } = bytes;
  if (length < 18) return null;
  const size = new DataView(bytes.buffer, bytes.byteOffset + length - 4, 4).getUint32(0, true);
  if (size === 0 || size > WHOLE_OUTPUT || size > length * LARGEST_RATIO) return null;
  return new Promise((resolve) => {
    // One byte more than is needed: the end is then known without another round.
    gunzipAll(bytes, { chunkSize: Math.max(size + 1, 64), maxOutputLength: size }, (error, plain) =>
      resolve(error === null ? plain : null),
    );
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
