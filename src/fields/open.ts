// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { wordOfParam } from "./events.js";
import { type Binders, bool, plain } from "./reading.js";
import { returnValue } from "./result.js";
import type { EventView } from "./view.js";

/** Portable open flags: read 1, write 2, both 3. */
const O_READ = 1;
const O_WRITE = 2;
const O_CREAT = 4;
const O_TMPFILE = 1 << 13;
const O_CREATED = 1 << 14;

/** Execute permission for anyone. */
const ANY_EXEC = 0o111;

const isOpen = (type: number): boolean =>
  type === EventType.SYSCALL_OPEN_X ||
  type === EventType.SYSCALL_OPENAT_2_X ||
  type === EventType.SYSCALL_OPENAT2_X ||
  type === EventType.SYSCALL_OPEN_BY_HANDLE_AT_X;

const flagsWords = wordOfParam("flags");
const modeWords = wordOfParam("mode");

/** Word offset of the open flags of each event type, 0 for events that open nothing by flags. */
const FLAGS_AT = Uint8Array.from(EVENTS, (event) => (isOpen(event.id) ? (flagsWords[event.id] as number) : 0));

/** Word offset of the mode of each event type that can create a file. */
const MODE_AT = Uint8Array.from(EVENTS, (event) =>
  isOpen(event.id) || event.id === EventType.SYSCALL_CREAT_X ? (modeWords[event.id] as number) : 0,
);

function openFlags(e: EventView): number {
  const at = FLAGS_AT[e.type] as number;
  return at === 0 ? 0 : (e.words[e.o + at] as number);
}

function created(e: EventView): number {
  const flags = openFlags(e);
  if ((flags & O_CREATED) !== 0) return 1;
  return (flags & O_TMPFILE) !== 0 && returnValue(e) >= 0 ? 1 : 0;
}

function executable(e: EventView): number {
  const at = MODE_AT[e.type] as number;
  if (at === 0) return 0;
  const creates = e.type === EventType.SYSCALL_CREAT_X || (openFlags(e) & (O_TMPFILE | O_CREAT)) !== 0;
  return creates && ((e.words[e.o + at] as number) & ANY_EXEC) !== 0 ? 1 : 0;
}

function maskOf(type: number, name: string): number {
  const index = EVENTS[type]?.params.findIndex((param) => param.name === name) ?? -1;
  return index < 0 ? 0 : 1 << index;
}

const demandFlags = (type: number): number => (isOpen(type) ? maskOf(type, "flags") : 0);

/** How a file was opened; failed calls count as well. */
export const OPEN_FIELDS: Binders = {
  "evt.is_open_read": plain(
    bool((e) => ((openFlags(e) & O_READ) !== 0 ? 1 : 0)),
    { demand: demandFlags },
  ),
  "evt.is_open_write": plain(
    bool((e) => ((openFlags(e) & O_WRITE) !== 0 ? 1 : 0)),
    { demand: demandFlags },
  ),
  "evt.is_open_exec": plain(bool(executable), {
    demand: (type) => demandFlags(type) | ((MODE_AT[type] as number) === 0 ? 0 : maskOf(type, "mode")),
  }),
  "evt.is_open_create": plain(bool(created), { demand: (type) => demandFlags(type) | (isOpen(type) ? 1 : 0) }),
};
