// SPDX-License-Identifier: Apache-2.0

import { ERRNO_NAMES, EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { demandReturn, eventInfo, RETURNS, WIDE_RETURN } from "./events.js";
import { UNKEYED } from "./field.js";
import { type Binders, bool, keyed, number, plain } from "./reading.js";
import { signed64 } from "./render/number.js";
import { argumentText } from "./render/param.js";
import type { EventView } from "./view.js";

/** The first parameter of every event: the return value of a system call. */
const FIRST = 16;

/** Whether the event returns something: the exit of a system call with its own parameters, if only one. */
export function returns(e: EventView): boolean {
  return RETURNS[e.type] === 1 && e.nparams > 0;
}

/** The return value; NaN where there is none. */
export function returnValue(e: EventView): number {
  if (!returns(e)) return Number.NaN;
  const at = e.o + FIRST;
  const low = e.words[at] as number;
  return WIDE_RETURN[e.type] === 1 ? signed64(low, e.words[at + 1] as number) : low >>> 0;
}

/** Keys of evt.res: 0 = success, else the error's number. */
function resultKey(e: EventView): number {
  const value = returnValue(e);
  if (Number.isNaN(value)) return -1;
  if (value >= 0) return 0;
  return value > -4096 ? -value : UNKEYED;
}

function resultText(key: number, e: EventView): string {
  if (key === 0) return "SUCCESS";
  return key === UNKEYED ? argumentText(e, eventInfo(e.type), 0) : (ERRNO_NAMES[key] ?? String(-key));
}

/** 1 = failed, 0 = not, NaN = no return value. */
function failed(e: EventView): number {
  const value = returnValue(e);
  return Number.isNaN(value) ? Number.NaN : value < 0 ? 1 : 0;
}

function kindOf(e: EventView): number {
  return e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number;
}

function isFileKind(kind: number): boolean {
  return kind === FdKind.FILE || kind === FdKind.FILE_V2 || kind === FdKind.DIRECTORY;
}

function isSocketKind(kind: number): boolean {
  return (kind >= FdKind.IPV4_SOCK && kind <= FdKind.IPV6_SERVSOCK) || kind === FdKind.UNIX_SOCK;
}

function opensFile(type: number): boolean {
  return (
    type === EventType.SYSCALL_OPEN_X ||
    type === EventType.SYSCALL_CREAT_X ||
    type === EventType.SYSCALL_OPENAT_2_X ||
    type === EventType.SYSCALL_OPENAT2_X ||
    type === EventType.SYSCALL_OPEN_BY_HANDLE_AT_X
  );
}

function opensSocket(type: number): boolean {
  return (
    type === EventType.SOCKET_ACCEPT_5_X || type === EventType.SOCKET_ACCEPT4_6_X || type === EventType.SOCKET_CONNECT_X
  );
}

function isMemory(type: number): boolean {
  return eventInfo(type).category === "memory";
}

const isFileEvent = (e: EventView): boolean => (e.fdRow !== 0 ? isFileKind(kindOf(e)) : opensFile(e.type));
const isNetEvent = (e: EventView): boolean => (e.fdRow !== 0 ? isSocketKind(kindOf(e)) : opensSocket(e.type));

function isOtherEvent(e: EventView): boolean {
  if (e.fdRow !== 0) return !isFileKind(kindOf(e)) && !isSocketKind(kindOf(e));
  return !opensFile(e.type) && !opensSocket(e.type) && !isMemory(e.type);
}

const counted = (applies: (e: EventView) => boolean): ReturnType<typeof plain> =>
  plain(
    number((e) => (applies(e) ? failed(e) : Number.NaN)),
    { demand: demandReturn },
  );

/** What the system call came to. */
export const RESULT_FIELDS: Binders = {
  "evt.res": plain(keyed(resultKey, resultText), { demand: demandReturn }),
  "evt.rawres": plain(number(returnValue), { demand: demandReturn }),
  "evt.failed": plain(
    bool((e) => {
      const value = failed(e);
      return Number.isNaN(value) ? -1 : value;
    }),
    { demand: demandReturn },
  ),
  "evt.count": plain(number(() => 1)),
  "evt.count.error": counted(() => true),
  "evt.count.error.file": counted(isFileEvent),
  "evt.count.error.net": counted(isNetEvent),
  "evt.count.error.memory": counted((e) => isMemory(e.type)),
  "evt.count.error.other": counted(isOtherEvent),
  "evt.count.exit": plain(number((e) => (eventInfo(e.type).exit ? 1 : Number.NaN))),
};
