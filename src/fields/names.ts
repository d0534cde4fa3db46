// SPDX-License-Identifier: Apache-2.0

import { type Dictionary, EMPTY } from "../batch/dictionary.js";
import { GroupWord, UserWord } from "../batch/lookup.js";
import { ROW_WORDS, RowWord } from "../batch/process-rows.js";
import type { EventView } from "./view.js";

/** Text of a name that is not known: it is there, and says so. */
const UNKNOWN = "<NA>";

/*
 * Users and groups are looked up in the tables of the thread's container, whose key is the dictionary id of its id; the
 * host's key is the empty string's. Which container a row says is "host" is told by its text, remembered by id.
 */
let hostId = 0;
let hostGeneration = -1;
let hostDictionary: Dictionary | null = null;

/** Key of the container that the event's thread runs in, for the user and group tables. */
function containerKey(e: EventView): number {
  const id = e.rows[e.row * ROW_WORDS + RowWord.CONTAINER] as number;
  if (id <= EMPTY) return EMPTY;
  if (hostGeneration !== e.generation || hostDictionary !== e.dictionary) {
    hostGeneration = e.generation;
    hostDictionary = e.dictionary;
    hostId = 0;
  }
  if (id === hostId) return EMPTY;
  if (hostId !== 0 || e.dictionary.length(id) !== 4 || e.dictionary.text(id) !== "host") return id;
  hostId = id;
  return EMPTY;
}

/** Dictionary id of one word of a user's entry; 0 where the user or the word is not known. */
export function userWord(e: EventView, uid: number, word: number): number {
  const at = e.users.find(containerKey(e), uid, e.number);
  return at === 0 ? 0 : (e.users.words[at + word] as number);
}

export function groupWord(e: EventView, gid: number, word: number): number {
  const at = e.groups.find(containerKey(e), gid, e.number);
  return at === 0 ? 0 : (e.groups.words[at + word] as number);
}

/** Name of a user in the thread's container, as arguments show it: not even uid 0 has one where no table says so. */
export function userName(e: EventView, uid: number): string {
  const id = userWord(e, uid, UserWord.NAME);
  return id === 0 ? UNKNOWN : e.dictionary.text(id);
}

export function groupName(e: EventView, gid: number): string {
  const id = groupWord(e, gid, GroupWord.NAME);
  return id === 0 ? UNKNOWN : e.dictionary.text(id);
}
