// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag } from "../../src/batch/event-table.generated.js";
import { PeregrineError } from "../../src/telemetry/errors.js";

/*
 * A walk over the blocks of a capture in memory, of the bench's own: it knows the frames and where the parameters lie,
 * and nothing of what they mean. All numbers are little-endian.
 *
 *   block   u32 type   u32 total   body   0..3 zero bytes   u32 total
 *   event   u16 cpu   [u32 flags]   u64 time   u64 tid   u32 length   u16 type   [u32 parameters]   lengths   parameters
 */

const SECTION_HEADER = 0x0a0d0d0a;
const LARGEST_PARAMETER_COUNT = 32;

/** What the event block types differ in. */
const EVENT_BLOCKS: ReadonlyMap<number, { readonly flags: boolean; readonly counted: boolean }> = new Map([
  [0x204, { flags: false, counted: false }],
  [0x8010abcd, { flags: false, counted: false }],
  [0x208, { flags: true, counted: false }],
  [0x216, { flags: false, counted: true }],
  [0x217, { flags: true, counted: true }],
  [0x221, { flags: false, counted: true }],
  [0x222, { flags: true, counted: true }],
]);

/** The first section of a capture: header blocks in `bytes[0..eventsStart)`, event blocks in `bytes[eventsStart..eventsEnd)`. */
export interface Section {
  readonly bytes: Buffer;
  readonly eventsStart: number;
  readonly eventsEnd: number;
  readonly events: number;
}

/**
 * Finds the first section of an inflated capture. What follows it (another section) is left out.
 * @throws PeregrineError BENCH_SEED where a block does not fit, or where there is no event.
 */
export function firstSection(bytes: Buffer): Section {
  if (bytes.length < 28 || bytes.readUInt32LE(0) !== SECTION_HEADER) {
    throw new PeregrineError("BENCH_SEED", "The file does not begin as a capture does.", { offset: 0 });
  }
  let at = 0;
  let eventsStart = -1;
  let events = 0;
  while (at + 12 <= bytes.length) {
    const event = EVENT_BLOCKS.has(bytes.readUInt32LE(at));
    if (eventsStart >= 0 && !event) break;
    const total = bytes.readUInt32LE(at + 4);
    if (total < 12 || total % 4 !== 0 || at + total > bytes.length) {
      throw new PeregrineError("BENCH_SEED", `A block of ${total} bytes does not fit into the file.`, { offset: at });
    }
    if (event) {
      if (eventsStart < 0) eventsStart = at;
      events++;
    }
    at += total;
  }
  if (eventsStart < 0) throw new PeregrineError("BENCH_SEED", "The capture holds no event.", { offset: at });
  return { bytes, eventsStart, eventsEnd: at, events };
}

/** Moves over the event blocks of a section. Offsets are those in `bytes`. */
export class EventCursor {
  /** Of the block. */
  block = 0;
  next: number;
  /** Of the time; the thread id stands 8 bytes behind it. */
  time = 0;
  type = 0;
  count = 0;
  readonly starts = new Int32Array(LARGEST_PARAMETER_COUNT);
  readonly lengths = new Int32Array(LARGEST_PARAMETER_COUNT);

  constructor(private readonly section: Section) {
    this.next = section.eventsStart;
  }

  /** False behind the last event. Parameters of types that the event table does not have are not looked at: count = 0. */
  move(): boolean {
    const { bytes, eventsEnd } = this.section;
    if (this.next >= eventsEnd) return false;
    this.block = this.next;
    this.next += bytes.readUInt32LE(this.block + 4);
    const shape = EVENT_BLOCKS.get(bytes.readUInt32LE(this.block));
    this.time = this.block + 10 + (shape?.flags ? 4 : 0);
    const headerBytes = shape?.counted ? 26 : 22;
    const end = this.time + bytes.readUInt32LE(this.time + 16);
    if (this.time + headerBytes > end || end > this.next - 4) this.fail("An event is longer than its block.");
    this.type = bytes.readUInt16LE(this.time + 20);
    const info = EVENTS[this.type];
    this.count = 0;
    if (info === undefined) return true;
    const width = (info.flags & EventFlag.LARGE_PAYLOAD) !== 0 ? 4 : 2;
    const table = this.time + headerBytes;
    const count = shape?.counted
      ? bytes.readUInt32LE(this.time + 22)
      : this.uncounted(table, end, width, info.params.length);
    if (count > LARGEST_PARAMETER_COUNT || table + count * width > end) {
      this.fail("An event's parameter lengths do not fit.");
    }
    let data = table + count * width;
    for (let i = 0; i < count; i++) {
      const length = width === 2 ? bytes.readUInt16LE(table + 2 * i) : bytes.readUInt32LE(table + 4 * i);
      if (data + length > end) this.fail("A parameter is longer than its event.");
      this.starts[i] = data;
      this.lengths[i] = length;
      data += length;
    }
    this.count = count;
    return true;
  }

  /** Old events do not say how many parameters they have: the largest number whose lengths fill the event exactly. */
  private uncounted(table: number, end: number, width: number, most: number): number {
    const { bytes } = this.section;
    for (let count = most; count > 0; count--) {
      let at = table + count * width;
      if (at > end) continue;
      for (let i = 0; i < count; i++) at += width === 2 ? bytes.readUInt16LE(table + 2 * i) : 0;
      if (at === end) return count;
    }
    return 0;
  }

  private fail(message: string): never {
    throw new PeregrineError("BENCH_SEED", message, { offset: this.block });
  }
}

const PROCESS_LISTS = new Map([
  [0x202, 1],
  [0x207, 2],
  [0x209, 3],
  [0x210, 4],
  [0x211, 5],
  [0x212, 6],
  [0x213, 7],
  [0x214, 8],
  [0x215, 9],
]);

/** Thread ids, process ids and parents' ids of the process list: of a version 9 list all, of an older one (entries of unknown length) the first entry's. */
export function listedIds(section: Section): Set<number> {
  const { bytes, eventsStart } = section;
  const ids = new Set<number>();
  for (let at = 0; at < eventsStart; at += bytes.readUInt32LE(at + 4)) {
    const version = PROCESS_LISTS.get(bytes.readUInt32LE(at));
    if (version === undefined) continue;
    const end = at + bytes.readUInt32LE(at + 4) - 4;
    const skip = version === 9 ? 4 : 0;
    for (let entry = at + 8; entry + skip + 24 <= end; ) {
      for (let i = 0; i < 3; i++) ids.add(Number(bytes.readBigUInt64LE(entry + skip + 8 * i)));
      const length = version === 9 ? bytes.readUInt32LE(entry) : 0;
      if (length < 28) break;
      entry += length;
    }
  }
  return ids;
}
