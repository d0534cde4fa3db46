// SPDX-License-Identifier: Apache-2.0

import { EMPTY, PathFlag } from "../batch/dictionary.js";
import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { eventInfo, HAS_FD } from "./events.js";
import { UNKEYED } from "./field.js";
import { type Binders, dictionaryText, keyed, plain } from "./reading.js";
import { isFile, namesPorts, rowName } from "./render/fd.js";
import { argumentText, directoryAt } from "./render/param.js";
import { collapseSlashes, directoryOf, filenameOf, joinPath } from "./render/path.js";
import type { EventView } from "./view.js";

/*
 * The name of the event's fd is the one its row holds. An event that was to create an fd and failed has no row; then the name
 * is what the call was given. Where that is a plain absolute path, it is the parameter's own dictionary id and as cheap.
 */

/** What stands in for the name on events without an fd row. */
const Fallback = {
  /** Enter events: nothing. */
  NONE: 0,
  /** Other exits: the empty name. */
  EMPTY: 1,
  /** A path parameter as evt.arg shows it. */
  PATH: 2,
  /** A path parameter joined with a directory fd. */
  RELATIVE: 3,
  /** A parameter as it is. */
  RAW: 4,
  /** A socket tuple as evt.arg shows it. */
  TUPLE: 5,
} as const;

const FALLBACK = Uint8Array.from(EVENTS, (event) => {
  switch (event.id) {
    case EventType.SYSCALL_OPEN_X:
    case EventType.SYSCALL_CREAT_X:
      return Fallback.PATH;
    case EventType.SYSCALL_OPENAT_2_X:
    case EventType.SYSCALL_OPENAT2_X:
      return Fallback.RELATIVE;
    case EventType.SYSCALL_OPEN_BY_HANDLE_AT_X:
      return Fallback.RAW;
    case EventType.SOCKET_ACCEPT_5_X:
    case EventType.SOCKET_ACCEPT4_6_X:
    case EventType.SOCKET_CONNECT_X:
      return Fallback.TUPLE;
    default:
      return event.exit ? Fallback.EMPTY : Fallback.NONE;
  }
});

/** Index of the parameter that stands in. */
const NAME_PARAM = Uint8Array.from(FALLBACK, (fallback) => {
  if (fallback === Fallback.RELATIVE) return 2;
  return fallback === Fallback.RAW ? 3 : 1;
});

const NAME_WORD = Uint8Array.from(NAME_PARAM, (index, type) => EVENTS[type]?.params[index]?.word ?? 0);

/** Parameters that fd.name and its like read on an event of a type: those that stand in for a missing row. */
export function demandName(type: number): number {
  const fallback = FALLBACK[type];
  if (fallback === undefined || fallback <= Fallback.EMPTY) return 0;
  const index = NAME_PARAM[type] as number;
  return fallback === Fallback.RELATIVE ? (1 << index) | (1 << 1) : 1 << index;
}

/** Key of the name that stands in: a dictionary id, UNKEYED or -1. */
function fallbackKey(e: EventView): number {
  const fallback = FALLBACK[e.type] as number;
  if (fallback === Fallback.EMPTY) return EMPTY;
  if (fallback === Fallback.NONE) return -1;
  if (fallback === Fallback.TUPLE || !e.has(NAME_PARAM[e.type] as number)) return UNKEYED;
  const id = e.words[e.o + (NAME_WORD[e.type] as number)] as number;
  if (fallback === Fallback.RAW) return id === 0 ? UNKEYED : id;
  const wanted = fallback === Fallback.RELATIVE ? PathFlag.NORMAL : PathFlag.ABSOLUTE;
  return (e.dictionary.pathFlags(id) & wanted) !== 0 ? id : UNKEYED;
}

function fallbackText(e: EventView): string {
  const info = eventInfo(e.type);
  const index = NAME_PARAM[e.type] as number;
  switch (FALLBACK[e.type]) {
    case Fallback.RELATIVE: {
      const name = rawName(e);
      return joinPath(name.startsWith("/") ? "." : directoryAt(e, info, 1), name);
    }
    case Fallback.RAW:
      return rawName(e);
    default:
      return argumentText(e, info, index);
  }
}

