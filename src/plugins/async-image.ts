// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";

const HEADER = 26;
const LENGTHS = 12;
const ID = 4;
const NO_THREAD = 2n ** 64n - 1n;

/**
 * An event that a plugin has added, as a capture has it; little endian:
 *
 *   0         8          16      20     22     26        38   42    name     data
 *   u64 time  u64 thread u32 all u16 type  u32 3  3 u32  u32 ID  name NUL  data
 *
 * @param time ns since the epoch
 * @param id of the plugin; 0: the event is one of a source of system calls
 */
export function asyncImage(time: bigint, id: number, name: string, data: Uint8Array | string): Uint8Array {
  const text = Buffer.from(`${name}\0`);
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const head = Buffer.alloc(HEADER + LENGTHS + ID);
  head.writeBigUInt64LE(time, 0);
  head.writeBigUInt64LE(NO_THREAD, 8);
  head.writeUInt32LE(head.length + text.length + bytes.length, 16);
  head.writeUInt16LE(EventType.ASYNCEVENT_E, 20);
  head.writeUInt32LE(3, 22);
  head.writeUInt32LE(ID, HEADER);
  head.writeUInt32LE(text.length, HEADER + 4);
  head.writeUInt32LE(bytes.length, HEADER + 8);
  head.writeUInt32LE(id, HEADER + LENGTHS);
  return Buffer.concat([head, text, bytes]);
}
