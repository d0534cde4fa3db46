// SPDX-License-Identifier: Apache-2.0

/*
 * The annex of a record: what the rules want to know of an event, its thread and its process at that very moment, and that
 * no row says, since it changes with nearly every event or is rarely asked for. Records have an annex only where the plan
 * asks for one; then each record that goes to the rules has one, behind its parameters. RecordWord.ANNEX leads to it.
 *
 *   w0-1   previous   time of the source's event before this one, ns since the epoch, low, high; 0 = this is the first
 *   w2     threads    living threads of the process, the leader included
 *   w3     others     the same without the leader
 *   w4     fds        open fds of the process                w5   kinds   bit k: an fd of kind k is open
 *   w6-8   streams    rows of fds 0, 1 and 2; 0 = closed     w9   spare
 *   w10-11 pfmajor    w12-13 pfminor    page faults of the thread
 *   w14-15 exectime   switch events: ns since the switch before on the same processor; else 0
 *   w16-17 total      sum of those of this thread
 *   w18-19 user       w20-21 system     processor time of the thread at the procinfo event before this one
 *   w22    image: byte offset in the ring      w23   its bytes; 0 = it has none
 *   w24..  pairs of an fd's number and its row, for other fds that are asked for by number, to the record's end
 *
 * An image is the event as plugins' libraries are given it: header of 26 bytes, lengths, parameters, as in a capture.
 *
 * The reader writes w0-1, w22-23 and zeros, the state stage the rest.
 */

export const AnnexWord = {
  PREVIOUS: 0,
  THREADS: 2,
  OTHERS: 3,
  FDS: 4,
  KINDS: 5,
  STREAMS: 6,
  PF_MAJOR: 10,
  PF_MINOR: 12,
  EXEC_TIME: 14,
  TOTAL_EXEC_TIME: 16,
  CPU_USER: 18,
  CPU_SYSTEM: 20,
  IMAGE: 22,
  PAIRS: 24,
} as const;

/** Parts of an annex that somebody asks for: a bit set. */
export const AnnexPart = {
  PREVIOUS: 1,
  THREADS: 2,
  FDS: 4,
  STREAMS: 8,
  FAULTS: 16,
  EXEC_TIME: 32,
  CPU: 64,
  /** Apart from FDS, since it takes a walk over all fds. */
  KINDS: 128,
  /** These two have no place in the annex: they make the state stage apply events that it otherwise leaves out. */
  MEMORY: 256,
  CONNECTED: 512,
  /** Of the types that the plan marks. */
  IMAGE: 1024,
} as const;

const IN_ANNEX = 255 | AnnexPart.IMAGE;

/** What is asked of annexes. */
export interface AnnexDemand {
  /** AnnexPart bits. */
  parts: number;
  /** Numbers of fds beyond 2, each once. */
  fds: number[];
}

/** Adds what one field asks for. */
export function askAnnex(demand: AnnexDemand, parts: number, fd: number | undefined): void {
  demand.parts |= parts;
  if (fd !== undefined && !demand.fds.includes(fd)) demand.fds.push(fd);
}

export function noAnnex(): AnnexDemand {
  return { parts: 0, fds: [] };
}

/** Words of an annex; 0 where nothing is asked. Even, as records are. */
export function annexWords(demand: AnnexDemand): number {
  return (demand.parts & IN_ANNEX) === 0 && demand.fds.length === 0 ? 0 : AnnexWord.PAIRS + 2 * demand.fds.length;
}
