// SPDX-License-Identifier: Apache-2.0

import type { FdTables } from "./fd-tables.js";

/*
 * A poll list in an event: a u16 count, then entries of an i64 fd and i16 flags. Fd numbers fit into the lower half of
 * their eight bytes; the upper half, zero but in negative ones, takes the fd's row for whoever reads the list later.
 */

const HEADER = 2;
const ENTRY = 10;

function readInt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function writeInt(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
}

/** Puts the row of each fd of process `owner` into the list at bytes [start, start + length); negative numbers stay. */
export function fillPollList(bytes: Uint8Array, start: number, length: number, fds: FdTables, owner: number): void {
  if (length < HEADER) return;
  const end = start + length;
  const count = (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
  let entry = start + HEADER;
  for (let i = 0; i < count && entry + ENTRY <= end; i++, entry += ENTRY) {
    const fd = readInt(bytes, entry);
    if (fd >= 0) writeInt(bytes, entry + 4, readInt(bytes, entry + 4) === 0 ? fds.get(owner, fd) : 0);
  }
}
