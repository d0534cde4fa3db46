// SPDX-License-Identifier: Apache-2.0
import { createGunzip, gunzip as gunzipAll, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";

/** Bytes that are not what they claim to be: no retry will mend them. */
export class CorruptData extends Error {}

const PIECE = 256 * 1024;
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

async function* gunzip(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let failed: unknown = null;
  const stream = createGunzip({ chunkSize: PIECE });
  // The stream's own error says no more than the iteration's below.
  stream.on("error", () => {});
  const feed = async (): Promise<void> => {
    try {
      await write(stream, head);
      for await (const piece of rest) await write(stream, piece);
      stream.end();
    } catch (error) {
      failed = error;
      stream.destroy();
    }
  };
  const fed = feed();
  try {
    for await (const piece of stream) yield piece as Uint8Array;
  } catch (error) {
    if (failed !== null) throw failed;
    throw new CorruptData(`not valid gzip: ${messageOf(error)}`, { cause: error });
  } finally {
    stream.destroy();
    await fed;
  }
  if (failed !== null) throw failed;
}

/** Resolves when the stream has room again, or is gone. */
function write(stream: ReturnType<typeof createGunzip>, piece: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(piece)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
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
