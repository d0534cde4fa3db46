// SPDX-License-Identifier: Apache-2.0

import { EMPTY, PathFlag } from "../batch/dictionary.js";
import type { EventInfo } from "../batch/event.js";
import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { eventInfo } from "./events.js";
import { demandName, nameKey, nameText } from "./fd-name.js";
import { UNKEYED } from "./field.js";
import { type Argument, type Binders, dictionaryText, keyed, plain, type Reading } from "./reading.js";
import { AT_FDCWD } from "./render/fd.js";
import { signed64 } from "./render/number.js";
import { directoryAt, workingDirectory } from "./render/param.js";
import { joinPath, UNKNOWN_DIRECTORY } from "./render/path.js";
import type { EventView } from "./view.js";

/** Where the paths of a call that succeeded stand: parameter names, and "fd" for the name of the event's fd. */
interface PathRule {
  readonly name?: string;
  readonly source?: string;
  readonly target?: string;
}

const THE_FD = "fd name";

const RULES: Readonly<Record<number, PathRule>> = {
  [EventType.SYSCALL_OPEN_X]: { name: "name" },
  [EventType.SYSCALL_OPENAT_2_X]: { name: "name" },
  [EventType.SYSCALL_OPENAT2_X]: { name: "name" },
  [EventType.SYSCALL_UNLINKAT_2_X]: { name: "name" },
  [EventType.SYSCALL_UMOUNT_1_X]: { name: "name" },
  [EventType.SYSCALL_UMOUNT2_X]: { name: "name" },
  [EventType.SYSCALL_MKDIR_2_X]: { name: "path" },
  [EventType.SYSCALL_MKDIRAT_X]: { name: "path" },
  [EventType.SYSCALL_RMDIR_2_X]: { name: "path" },
  [EventType.SYSCALL_UNLINK_2_X]: { name: "path" },
  [EventType.SYSCALL_CHOWN_X]: { name: "path" },
  [EventType.SYSCALL_LCHOWN_X]: { name: "path" },
  [EventType.SYSCALL_CHMOD_X]: { name: "filename" },
  [EventType.SYSCALL_FCHMODAT_X]: { name: "filename" },
  [EventType.SYSCALL_FCHMOD_X]: { name: THE_FD },
  [EventType.SYSCALL_FCHOWN_X]: { name: THE_FD },
  [EventType.SYSCALL_FCHOWNAT_X]: { name: "pathname" },
  [EventType.SYSCALL_QUOTACTL_X]: { name: "special" },
  [EventType.SYSCALL_RENAME_X]: { source: "oldpath", target: "newpath" },
  [EventType.SYSCALL_RENAMEAT_X]: { source: "oldpath", target: "newpath" },
  [EventType.SYSCALL_RENAMEAT2_X]: { source: "oldpath", target: "newpath" },
  [EventType.SYSCALL_LINK_2_X]: { source: "newpath", target: "oldpath" },
  [EventType.SYSCALL_LINKAT_2_X]: { source: "newpath", target: "oldpath" },
  [EventType.SYSCALL_SYMLINK_X]: { source: "linkpath", target: "target" },
  [EventType.SYSCALL_SYMLINKAT_X]: { source: "linkpath", target: "target" },
  [EventType.SYSCALL_MOUNT_X]: { source: "dev", target: "dir" },
};

/** Where a relative path of a call starts; a value of 0 and more is the index of a directory fd parameter. */
const Base = {
  WORKING_DIRECTORY: -1,
  /** The fd that the call opened: its name is the path. */
  OPENED_FD: -2,
  /** The directory fd, which is the event's fd; anything that is no known directory, the working directory included, is unknown. */
  EVENT_FD: -3,
} as const;

const BASES: Readonly<Record<number, number>> = {
  [EventType.SYSCALL_OPENAT_2_X]: Base.OPENED_FD,
  [EventType.SYSCALL_OPENAT2_X]: Base.OPENED_FD,
  [EventType.SYSCALL_FCHOWNAT_X]: Base.EVENT_FD,
  [EventType.SYSCALL_FCHMODAT_X]: Base.EVENT_FD,
  [EventType.SYSCALL_MKDIRAT_X]: Base.EVENT_FD,
  [EventType.SYSCALL_UNLINKAT_2_X]: Base.EVENT_FD,
  [EventType.SYSCALL_SYMLINKAT_X]: Base.EVENT_FD,
};

