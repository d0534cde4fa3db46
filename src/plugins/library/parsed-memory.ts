// SPDX-License-Identifier: Apache-2.0

/*
 * What a library that parses has extracted from the events of a batch: one SharedArrayBuffer for each source and such plugin, a
 * region for each slot of the ring.
 *
 *   w0 entries    w1 spare
 *   w2..  for each event that was extracted from, in their order: the word offset of its record in the ring, and of its answer
 *         in the region, the answer's bytes, and the place of the event's table in the answer
 *   then  the answers
 *
 * The thread that parses writes a region before it publishes the slot's batch; workers read it until they give the batch back:
 * what orders the ring's words orders these.
 */

export const HEAD = 2;
export const ENTRY = 4;
export const Entry = { RECORD: 0, ANSWER: 1, SIZE: 2, TABLE: 3 } as const;
/** Pages that nobody touches cost nothing. */
export const REGION_BYTES = 8 * 1024 * 1024;

/** @param slots of the ring */
export function createParsed(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * REGION_BYTES);
}
