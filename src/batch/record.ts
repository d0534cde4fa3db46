// SPDX-License-Identifier: Apache-2.0

/*
 * A record: one event in a batch, in 32-bit words, 8-byte aligned. `o` is its word offset in the ring.
 *
 *   o+0   size      words of this record
 *   o+1   type      event type | cpu << 16
 *   o+2   number    evt.num as a Float64 (two words); also the sequence number that row versions are compared with
 *   o+4   time      ns since the epoch, low word, high word
 *   o+6   tid       low word, high word, as in the event
 *   o+8   present   bit i: parameter i is there and not empty
 *   o+9   flags     RecordFlag bits
 *   o+10  row       process row of the event's thread           ┐
 *   o+11  leader    process row of that thread's group leader   │ 0 = none
 *   o+12  fdrow     row of the fd that the event works on       ┘ written by the state stage
 *   o+13  fd        number of that fd, -1 = none
 *   o+14  nparams   parameters that the event has (a prefix of the type's)
 *   o+15  annex     word offset of the annex (annex.ts) from `o`, 0 = none
 *   o+16  parameters, each at its own place (ParamInfo.word), by kind:
 *           int     value                               fd      low, high, fd row
 *           wide    low, high                           fd32    value, fd row
 *           string  dictionary id, up to the first NUL  bytes   dictionary id of all bytes
 *           blob    byte offset in the ring, length in bytes
 *
 * In a poll list (FDLIST: u16 count, then entries of i64 fd, i16 flags) the state stage puts the fd's row in place of the
 * upper half of each fd that is not negative.
 *
 * The reader decodes only the parameters that the plan asks for; the rest of the words are 0 and nobody reads them.
 * An empty or missing parameter has its words 0 and its `present` bit clear.
 */

export const RecordWord = {
  SIZE: 0,
  TYPE: 1,
  NUMBER: 2,
  TIME: 4,
  TID: 6,
  PRESENT: 8,
  FLAGS: 9,
  ROW: 10,
  LEADER: 11,
  FD_ROW: 12,
  FD: 13,
  NPARAMS: 14,
  ANNEX: 15,
  HEADER: 16,
} as const;

export const RecordFlag = {
  /** Changes state, is never shown: an enter event, an event marked so in the file, or one that a capture starts with. */
  STATE_ONLY: 1,
  /** Carries no parameters: it only tells the state stage that its thread exists. */
  TOUCH: 2,
  /** The event gave its fd another name (fd.name_changed). */
  NAME_CHANGED: 4,
  /** The event's fd is connected (fd.connected). */
  CONNECTED: 8,
} as const;