/** A rule for one event type with its indices looked up. */
interface Place {
  /** Index of the path, -1 for the event's fd. */
  readonly path: number;
  readonly word: number;
  /** A Base, or the index of a directory fd parameter. */
  readonly base: number;
}

function indexIn(info: EventInfo, name: string): number {
  return info.params.findIndex((param) => param.name === name);
}

function placesOf(which: keyof PathRule): readonly (Place | undefined)[] {
  return EVENTS.map((info) => {
    const name = RULES[info.id]?.[which];
    if (name === undefined) return undefined;
    if (name === THE_FD) return { path: -1, word: 0, base: Base.WORKING_DIRECTORY };
    const path = indexIn(info, name);
    const rename = info.id === EventType.SYSCALL_RENAMEAT2_X;
    const base = rename ? (info.params[path]?.dirfd ?? -1) : (BASES[info.id] ?? Base.WORKING_DIRECTORY);
    return { path, word: info.params[path]?.word ?? 0, base };
  });
}

const OPENS = Uint8Array.from(EVENTS, (info) =>
  RULES[info.id] !== undefined && info.params[0]?.name === "fd" ? 1 : 0,
);

/**
 * Whether the call did what it was asked: its result is 0. Opening calls count as done unless they gave -1, which they never
 * do when they fail: an error has its own number. Rules have come to rely on it.
 */
function succeeded(e: EventView): boolean {
  const low = e.words[e.o + 16] as number;
  const high = e.words[e.o + 17] as number;
  if (!e.has(0)) return false;
  return OPENS[e.type] === 1 ? !(low === -1 && high === -1) : low === 0 && high === 0;
}

/** Key of a path parameter as it is: dictionary id, -1 where there is none. */
function rawKey(e: EventView, places: readonly (Place | undefined)[]): number {
  const place = places[e.type];
  if (place === undefined || !succeeded(e)) return -1;
  if (place.path < 0) return nameKey(e);
  return e.has(place.path) ? (e.words[e.o + place.word] as number) || EMPTY : -1;
}

/** Key of a path made absolute: its own id where it is normal already, else UNKEYED. */
function pathKey(e: EventView, places: readonly (Place | undefined)[]): number {
  const key = rawKey(e, places);
  if (key === -1 || key === UNKEYED) return key;
  const place = places[e.type];
  return (place?.path ?? -1) < 0 || (e.dictionary.pathFlags(key) & PathFlag.NORMAL) !== 0 ? key : UNKEYED;
}

function pathText(key: number, e: EventView, places: readonly (Place | undefined)[]): string | null {
  const place = places[e.type];
  if (key !== UNKEYED) return dictionaryText(key, e);
  if (place === undefined) return null;
  if (place.path < 0) return nameText(key, e);
  const path = e.dictionary.text((e.words[e.o + place.word] as number) || EMPTY);
  if (path.startsWith("/")) return joinPath("/", path);
  return e.row === 0 ? null : relativeTo(e, place.base, path);
}

/** A relative path made absolute as far as its base is known. */
function relativeTo(e: EventView, base: number, path: string): string {
  if (base === Base.WORKING_DIRECTORY) return joinPath(workingDirectory(e), path);
  if (base === Base.OPENED_FD) return e.fdRow === 0 ? UNKNOWN_DIRECTORY : fdName(e, e.fdRow);
  let row = e.fdRow;
  if (base >= 0) {
    const at = e.o + (eventInfo(e.type).params[base]?.word ?? 0);
    if ((e.words[at] as number) === AT_FDCWD) return joinPath(workingDirectory(e), path);
    row = e.words[at + 2] as number;
  }
  const directory = (e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number) === FdKind.DIRECTORY;
  return directory ? joinPath(fdName(e, row), path) : joinPath("", UNKNOWN_DIRECTORY + path);
}

function fdName(e: EventView, row: number): string {
  return e.dictionary.text(e.fds[row * FD_ROW_WORDS + FdWord.NAME] as number);
}

function demandPath(type: number, places: readonly (Place | undefined)[]): number {
  const place = places[type];
  if (place === undefined) return 0;
  if (place.path < 0) return 1 | demandName(type);
  return 1 | (1 << place.path) | (place.base < 0 ? 0 : 1 << place.base);
}

function absolute(which: keyof PathRule): ReturnType<typeof plain> {
  const places = placesOf(which);
  return plain(
    keyed(
      (e) => pathKey(e, places),
      (key, e) => pathText(key, e, places),
    ),
    { demand: (type) => demandPath(type, places) },
  );
}

