// SPDX-License-Identifier: Apache-2.0

/*
 * The dictionary: every string that an event, a process or an fd carries, once. Events and rows hold 32-bit ids.
 *
 *   offsets  Uint32[ids]   where the string starts in the arena
 *   lengths  Uint32[ids]   how many bytes it has
 *   flags    Uint8[ids]    PathFlag bits, computed when the string is added
 *   arena    Uint8[bytes]  the bytes, no terminators
 *
 * Id 0 means "absent", id 1 is the empty string. Only the ingest thread adds strings (in C++, see native/interner.h); a
 * reader learns of an id from a published batch or row, and publishing is an Atomics.store, so the bytes are visible to
 * it. When the dictionary passes its soft limit, ingest waits until no batch is in flight, frees the ids that no row
 * refers to, moves the bytes together and raises the generation; ids that stay keep their number. Whatever a worker has
 * remembered by id is void when a batch's generation differs from the last one's.
 */

/** Id of "no value". */
export const ABSENT = 0;
/** Id of the empty string. */
export const EMPTY = 1;

export const PathFlag = {
  /** Starts with "/". */
  ABSOLUTE: 1,
  /** Absolute, at most 1,023 bytes, no empty, "." or ".." part and no trailing "/" (but for "/" itself). */
  NORMAL: 2,
} as const;

export interface DictionaryBuffers {
  readonly offsets: SharedArrayBuffer;
  readonly lengths: SharedArrayBuffer;
  readonly flags: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
}

/**
 * Allocates a dictionary for `ids` strings of `bytes` bytes in all. Pages are taken from the system when first touched,
 * so generous figures cost address space, not memory.
 */
export function createDictionary(ids: number, bytes: number): DictionaryBuffers {
  return {
    offsets: new SharedArrayBuffer(ids * 4),
    lengths: new SharedArrayBuffer(ids * 4),
    flags: new SharedArrayBuffer(ids),
    arena: new SharedArrayBuffer(bytes),
  };
}

/**
 * Puts a few strings into a dictionary that nobody interns strings into: before its ids are known to anybody.
 * @param texts binary strings
 * @returns their ids
 */
export function fillDictionary(buffers: DictionaryBuffers, texts: readonly string[]): number[] {
  const offsets = new Uint32Array(buffers.offsets);
  const lengths = new Uint32Array(buffers.lengths);
  const arena = Buffer.from(buffers.arena);
  let end = 0;
  return texts.map((text, i) => {
    const id = EMPTY + 1 + i;
    offsets[id] = end;
    lengths[id] = text.length;
    end += arena.write(text, end, "latin1");
    return id;
  });
}

/** The reading side of the dictionary, for any thread. */
export class Dictionary {
  readonly capacity: number;
  private readonly offsets: Uint32Array;
  private readonly lengths: Uint32Array;
  private readonly flags: Uint8Array;
  private readonly arena: Buffer;

  constructor(buffers: DictionaryBuffers) {
    this.offsets = new Uint32Array(buffers.offsets);
    this.lengths = new Uint32Array(buffers.lengths);
    this.flags = new Uint8Array(buffers.flags);
    this.arena = Buffer.from(buffers.arena);
    this.capacity = this.offsets.length;
  }

  /** The string's bytes as a "binary string": one character a byte, so that comparisons are those of the bytes. */
  text(id: number): string {
    const offset = this.offsets[id] as number;
    return this.arena.toString("latin1", offset, offset + (this.lengths[id] as number));
  }

  /** The bytes themselves, as a view that is valid until the batch that named the id is given back. */
  bytes(id: number): Buffer {
    const offset = this.offsets[id] as number;
    return this.arena.subarray(offset, offset + (this.lengths[id] as number));
  }

  length(id: number): number {
    return this.lengths[id] as number;
  }

  /** One byte of the string; `index` must be below its length. Allocates nothing. */
  byteAt(id: number, index: number): number {
    return this.arena[(this.offsets[id] as number) + index] as number;
  }

  /** PathFlag bits. */
  pathFlags(id: number): number {
    return this.flags[id] as number;
  }
}
