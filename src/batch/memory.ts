// SPDX-License-Identifier: Apache-2.0

import { createDictionary, type DictionaryBuffers } from "./dictionary.js";
import { createFdRows, type FdBuffers } from "./fd-rows.js";
import { createLookup, type LookupBuffers } from "./lookup.js";
import { createProcessRows, type ProcessBuffers } from "./process-rows.js";
import { DEFAULT_RING, RingLayout, type RingShape } from "./ring.js";

/** Sizes of one source's shared memory. */
export interface MemoryShape {
  readonly ring: RingShape;
  /** Strings the dictionary can hold, and their bytes. */
  readonly strings: number;
  readonly stringBytes: number;
  readonly processRows: number;
  readonly fdRows: number;
}

/** Everything that the threads of one source share. A plain object of buffers: it is passed to a thread as it is. */
export interface Memory {
  readonly shape: MemoryShape;
  readonly ring: SharedArrayBuffer;
  readonly dictionary: DictionaryBuffers;
  readonly processes: ProcessBuffers;
  readonly fds: FdBuffers;
  readonly users: LookupBuffers;
  readonly groups: LookupBuffers;
  readonly containers: LookupBuffers;
}

/** Address space, not memory: pages are taken when they are first touched. 327,680 rows: 262,144 threads and the versions in flight. */
export const DEFAULT_SHAPE: MemoryShape = {
  ring: DEFAULT_RING,
  strings: 1 << 20,
  stringBytes: 128 * 1024 * 1024,
  processRows: 327_680,
  fdRows: 1 << 20,
};

export function createMemory(shape: MemoryShape = DEFAULT_SHAPE): Memory {
  return {
    shape,
    ring: new SharedArrayBuffer(new RingLayout(shape.ring).bytes),
    dictionary: createDictionary(shape.strings, shape.stringBytes),
    processes: createProcessRows(shape.processRows, shape.processRows),
    fds: createFdRows(shape.fdRows),
    users: createLookup(16_384),
    groups: createLookup(16_384),
    containers: createLookup(16_384),
  };
}
