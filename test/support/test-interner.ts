// SPDX-License-Identifier: Apache-2.0

import type { DictionaryBuffers } from "../../src/batch/dictionary.js";
import { loadAddon } from "../../src/capture/addon.js";

/** The interner of a dictionary, with what tests ask for besides: texts, and a dictionary that shows stale reads. */
export class TestInterner extends loadAddon().Interner {
  private readonly offsets: Uint32Array;
  private readonly lengths: Uint32Array;
  private readonly arena: Buffer;

  constructor(buffers: DictionaryBuffers) {
    const offsets = new Uint32Array(buffers.offsets);
    const lengths = new Uint32Array(buffers.lengths);
    super(offsets, lengths, new Uint8Array(buffers.flags), new Uint8Array(buffers.arena));
    this.offsets = offsets;
    this.lengths = lengths;
    this.arena = Buffer.from(buffers.arena);
  }

  /** Text of an id; undefined for an id that is not in use. */
  text(id: number): string | undefined {
    const length = this.lengths[id] ?? 0;
    if (length === 0) return id < 2 ? "" : undefined;
    const offset = this.offsets[id] as number;
    return this.arena.toString("latin1", offset, offset + length);
  }

  /** Sweeps, and overwrites what is free from then on. */
  override sweep(marks: Uint8Array): void {
    super.sweep(marks);
    this.arena.fill(0x21, this.bytes);
  }
}