function raw(which: keyof PathRule): ReturnType<typeof plain> {
  const places = placesOf(which);
  return plain(
    keyed(
      (e) => rawKey(e, places),
      (key, e) => (key === UNKEYED ? nameText(key, e) : dictionaryText(key, e)),
    ),
    { demand: (type) => demandPath(type, places) },
  );
}

/** Paths that a call works on by directory fd: names of the fd and path parameters, of the first and the second path. */
const ABSPATH: Readonly<Record<number, readonly (readonly [string, string])[]>> = {
  [EventType.SYSCALL_RENAMEAT_X]: [
    ["olddirfd", "oldpath"],
    ["newdirfd", "newpath"],
  ],
  [EventType.SYSCALL_RENAMEAT2_X]: [
    ["olddirfd", "oldpath"],
    ["newdirfd", "newpath"],
  ],
  [EventType.SYSCALL_LINKAT_2_X]: [
    ["olddir", "oldpath"],
    ["newdir", "newpath"],
  ],
  [EventType.SYSCALL_SYMLINKAT_X]: [["linkdirfd", "linkpath"]],
  [EventType.SYSCALL_OPENAT_2_X]: [["dirfd", "name"]],
  [EventType.SYSCALL_OPENAT2_X]: [["dirfd", "name"]],
  [EventType.SYSCALL_UNLINKAT_2_X]: [["dirfd", "name"]],
  [EventType.SYSCALL_MKDIRAT_X]: [["dirfd", "path"]],
  [EventType.SYSCALL_FCHMODAT_X]: [["dirfd", "filename"]],
  [EventType.SYSCALL_FCHOWNAT_X]: [["dirfd", "pathname"]],
};

const BY_HANDLE_PATH = 3;

/** evt.abspath, evt.abspath.src, evt.abspath.dst. */
function bindAbspath(argument: Argument | null): Reading | { error: string } {
  const part = argument?.text ?? "";
  if (part !== "" && part !== "src" && part !== "dst") {
    return { error: `filter_check called with nonexistent field evt.abspath.${part}` };
  }
  const places = EVENTS.map((info): Place | undefined => {
    const pairs = ABSPATH[info.id];
    if (info.id === EventType.SYSCALL_OPEN_BY_HANDLE_AT_X) {
      return { path: BY_HANDLE_PATH, word: info.params[BY_HANDLE_PATH]?.word ?? 0, base: Base.WORKING_DIRECTORY };
    }
    const pair = pairs?.[part === "dst" && pairs.length > 1 ? 1 : 0];
    if (pair === undefined) return undefined;
    const path = indexIn(info, pair[1]);
    return { path, word: info.params[path]?.word ?? 0, base: indexIn(info, pair[0]) };
  });
  const key = (e: EventView): number => {
    const place = places[e.type];
    if (place === undefined || e.row === 0 || !e.has(place.path)) return -1;
    if (e.type === EventType.SYSCALL_OPEN_BY_HANDLE_AT_X) {
      if (!(signed64(e.words[e.o + 16] as number, e.words[e.o + 17] as number) > 0)) return -1;
    } else if (!e.has(place.base)) return -1;
    const id = e.words[e.o + place.word] as number;
    return (e.dictionary.pathFlags(id) & PathFlag.NORMAL) !== 0 ? id : UNKEYED;
  };
  const textOf = (found: number, e: EventView): string | null => {
    if (found !== UNKEYED) return dictionaryText(found, e);
    const place = places[e.type];
    if (place === undefined) return null;
    const path = e.dictionary.text(e.words[e.o + place.word] as number);
    if (path.startsWith("/")) return joinPath("/", path);
    if (e.type === EventType.SYSCALL_OPEN_BY_HANDLE_AT_X) return joinPath("", path);
    return joinPath(directoryAt(e, eventInfo(e.type), place.base), path);
  };
  return {
    extract: keyed(key, textOf),
    demand: (type) => {
      const place = places[type];
      if (place === undefined) return 0;
      return (1 << place.path) | (place.base < 0 ? 1 : 1 << place.base);
    },
  };
}

/** The paths that file system calls work on. */
export const PATH_FIELDS: Binders = {
  "fs.path.name": absolute("name"),
  "fs.path.nameraw": raw("name"),
  "fs.path.source": absolute("source"),
  "fs.path.sourceraw": raw("source"),
  "fs.path.target": absolute("target"),
  "fs.path.targetraw": raw("target"),
  "evt.abspath": bindAbspath,
};
