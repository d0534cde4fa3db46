// SPDX-License-Identifier: Apache-2.0

/** What the first blocks of a capture section tell: the machine, and the processes, fds, users that were there at its start. */
export interface SectionHeader {
  readonly machine: MachineInfo | null;
  readonly interfaces: readonly NetworkInterface[];
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupEntry[];
  readonly threads: readonly ThreadEntry[];
  readonly fds: readonly FdEntry[];
}

export interface MachineInfo {
  readonly cpus: number;
  readonly memoryBytes: bigint;
  readonly hostname: string;
  /** ns since the epoch; 0n in old captures. */
  readonly bootTime: bigint;
}

export interface NetworkInterface {
  /** 4 or 16 bytes, network order. */
  readonly address: Uint8Array;
  readonly netmask: Uint8Array;
  readonly name: string;
}

/** Strings of entries are dictionary ids unless they are typed as string. */
export interface UserEntry {
  readonly uid: number;
  readonly gid: number;
  readonly name: number;
  readonly home: number;
  readonly shell: number;
}

export interface GroupEntry {
  readonly gid: number;
  readonly name: number;
}

export interface ThreadEntry {
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid: number;
  readonly vpgid: number;
  readonly pgid: number;
  readonly vtid: number;
  readonly vpid: number;
  readonly flags: number;
  readonly uid: number;
  readonly gid: number;
  readonly loginuid: number;
  readonly tty: number;
  readonly comm: number;
  readonly exe: number;
  readonly exepath: number;
  /** argv[1..], NUL separated, no final NUL. */
  readonly args: number;
  readonly cwd: number;
  readonly root: number;
  readonly env: number;
  readonly cgroups: number;
  readonly fdLimit: bigint;
  readonly vmSize: number;
  readonly vmRss: number;
  readonly vmSwap: number;
  /** Page faults; left out where they are not known. */
  readonly pfMajor?: bigint;
  readonly pfMinor?: bigint;
  readonly exeFlags: number;
  readonly capInheritable: bigint;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
  readonly exeIno: bigint;
  readonly exeCtime: bigint;
  readonly exeMtime: bigint;
  readonly pidnsStart: bigint;
}

export interface FdEntry {
  readonly tid: number;
  readonly fd: number;
  readonly ino: bigint;
  /** FdKind. */
  readonly kind: number;
  /** Sockets: dictionary id of the address, encoded as SOCKTUPLE or SOCKADDR (see fd-rows.ts); else 0. */
  readonly socket: number;
  readonly l4: number;
  readonly openFlags: number;
  readonly dev: number;
  /** Dictionary id; 0 for internet sockets. */
  readonly name: number;
}

/** What a fill ended with. */
export const FillResult = {
  /** The batch is full; there may be more. */
  MORE: 0,
  /** The end of the input; the batch may hold the last events. */
  END: 1,
  /** A new section begins behind this batch: ask for its header before the next fill. */
  SECTION: 2,
  /** The input is bad behind this batch; `failure` says how. What the batch holds is good. */
  FAILED: 3,
} as const;

/** A coded failure of a source. */
export interface SourceFailure {
  readonly code: string;
  readonly message: string;
  /** Byte offset in the (inflated) input, -1 where it has none. */
  readonly offset: number;
}

/** Where events come from: three methods, called from the ingest thread, which may block in them. */
export interface Source {
  /** Opens the input and reads up to the first event. Throws a PeregrineError where that fails. */
  open(): SectionHeader;
  /** Fills the batch in `slot` of the ring: records, heap and header words but WANTED. Returns a FillResult. */
  fill(slot: number): number;
  /**
   * Whether `fill` writes FIRST_EVENT and FIRST_TIME too: a source that passes events over leaves no record of them, and
   * the first event may be one of those.
   */
  readonly tellsFirst?: boolean;
  /** After FillResult.SECTION: the header of the section that begins. */
  section(): SectionHeader;
  /** After FillResult.FAILED. */
  readonly failure: SourceFailure | null;
  close(): void;
}