/** The parameter that stands in, as it is. */
function rawName(e: EventView): string {
  const id = e.words[e.o + (NAME_WORD[e.type] as number)] as number;
  return id === 0 ? "" : e.dictionary.text(id);
}

/** Key of fd.name: a dictionary id, UNKEYED where the name is made for this event, -1 where there is none. */
export function nameKey(e: EventView): number {
  if (HAS_FD[e.type] === 0 || e.row === 0) return -1;
  if (e.fdRow === 0) return fallbackKey(e);
  if (namesPorts(e, e.fdRow)) return UNKEYED;
  return (e.fds[e.fdRow * FD_ROW_WORDS + FdWord.NAME] as number) || EMPTY;
}

/** fd.name of a key of this event. */
export function nameText(key: number, e: EventView): string {
  if (key !== UNKEYED) return dictionaryText(key, e);
  return e.fdRow === 0 ? fallbackText(e) : rowName(e, e.fdRow);
}

function kindOf(e: EventView): number {
  return e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number;
}

/*
 * Keys of fd.directory: twice the key of the name, and one more for a directory, which is its own. UNKEYED stays what it is.
 */
function directoryKey(e: EventView): number {
  const key = nameKey(e);
  if (key === -1) return key;
  if (e.fdRow === 0) return key === UNKEYED ? key : key * 2;
  const kind = kindOf(e);
  if (kind === FdKind.DIRECTORY) return key * 2 + 1;
  return isFile(kind) ? key * 2 : -1;
}

function directoryText(key: number, e: EventView): string {
  if (key === UNKEYED) return directoryOf(fallbackText(e));
  const name = e.dictionary.text(key >> 1);
  return (key & 1) === 1 ? name : directoryOf(name);
}

function filenameKey(e: EventView): number {
  return e.fdRow !== 0 && isFile(kindOf(e)) ? nameKey(e) : -1;
}

function rawKey(e: EventView): number {
  if (HAS_FD[e.type] === 0 || e.row === 0) return -1;
  if (e.fdRow !== 0) return (e.fds[e.fdRow * FD_ROW_WORDS + FdWord.NAME_RAW] as number) || EMPTY;
  const key = fallbackKey(e);
  const relative = FALLBACK[e.type] === Fallback.RELATIVE && e.has(NAME_PARAM[e.type] as number);
  return relative ? (e.words[e.o + (NAME_WORD[e.type] as number)] as number) : key;
}

/** The container that the event's thread runs in, as its id. */
function containerId(e: EventView): string {
  const id = e.rows[e.row * ROW_WORDS + RowWord.CONTAINER] as number;
  return id === 0 ? "" : e.dictionary.text(id);
}

const inContainer = (
  key: (e: EventView) => number,
  textOf: (key: number, e: EventView) => string,
): ReturnType<typeof plain> =>
  plain(
    {
      shape: "text",
      get: (e) => {
        const found = key(e);
        return found === -1 ? null : `${containerId(e)}:${textOf(found, e)}`;
      },
    },
    { demand: demandName },
  );

/** What the event's fd is called. */
export const FD_NAME_FIELDS: Binders = {
  "fd.name": plain(keyed(nameKey, nameText), { demand: demandName }),
  "fd.nameraw": plain(
    keyed(rawKey, (key, e) => collapseSlashes(key === UNKEYED ? fallbackText(e) : dictionaryText(key, e))),
    { demand: demandName },
  ),
  "fd.directory": plain(keyed(directoryKey, directoryText), { demand: demandName }),
  "fd.filename": plain(keyed(filenameKey, (key, e) => filenameOf(dictionaryText(key, e)))),
  "fd.containername": inContainer(nameKey, nameText),
  "fd.containerdirectory": inContainer(directoryKey, directoryText),
};
