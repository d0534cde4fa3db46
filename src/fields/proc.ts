// SPDX-License-Identifier: Apache-2.0

import { AnnexPart } from "../batch/annex.js";
import { EMPTY } from "../batch/dictionary.js";
import { ExeFlag, ExtraWord, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import {
  type Argument,
  type Binders,
  bool,
  dictionaryText,
  interned,
  keyed,
  number,
  plain,
  type Reading,
  wide,
} from "./reading.js";
import { big64 } from "./render/number.js";
import { NO_CWD } from "./render/param.js";
import { ancestorRow, extraOf, joinedArgs, parentRow, rowTextKey, splitArgs } from "./rows.js";
import { isZero, timeDifference } from "./time.js";
import type { EventView } from "./view.js";

const own = (word: number): ReturnType<typeof plain> => plain(interned((e) => rowTextKey(e, e.row, word)));
const parents = (word: number): ReturnType<typeof plain> =>
  plain(interned((e) => rowTextKey(e, ancestorRow(e, 1), word)));

function argsKey(e: EventView): number {
  return rowTextKey(e, e.row, RowWord.ARGS);
}

/** proc.args[n]: the n-th argument, "" out of range. */
function bindArgs(argument: Argument | null): Reading {
  if (argument === null) return { extract: keyed(argsKey, joinedArgs) };
  const index = argument.index;
  return { extract: keyed(argsKey, (key, e) => splitArgs(e.dictionary.text(key))[index] ?? "") };
}

/** A figure of the arguments, computed once a vector. */
function argsFigure(figure: (args: readonly string[]) => number): ReturnType<typeof plain> {
  return plain(number((e) => (e.row === 0 ? Number.NaN : figure(splitArgs(e.dictionary.text(argsKey(e)))))));
}

/** A number of the thread's row. */
const rowNumber = (word: number): ReturnType<typeof plain> =>
  plain(number((e) => (e.row === 0 ? Number.NaN : (e.rows[e.row * ROW_WORDS + word] as number))));

/** A virtual id: -1 means that it is not known. */
const virtualId = (word: number): ReturnType<typeof plain> =>
  plain(
    number((e) => {
      const id = e.row === 0 ? -1 : (e.rows[e.row * ROW_WORDS + word] as number);
      return id === -1 ? Number.NaN : id;
    }),
  );

const exeFlag = (mask: number): ReturnType<typeof plain> =>
  plain(
    bool((e) => {
      if (e.row === 0) return -1;
      return ((e.rows[e.row * ROW_WORDS + RowWord.EXE_FLAGS] as number) & mask) !== 0 ? 1 : 0;
    }),
  );

const sameIds = (one: number, other: number): ReturnType<typeof plain> =>
  plain(
    bool((e) => {
      const base = e.row * ROW_WORDS;
      return e.row === 0 ? -1 : e.rows[base + one] === e.rows[base + other] ? 1 : 0;
    }),
  );

/** The leader's ptid; absent where no such thread is known. */
function parentId(e: EventView): number {
  if (e.leader === 0) return Number.NaN;
  const ptid = e.rows[e.leader * ROW_WORDS + RowWord.PTID] as number;
  return e.processes.at(ptid, e.number) === 0 ? Number.NaN : ptid;
}

/** ns from when `row` was cloned to the event; NaN where that is not known. */
function age(e: EventView, row: number): number {
  if (row === 0) return Number.NaN;
  const base = row * ROW_WORDS + RowWord.CLONE_TIME;
  const low = e.rows[base] as number;
  const high = e.rows[base + 1] as number;
  if (isZero(low, high)) return Number.NaN;
  const at = e.o + RecordWord.TIME;
  return timeDifference(e.words[at] as number, e.words[at + 1] as number, low, high);
}

function cloneTime(e: EventView, row: number): bigint | undefined {
  const base = row * ROW_WORDS + RowWord.CLONE_TIME;
  const low = e.rows[base] as number;
  const high = e.rows[base + 1] as number;
  return row === 0 || isZero(low, high) ? undefined : big64(low, high, false);
}

/** A 64-bit value of the extra row; undefined where it is zero. */
function extraWide(e: EventView, row: number, word: number): bigint | undefined {
  const at = extraOf(e, row) + word;
  const low = e.extras[at] as number;
  const high = e.extras[at + 1] as number;
  return isZero(low, high) ? undefined : big64(low, high, false);
}

const extra = (word: number): ReturnType<typeof plain> => plain(wide((e) => extraWide(e, e.row, word)));

/** ns from the extra row's time `from` to the clone; NaN where one of them is not known or the clone came first. */
function sinceInodeChange(e: EventView): number {
  const at = extraOf(e, e.row) + ExtraWord.EXE_CTIME;
  const base = e.row * ROW_WORDS + RowWord.CLONE_TIME;
  const low = e.extras[at] as number;
  const high = e.extras[at + 1] as number;
  const cloneLow = e.rows[base] as number;
  const cloneHigh = e.rows[base + 1] as number;
  if (isZero(low, high) || isZero(cloneLow, cloneHigh)) return Number.NaN;
  const duration = timeDifference(cloneLow, cloneHigh, low, high);
  return duration > 0 ? duration : Number.NaN;
}

/** ns from the start of the pid namespace to the inode change, where the change came later. */
function inodeChangeSinceNamespace(e: EventView): number {
  const at = extraOf(e, e.row);
  const ctimeLow = e.extras[at + ExtraWord.EXE_CTIME] as number;
  const ctimeHigh = e.extras[at + ExtraWord.EXE_CTIME + 1] as number;
  const startLow = e.extras[at + ExtraWord.PIDNS_START] as number;
  const startHigh = e.extras[at + ExtraWord.PIDNS_START + 1] as number;
  if (isZero(ctimeLow, ctimeHigh) || isZero(startLow, startHigh)) return Number.NaN;
  const duration = timeDifference(ctimeLow, ctimeHigh, startLow, startHigh);
  return duration > 0 ? duration : Number.NaN;
}

/** Keys of proc.cwd: dictionary ids; 0 = the leader is not known. */
function cwdKey(e: EventView): number {
  if (e.row === 0) return -1;
  return e.leader === 0 ? 0 : (e.rows[e.leader * ROW_WORDS + RowWord.CWD] as number) || EMPTY;
}

const memory = (word: number): ReturnType<typeof plain> =>
  plain(
    number((e) => (e.row === 0 ? Number.NaN : (e.extras[extraOf(e, e.row) + word] as number) >>> 0)),
    { annex: { parts: AnnexPart.MEMORY } },
  );

/** The event's process: its texts, numbers and times. */
export const PROC_FIELDS: Binders = {
  "proc.name": own(RowWord.COMM),
  "proc.exe": own(RowWord.EXE),
  "proc.exepath": own(RowWord.EXEPATH),
  "proc.cmdline": own(RowWord.CMDLINE),
  "proc.args": bindArgs,
  "proc.exeline": plain(
    // Keys: exe and args have to be known both; no single id stands for the pair.
    { shape: "text", get: exeLine },
  ),
  "proc.cmdnargs": argsFigure((args) => args.length),
  "proc.cmdlenargs": argsFigure((args) => args.reduce((sum, arg) => sum + arg.length, 0)),
  "proc.cwd": plain(keyed(cwdKey, (key, e) => (key === 0 ? NO_CWD : dictionaryText(key, e)))),
  "proc.pname": parents(RowWord.COMM),
  "proc.pexe": parents(RowWord.EXE),
  "proc.pexepath": parents(RowWord.EXEPATH),
  "proc.pcmdline": parents(RowWord.CMDLINE),
  "proc.tty": plain(
    number((e) => (e.row === 0 ? Number.NaN : (e.rows[e.row * ROW_WORDS + RowWord.TTY] as number) >>> 0)),
  ),
  "proc.pid": rowNumber(RowWord.PID),
  "proc.ppid": plain(number(parentId)),
  "proc.vpid": virtualId(RowWord.VPID),
  "proc.pvpid": plain(
    number((e) => {
      const parent = parentRow(e);
      return parent === 0 ? Number.NaN : (e.rows[parent * ROW_WORDS + RowWord.VPID] as number);
    }),
  ),
  "proc.sid": rowNumber(RowWord.SID),
  "proc.vpgid": rowNumber(RowWord.VPGID),
  "proc.pgid": rowNumber(RowWord.PGID),
  "proc.duration": plain(number((e) => age(e, e.row))),
  "proc.ppid.duration": plain(number((e) => age(e, parentRow(e)))),
  "proc.pid.ts": plain(wide((e) => cloneTime(e, e.row))),
  "proc.ppid.ts": plain(wide((e) => (parentRow(e) === 0 ? undefined : (cloneTime(e, parentRow(e)) ?? 0n)))),
  "proc.is_exe_writable": exeFlag(ExeFlag.WRITABLE),
  "proc.is_exe_upper_layer": exeFlag(ExeFlag.UPPER_LAYER),
  "proc.is_exe_lower_layer": exeFlag(ExeFlag.LOWER_LAYER),
  "proc.is_exe_from_memfd": exeFlag(ExeFlag.FROM_MEMFD),
  "proc.is_sid_leader": sameIds(RowWord.SID, RowWord.VPID),
  "proc.is_vpgid_leader": sameIds(RowWord.VPGID, RowWord.VPID),
  "proc.is_pgid_leader": sameIds(RowWord.PGID, RowWord.PID),
  "proc.exe_ino": extra(ExtraWord.EXE_INO),
  "proc.exe_ino.ctime": extra(ExtraWord.EXE_CTIME),
  "proc.exe_ino.mtime": extra(ExtraWord.EXE_MTIME),
  "proc.exe_ino.ctime_duration_proc_start": plain(number(sinceInodeChange)),
  "proc.exe_ino.ctime_duration_pidns_start": plain(number(inodeChangeSinceNamespace)),
  "proc.pidns_init_start_ts": extra(ExtraWord.PIDNS_START),
  "proc.fdlimit": plain(
    wide((e) => {
      if (e.row === 0) return undefined;
      const at = extraOf(e, e.leader === 0 ? e.row : e.leader) + ExtraWord.FD_LIMIT;
      return big64(e.extras[at] as number, e.extras[at + 1] as number, true);
    }, true),
  ),
  "proc.vmsize": memory(ExtraWord.VM_SIZE),
  "proc.vmrss": memory(ExtraWord.VM_RSS),
  "proc.vmswap": memory(ExtraWord.VM_SWAP),
};

function exeLine(e: EventView): string | null {
  if (e.row === 0) return null;
  const exe = rowTextKey(e, e.row, RowWord.EXE);
  return `${e.dictionary.text(exe)} ${joinedArgs(argsKey(e), e)}`;
}
