// SPDX-License-Identifier: Apache-2.0

/*
 * Process rows: what a thread is, versioned, so that a worker sees each process as it was at the event it looks at.
 *
 *   heads  Int32[4,194,304 + 65,536]   tid -> newest row of that thread, 0 = none; written with Atomics.store only
 *   rows   32 words each, one fixed pool; row 0 is all zeros and is never written
 *
 *   w0-1   from       Float64: number of the first event that sees this row
 *   w2     prev       the row before it                 w3    jump       an older row, a power of two back
 *   w4-5   jumpFrom   Float64: copy of jump's `from`    w6    depth      length of the chain, for placing jumps
 *   w7 tid  w8 pid  w9 ptid  w10 flags  w11 sid  w12 comm  w13 exe  w14 exepath  w15 args      all a hop reads: one line
 *   w16 cmdline  w17 cwd  w18 uid  w19 gid  w20 loginuid  w21 tty  w22 pgid  w23 vpgid  w24 vpid  w25 vtid
 *   w26 container  w27 env  w28 extra  w29 exeflags  w30-31 clone time (ns since the epoch, low, high)
 *
 * Ordering. Ingest fills a row with plain stores, then stores it in `heads` with Atomics.store; a reader loads the head
 * with Atomics.load. So the row's words happen before the reader's loads; older rows of the chain were stored earlier by
 * the same thread. A reader's last load comes before its "batch done" store, which ingest loads before it reuses a row.
 *
 * Invariants. 1 Only ingest writes; a row is not written after its head is stored but by the event that made it, and but
 * for prev := 0 when the predecessor is freed. 2 Of a row with from > s a reader reads w0-w5 alone. 3 Along prev, from
 * strictly decreases. 4 Rows are freed only when every batch that could read them is done. 5 Removal is a version too: a
 * row of zeros. 6 No row id outlives the batch it was read for.
 */

export const ROW_WORDS = 32;
/** The most threads that are kept, as in other engines. */
export const THREAD_LIMIT = 262_144;
/** tids the kernel can hand out, and room behind them for captures with larger ones. */
export const TID_LIMIT = 4_194_304;
export const HEAD_SLOTS = TID_LIMIT + 65_536;

export const RowWord = {
  FROM: 0,
  PREV: 2,
  JUMP: 3,
  JUMP_FROM: 4,
  DEPTH: 6,
  TID: 7,
  PID: 8,
  PTID: 9,
  FLAGS: 10,
  SID: 11,
  COMM: 12,
  EXE: 13,
  EXEPATH: 14,
  /** argv[1..], NUL separated, without the final NUL. */
  ARGS: 15,
  CMDLINE: 16,
  /** Always ends with "/". */
  CWD: 17,
  UID: 18,
  GID: 19,
  LOGINUID: 20,
  TTY: 21,
  PGID: 22,
  VPGID: 23,
  VPID: 24,
  VTID: 25,
  /** Dictionary id of the container's id ("host" outside of containers). */
  CONTAINER: 26,
  /** K=V, NUL separated. */
  ENV: 27,
  /** Row in the extra pool, 0 = none. */
  EXTRA: 28,
  /** ExeFlag bits. */
  EXE_FLAGS: 29,
  CLONE_TIME: 30,
} as const;

/** Bits of FLAGS: the clone flags of events, and some of our own in the same word. */
export const ThreadFlag = {
  FILES: 1 << 0,
  NEWPID: 1 << 6,
  PARENT: 1 << 8,
  THREAD: 1 << 13,
  /** The child's side of its clone came first. */
  INVERTED: 1 << 16,
  NAME_CHANGED: 1 << 17,
  NEWUSER: 1 << 20,
  PIPE_SRC: 1 << 21,
  PIPE_DST: 1 << 22,
  VFORK: 1 << 27,
  CHILD_IN_PIDNS: 1 << 29,
  MAIN_THREAD: 1 << 30,
} as const;

/** Flags of an executable, as in the flags parameter of execve. */
export const ExeFlag = { WRITABLE: 1, UPPER_LAYER: 2, FROM_MEMFD: 4, LOWER_LAYER: 8 } as const;

/**
 * Extra rows: what is rarely read and rarely changes. Immutable; replaced, and freed by the same rule as process rows.
 */
export const EXTRA_WORDS = 24;
export const ExtraWord = {
  CAP_INHERITABLE: 0,
  CAP_PERMITTED: 2,
  CAP_EFFECTIVE: 4,
  EXE_INO: 6,
  EXE_CTIME: 8,
  EXE_MTIME: 10,
  PIDNS_START: 12,
  LAST_EXEC: 14,
  FD_LIMIT: 16,
  CGROUPS: 18,
  ROOT: 19,
  VM_SIZE: 20,
  VM_RSS: 21,
  VM_SWAP: 22,
} as const;

export interface ProcessBuffers {
  readonly heads: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
  readonly extras: SharedArrayBuffer;
}

export function createProcessRows(rows: number, extras: number): ProcessBuffers {
  return {
    heads: new SharedArrayBuffer(HEAD_SLOTS * 4),
    rows: new SharedArrayBuffer(rows * ROW_WORDS * 4),
    extras: new SharedArrayBuffer(extras * EXTRA_WORDS * 4),
  };
}

/** The reading side: two functions find rows, and nothing else may look at heads, prev or jump. */
export class ProcessRows {
  /** All rows as words; index with row * ROW_WORDS + RowWord.X. */
  readonly words: Int32Array;
  readonly extras: Int32Array;
  private readonly heads: Int32Array;
  private readonly times: Float64Array;

  constructor(buffers: ProcessBuffers) {
    this.words = new Int32Array(buffers.rows);
    this.extras = new Int32Array(buffers.extras);
    this.heads = new Int32Array(buffers.heads);
    this.times = new Float64Array(buffers.rows);
  }

  /** The row of thread `tid` that is valid at event `s`; 0 where it has none. A tid out of range has none. */
  at(tid: number, s: number): number {
    if (tid <= 0 || tid >= HEAD_SLOTS) return 0;
    let row = Atomics.load(this.heads, tid);
    const words = this.words;
    const times = this.times;
    while ((times[row * 16] as number) > s) {
      const base = row * ROW_WORDS;
      row = ((times[row * 16 + 2] as number) > s ? words[base + RowWord.JUMP] : words[base + RowWord.PREV]) as number;
    }
    // A tombstone is a version without a tid: absent.
    return words[row * ROW_WORDS + RowWord.TID] === 0 ? 0 : row;
  }

  /** The leader of the thread group of `row` at event `s`; the row itself where it leads, 0 where the leader is unknown. */
  leader(row: number, s: number): number {
    const base = row * ROW_WORDS;
    const pid = this.words[base + RowWord.PID] as number;
    return pid === this.words[base + RowWord.TID] ? row : this.at(pid, s);
  }
}
