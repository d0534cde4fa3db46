// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType, NATIVE_SYSCALLS, SYSCALL_NAMES } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { IS_IO_CATEGORY } from "./events.js";
import { type Argument, type Binders, keyed, number, plain, type Reading } from "./reading.js";
import type { EventView } from "./view.js";

/*
 * Keys of evt.type:   0 .. 511          event types
 *                     512 .. 1,535      system call codes, for calls without an event of their own
 *                     1,536 ..          dictionary ids of the names that asynchronous events carry
 */
const SYSCALL_KEYS = 512;
const NAME_KEYS = 1536;

const GENERIC_ID = EVENTS[EventType.GENERIC_X]?.params[0]?.word ?? 16;
const NATIVE_ID = EVENTS[EventType.GENERIC_X]?.params[1]?.word ?? 17;
const UNKNOWN_CODE = 0;
const NATIVE_PARAM = 1;
const ASYNC_NAME = EVENTS[EventType.ASYNCEVENT_E]?.params[1]?.word ?? 17;

/**
 * Code of a generic event's system call. A driver that did not know the call yet wrote code 0 and the kernel's number, by
 * which it has a name today; the number is taken for one of x86-64, since captures do not tell their architecture.
 */
function codeOf(e: EventView): number {
  const code = (e.words[e.o + GENERIC_ID] as number) & 0x3ff;
  if (code !== UNKNOWN_CODE || !e.has(NATIVE_PARAM)) return code;
  return NATIVE_SYSCALLS[e.words[e.o + NATIVE_ID] as number] ?? UNKNOWN_CODE;
}

function typeKey(e: EventView): number {
  const type = e.type;
  if (type === EventType.GENERIC_X) return SYSCALL_KEYS + codeOf(e);
  if (type === EventType.ASYNCEVENT_E) return NAME_KEYS + (e.words[e.o + ASYNC_NAME] as number);
  return type;
}

function typeText(key: number, e: EventView): string {
  if (key >= NAME_KEYS) return e.dictionary.text(key - NAME_KEYS);
  if (key >= SYSCALL_KEYS) return SYSCALL_NAMES[key - SYSCALL_KEYS] ?? "unknown";
  return EVENTS[key]?.name ?? "NA";
}

const IS_SYSCALL = Uint8Array.from(EVENTS, (event) => (event.categories.includes("EC_SYSCALL") ? 1 : 0));
const IS_META = Uint8Array.from(EVENTS, (event) => (event.categories.includes("EC_METAEVENT") ? 1 : 0));

function demandType(type: number): number {
  if (type === EventType.GENERIC_X) return 1 | (1 << NATIVE_PARAM);
  return type === EventType.ASYNCEVENT_E ? 2 : 0;
}

const CATEGORIES = [
  "unknown",
  "other",
  "file",
  "net",
  "IPC",
  "memory",
  "process",
  "sleep",
  "system",
  "signal",
  "user",
  "time",
  "processing",
  "wait",
  "scheduler",
  "internal",
  "syscall",
  "tracepoint",
  "plugin",
  "meta",
  "ipc",
] as const;

const category = (name: (typeof CATEGORIES)[number]): number => CATEGORIES.indexOf(name);

/** Categories that stand beside the system call's: a bit outside of the class bits makes the whole one unnamed. */
const EVENT_CATEGORIES = [
  ["EC_WAIT", "wait"],
  ["EC_SCHEDULER", "scheduler"],
  ["EC_INTERNAL", "internal"],
] as const;

/** Category key by event type; I/O events find theirs by their fd. */
const CATEGORY_OF = Uint8Array.from(EVENTS, (event) => {
  const named = event.category === "ipc" ? "IPC" : event.category;
  const direct = (CATEGORIES as readonly string[]).indexOf(named);
  if (event.category !== "unknown") return Math.max(direct, 0);
  const beside = EVENT_CATEGORIES.find(([name]) => event.categories.includes(name));
  return beside === undefined ? 0 : category(beside[1]);
});

const CATEGORY_OF_KIND = Uint8Array.from({ length: 32 }, (_, kind) => {
  switch (kind) {
    case FdKind.FILE:
    case FdKind.FILE_V2:
    case FdKind.DIRECTORY:
      return category("file");
    case FdKind.IPV4_SOCK:
    case FdKind.IPV6_SOCK:
    case FdKind.IPV4_SERVSOCK:
    case FdKind.IPV6_SERVSOCK:
      return category("net");
    case FdKind.FIFO:
    case FdKind.UNIX_SOCK:
    case FdKind.EVENT:
    case FdKind.SIGNALFD:
    case FdKind.INOTIFY:
    case FdKind.USERFAULTFD:
      return category("ipc");
    default:
      return 0;
  }
});

function categoryKey(e: EventView): number {
  if (IS_IO_CATEGORY[e.type] === 0) return CATEGORY_OF[e.type] as number;
  return e.fdRow === 0 ? 0 : (CATEGORY_OF_KIND[(e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number) & 31] as number);
}

/** evt.type.is.NAME_OR_NUMBER: 1 on events of that name, in either direction, or of that number. */
function bindTypeIs(argument: Argument | null): Reading | { error: string } {
  const name = argument?.text ?? "";
  const wanted = new Uint8Array(EVENTS.length);
  if (/^\d+$/.test(name)) {
    if (Number(name) < wanted.length) wanted[Number(name)] = 1;
  } else {
    const first = EVENTS.find((event) => event.name === name);
    if (first === undefined) return { error: `filter_check called with nonexistent field evt.type.is.${name}` };
    for (const event of EVENTS) if (event.name === name) wanted[event.id] = 1;
  }
  return { extract: number((e) => wanted[e.type] as number) };
}

/** What kind of event it is. */
export const TYPE_FIELDS: Binders = {
  "evt.type": plain(keyed(typeKey, typeText), { demand: demandType }),
  "syscall.type": plain(
    keyed((e) => (IS_SYSCALL[e.type] === 1 ? typeKey(e) : -1), typeText),
    { demand: demandType },
  ),
  "evt.type.is": bindTypeIs,
  "evt.category": plain(keyed(categoryKey, (key) => CATEGORIES[key] ?? "unknown")),
  "evt.asynctype": plain(
    keyed((e) => (IS_META[e.type] === 1 ? typeKey(e) : -1), typeText),
    { demand: demandType },
  ),
  "evt.is_async": plain({ shape: "bool", get: (e) => IS_META[e.type] as number }),
};
