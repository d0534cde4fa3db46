// SPDX-License-Identifier: Apache-2.0

import { ABSENT, EMPTY, PathFlag } from "../batch/dictionary.js";
import type { EventInfo, ParamInfo } from "../batch/event.js";
import { EVENTS, EventType, ParamType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { GroupWord, UserWord } from "../batch/lookup.js";
import { demandAll, eventInfo } from "./events.js";
import { type KeyedField, UNKEYED } from "./field.js";
import { groupWord, userWord } from "./names.js";
import { bindRawArgument } from "./raw-arg.js";
import { type Argument, type Binders, keyed, plain, type Reading, text } from "./reading.js";
import { kindMark, namesPorts, shownProtocol } from "./render/fd.js";
import { signed64 } from "./render/number.js";
import { allArguments, argumentText, commOf, NOT_AVAILABLE, numberResolved, numberText } from "./render/param.js";
import type { EventView } from "./view.js";

/*
 * evt.arg.NAME is a different parameter in each event type. Where all parameters of the name are texts, the key is their
 * dictionary id. Else keys are sparse:
 *
 *   0 .. 2^30-1          dictionary id of the text (a name that a number resolves to)
 *   UNKEYED              2^30: to be asked again for every event
 *   2^31 ..              "<NA>", "NULL", "root"
 *   2^32 ..              FD_KEYS: kind and protocol of an fd, and the dictionary id of its name
 *   (slot + 2) * 2^38    a number: slot = event type * 32 + parameter, and the number plus 2^37
 */
const NA_KEY = 2 ** 31;
const NULL_KEY = 2 ** 31 + 1;
const FIRST_SLOT = 2;
const FD_KEYS = 2 ** 32;
const SLOT_STEP = 2 ** 38;
const NUMBER_BIAS = 2 ** 37;

/** How a parameter is keyed. */
const Way = {
  NONE: 0,
  TEXT: 1,
  PATH: 2,
  NUMBER: 3,
  WIDE: 4,
  PID: 5,
  PID32: 6,
  UID: 7,
  GID: 8,
  FD: 9,
  FD32: 10,
  /** Dictionary id of bytes that the slot's type renders. */
  BYTES: 11,
  UNKEYED: 12,
} as const;

function wayOf(param: ParamInfo): number {
  switch (param.type) {
    case ParamType.CHARBUF:
      return Way.TEXT;
    case ParamType.FSPATH:
    case ParamType.FSRELPATH:
      return Way.PATH;
    case ParamType.PID:
      return Way.PID;
    case ParamType.PID32:
      return Way.PID32;
    case ParamType.UID:
      return Way.UID;
    case ParamType.GID:
      return Way.GID;
    case ParamType.FD:
      return Way.FD;
    case ParamType.FD32:
      return Way.FD32;
    case ParamType.SOCKADDR:
    case ParamType.SOCKTUPLE:
      return Way.BYTES;
    case ParamType.SIGSET:
    case ParamType.ABSTIME:
      return Way.UNKEYED;
    default:
      if (param.kind === "int") return Way.NUMBER;
      return param.kind === "wide" ? Way.WIDE : param.kind === "bytes" ? Way.BYTES : Way.UNKEYED;
  }
}

/** Where the parameter stands in each event type. */
interface Places {
  readonly index: Int8Array;
  readonly word: Uint8Array;
  readonly way: Uint8Array;
}

function placesBy(find: (info: EventInfo) => number): Places {
  const index = Int8Array.from(EVENTS, find);
  const params = EVENTS.map((info, type) => info.params[index[type] as number]);
  return {
    index,
    word: Uint8Array.from(params, (param) => param?.word ?? 0),
    way: Uint8Array.from(params, (param) => (param === undefined ? Way.NONE : wayOf(param))),
  };
}

/** The parameter as evt.arg shows it, for this event. */
function shown(e: EventView, places: Places): string {
  return argumentText(e, eventInfo(e.type), places.index[e.type] as number);
}

/** Index of the event's parameter, -1 where it has none. */
function indexIn(e: EventView, places: Places): number {
  const index = places.index[e.type] as number;
  return index < e.nparams ? index : -1;
}

/** A field over parameters that are all texts: keys are dictionary ids. */
function textField(places: Places): KeyedField {
  return keyed(
    (e) => {
      const index = indexIn(e, places);
      if (index < 0) return -1;
      if (!e.has(index)) return UNKEYED;
      const id = e.words[e.o + (places.word[e.type] as number)] as number;
      if (places.way[e.type] === Way.TEXT) return id === ABSENT ? UNKEYED : id;
      return pathKey(e, id);
    },
    (key, e) => (key === UNKEYED ? shown(e, places) : e.dictionary.text(key)),
  );
}

/** 1 for events that open what their path parameter names. */
const OPENS = Uint8Array.from(EVENTS, ({ id }) =>
  id === EventType.SYSCALL_OPEN_X || id === EventType.SYSCALL_OPENAT_2_X || id === EventType.SYSCALL_OPENAT2_X ? 1 : 0,
);

/**
 * Key of a path parameter with text `id`. A relative path has no text of its own in the dictionary, but when the event
 * has opened it, the fd's name is the same text: the name in the same directory, normalised.
 */
function pathKey(e: EventView, id: number): number {
  if (id === EMPTY || (e.dictionary.pathFlags(id) & PathFlag.ABSOLUTE) !== 0) return id;
  if (e.fdRow === 0 || e.leader === 0 || OPENS[e.type] === 0) return UNKEYED;
  const base = e.fdRow * FD_ROW_WORDS;
  if (e.fds[base + FdWord.NAME_RAW] !== id) return UNKEYED;
  const name = e.fds[base + FdWord.NAME] as number;
  return (e.dictionary.pathFlags(name) & PathFlag.NORMAL) !== 0 ? name : UNKEYED;
}

function numberKey(type: number, index: number, value: number): number {
  if (value < -NUMBER_BIAS || value >= NUMBER_BIAS) return UNKEYED;
  return (type * 32 + index + FIRST_SLOT) * SLOT_STEP + value + NUMBER_BIAS;
}

function fdKey(e: EventView, index: number, fd: number, row: number): number {
  if (row === 0 || fd < 0) return numberKey(e.type, index, fd);
  if (namesPorts(e, row)) return UNKEYED;
  const base = row * FD_ROW_WORDS;
  const kind = e.fds[base + FdWord.KIND] as number;
  const l4 = shownProtocol(e.fds[base + FdWord.PROTOCOL_ROLE] as number);
  return FD_KEYS + (((kind & 31) << 3) | (l4 & 7)) * 2 ** 30 + (e.fds[base + FdWord.NAME] as number);
}

/** The comm of a thread: its dictionary id, else the thread's number. */
function threadKey(comm: number, type: number, index: number, tid: number): number {
  return comm !== ABSENT ? comm : numberKey(type, index, tid);
}

/** A user or group: the dictionary id of its name; not known where no table has it. */
function namedKey(name: number): number {
  return name === ABSENT ? NA_KEY : name;
}

function mixedKey(e: EventView, places: Places): number {
  const index = indexIn(e, places);
  if (index < 0) return -1;
  const type = e.type;
  const way = places.way[type] as number;
  if (!e.has(index)) return emptyKey(type, index);
  const at = e.o + (places.word[type] as number);
  const low = e.words[at] as number;
  switch (way) {
    case Way.TEXT:
      return low === ABSENT ? UNKEYED : low;
    case Way.PATH:
      return pathKey(e, low);
    case Way.NUMBER:
      return numberKey(type, index, low);
    case Way.WIDE:
      return numberKey(type, index, signed64(low, e.words[at + 1] as number));
    case Way.PID: {
      const high = e.words[at + 1] as number;
      return threadKey(commOf(e, low, high), type, index, signed64(low, high));
    }
    case Way.PID32:
      return threadKey(commOf(e, low, low >> 31), type, index, low);
    case Way.UID:
      return low === -1 ? numberKey(type, index, low) : namedKey(userWord(e, low, UserWord.NAME));
    case Way.GID:
      return low === -1 ? numberKey(type, index, low) : namedKey(groupWord(e, low, GroupWord.NAME));
    case Way.FD:
      return fdKey(e, index, signed64(low, e.words[at + 1] as number), e.words[at + 2] as number);
    case Way.FD32:
      return fdKey(e, index, low, e.words[at + 1] as number);
    case Way.BYTES:
      // Names of ports depend on the event's fd as well.
      return e.services === null ? numberKey(type, index, low) : UNKEYED;
    default:
      return UNKEYED;
  }
}

const EMPTY_NULL = new Set<number>([
  ParamType.BYTEBUF,
  ParamType.SOCKTUPLE,
  ParamType.FDLIST,
  ParamType.CHARBUFARRAY,
  ParamType.CHARBUF_PAIR_ARRAY,
  ParamType.DYN,
]);

/** By slot: 1 where an empty parameter reads NULL. */
const READS_NULL = Uint8Array.from({ length: EVENTS.length * 32 }, (_, slot) => {
  const param = EVENTS[slot >> 5]?.params[slot & 31];
  return param !== undefined && EMPTY_NULL.has(param.type) ? 1 : 0;
});

function emptyKey(type: number, index: number): number {
  return READS_NULL[type * 32 + index] === 1 ? NULL_KEY : NA_KEY;
}

function mixedText(key: number, e: EventView, places: Places): string {
  if (key < UNKEYED) return e.dictionary.text(key);
  if (key === UNKEYED) return shown(e, places);
  if (key === NA_KEY) return NOT_AVAILABLE;
  if (key === NULL_KEY) return "NULL";
  if (key < FIRST_SLOT * SLOT_STEP) return fdText(key - FD_KEYS, e);
  const slot = Math.floor(key / SLOT_STEP) - FIRST_SLOT;
  const value = key - (slot + FIRST_SLOT) * SLOT_STEP - NUMBER_BIAS;
  const param = (EVENTS[slot >> 5] as EventInfo).params[slot & 31] as ParamInfo;
  if (param.kind === "bytes") return shown(e, places);
  const low = value | 0;
  const high = Math.floor(value / 4294967296);
  return numberResolved(param, low, high) || numberText(param, low, high);
}

function fdText(packed: number, e: EventView): string {
  const mark = Math.floor(packed / 2 ** 30);
  return kindMark(mark >> 3, mark & 7) + e.dictionary.text(packed % 2 ** 30);
}

function readingOf(places: Places): Reading {
  const ways = new Set(places.way);
  ways.delete(Way.NONE);
  const texts = [...ways].every((way) => way === Way.TEXT || way === Way.PATH);
  const extract = texts
    ? textField(places)
    : keyed(
        (e) => mixedKey(e, places),
        (key, e) => mixedText(key, e, places),
        false,
      );
  return { extract, demand: (type) => demandArgument(type, places.index[type] as number) };
}

/** A parameter, and the directory fd that a path starts at. */
function demandArgument(type: number, index: number): number {
  const param = EVENTS[type]?.params[index];
  if (param === undefined) return 0;
  return (1 << index) | (param.type === ParamType.FSRELPATH && param.dirfd >= 0 ? 1 << param.dirfd : 0);
}

/** Names of all parameters of all events. */
const PARAM_NAMES = new Set(EVENTS.flatMap((event) => event.params.map((param) => param.name)));

/** Whether some event has a parameter of that name. */
function isParamName(name: string): boolean {
  return PARAM_NAMES.has(name);
}

/** evt.arg.NAME, evt.arg[N]. */
function bindArgument(argument: Argument | null): Reading | { error: string } {
  if (argument === null) return { error: "filter syntax error: evt.arg" };
  if (argument.bracketed) {
    if (argument.index < 0) return { error: `${argument.text} is not a valid number` };
    const index = argument.index;
    return readingOf(placesBy((info) => (index < info.params.length ? index : -1)));
  }
  const name = argument.text;
  if (!isParamName(name)) return { error: `unknown event argument ${name}` };
  return readingOf(placesBy((info) => info.params.findIndex((param) => param.name === name)));
}

function args(e: EventView): string {
  return e.type === EventType.GENERIC_X ? "" : allArguments(e);
}

const allText = plain(text(args), { demand: (type) => (type === EventType.GENERIC_X ? 0 : demandAll(type)) });

/** The event's parameters. */
export const ARG_FIELDS: Binders = {
  "evt.arg": bindArgument,
  "evt.rawarg": bindRawArgument,
  "evt.args": allText,
  "evt.info": allText,
};
