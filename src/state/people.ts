// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EMPTY } from "../batch/dictionary.js";
import { EventType } from "../batch/event-table.generated.js";
import { GroupWord, LOOKUP_VALUES, type Lookup, UserWord } from "../batch/lookup.js";
import type { SectionHeader } from "../capture/source.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";

/*
 * Users and groups, by container (EMPTY for the host) and number. Who is believed, the last one first:
 *
 *   1 the files of the host that replays (HOST_ROOT/etc/passwd and group), for numbers that the capture does not name
 *   2 the user list that a section of the capture begins with: it is the captured host's own
 *   3 events of users and groups that come or go, from their number on
 *
 * Users of containers are known from events only: no list of the host speaks for them.
 */

/** Stores a value unless the table has just that: a list that comes again with each section costs nothing. */
function put(c: Tables, table: Lookup, a: number, b: number, value: readonly number[] | null): void {
  const at = table.find(a, b, c.now);
  if (value === null ? at === 0 : at !== 0 && same(table, at, value)) return;
  if (!table.put(a, b, c.now, value)) c.lookupsLost++;
}

function same(table: Lookup, at: number, value: readonly number[]): boolean {
  for (let i = 0; i < LOOKUP_VALUES; i++) if (table.words[at + i] !== (value[i] ?? 0)) return false;
  return true;
}

function putUser(
  c: Tables,
  container: number,
  uid: number,
  gid: number,
  strings: readonly [number, number, number],
): void {
  const value = new Array<number>(4).fill(0);
  value[UserWord.NAME] = strings[0];
  value[UserWord.HOME] = strings[1];
  value[UserWord.SHELL] = strings[2];
  value[UserWord.GID] = gid | 0;
  put(c, c.users, container, uid | 0, value);
}

function putGroup(c: Tables, container: number, gid: number, name: number): void {
  const value = new Array<number>(1).fill(0);
  value[GroupWord.NAME] = name;
  put(c, c.groups, container, gid | 0, value);
}

/** Fills the tables at the start of a section. */
export function loadPeople(c: Tables, header: SectionHeader, hostRoot: string | null): void {
  const named = new Set(header.users.map((user) => user.uid | 0));
  const namedGroups = new Set(header.groups.map((group) => group.gid | 0));
  if (hostRoot !== null) {
    for (const [name = "", , uid, gid, , home = "", shell = ""] of entriesOf(hostRoot, "passwd")) {
      if (!isNumber(uid) || named.has(Number(uid) | 0)) continue;
      named.add(Number(uid) | 0);
      const intern = (text: string): number => c.strings.interner.intern(text);
      putUser(c, EMPTY, Number(uid), Number(gid ?? 0), [intern(name), intern(home), intern(shell)]);
    }
    for (const [name = "", , gid] of entriesOf(hostRoot, "group")) {
      if (!isNumber(gid) || namedGroups.has(Number(gid) | 0)) continue;
      namedGroups.add(Number(gid) | 0);
      putGroup(c, EMPTY, Number(gid), c.strings.interner.intern(name));
    }
  }
  for (const user of header.users) putUser(c, EMPTY, user.uid, user.gid, [user.name, user.home, user.shell]);
  for (const group of header.groups) putGroup(c, EMPTY, group.gid, group.name);
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text);
}

/** The lines of etc/passwd or etc/group as fields; none where the file cannot be read. */
function entriesOf(hostRoot: string, file: string): string[][] {
  let text: string;
  try {
    text = readFileSync(join(hostRoot, "etc", file), "latin1");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

const USER = wordsOf(EventType.USER_ADDED_E);
const GROUP = wordsOf(EventType.GROUP_ADDED_E);

function userAdded(c: Tables): void {
  const word = (i: number): number => c.int(USER[i] as number);
  putUser(c, word(5) || EMPTY, word(0), word(1), [word(2), word(3), word(4)]);
}

function userDeleted(c: Tables): void {
  put(c, c.users, c.int(USER[5] as number) || EMPTY, c.int(USER[0] as number), null);
}

function groupAdded(c: Tables): void {
  putGroup(c, c.int(GROUP[2] as number) || EMPTY, c.int(GROUP[0] as number), c.int(GROUP[1] as number));
}

function groupDeleted(c: Tables): void {
  put(c, c.groups, c.int(GROUP[2] as number) || EMPTY, c.int(GROUP[0] as number), null);
}

export const peopleRules: readonly Rule[] = [
  { type: EventType.USER_ADDED_E, run: userAdded, params: [0, 1, 2, 3, 4, 5] },
  { type: EventType.USER_DELETED_E, run: userDeleted, params: [0, 5] },
  { type: EventType.GROUP_ADDED_E, run: groupAdded, params: [0, 1, 2] },
  { type: EventType.GROUP_DELETED_E, run: groupDeleted, params: [0, 2] },
];
