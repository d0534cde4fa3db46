// SPDX-License-Identifier: Apache-2.0

import { GroupWord, UserWord } from "../batch/lookup.js";
import { ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { groupWord, userWord } from "./names.js";
import { type Binders, keyed, number, plain } from "./reading.js";
import type { EventView } from "./view.js";

/** An id that is not set. */
const NO_ID = 0xffff_ffff;

/** An id of the process, which is its main thread's; the thread's own where that is not set. */
function processId(e: EventView, word: number): number {
  if (e.row === 0) return Number.NaN;
  const id = e.leader === 0 ? -1 : (e.rows[e.leader * ROW_WORDS + word] as number);
  return (id === -1 ? (e.rows[e.row * ROW_WORDS + word] as number) : id) >>> 0;
}

/*
 * Keys of the texts: dictionary ids from 2 on; two more for what no table knows. A name that is not known is a text that says
 * so, and uid 0 is root wherever it is.
 */
const UNKNOWN_KEY = 0;
const ROOT_KEY = 1;

function textKey(id: number, found: number): number {
  if (found > 1) return found;
  return found === 0 && id === 0 ? ROOT_KEY : UNKNOWN_KEY;
}

const named =
  (root: string) =>
  (key: number, e: EventView): string => {
    if (key === UNKNOWN_KEY) return "<NA>";
    return key === ROOT_KEY ? root : e.dictionary.text(key);
  };

const ofUser = (idWord: number, word: number, root: string): ReturnType<typeof plain> =>
  plain(
    keyed((e) => {
      if (e.row === 0) return -1;
      const uid = processId(e, idWord);
      return textKey(uid, userWord(e, uid | 0, word));
    }, named(root)),
  );

/** Who runs the event's process. */
export const USER_FIELDS: Binders = {
  "user.uid": plain(number((e) => processId(e, RowWord.UID))),
  "user.name": ofUser(RowWord.UID, UserWord.NAME, "root"),
  "user.homedir": ofUser(RowWord.UID, UserWord.HOME, "/root"),
  "user.shell": ofUser(RowWord.UID, UserWord.SHELL, "<NA>"),
  "user.loginuid": plain(
    number((e) => {
      const uid = processId(e, RowWord.LOGINUID);
      return uid === NO_ID ? -1 : uid;
    }),
  ),
  "user.loginname": ofUser(RowWord.LOGINUID, UserWord.NAME, "root"),
  "group.gid": plain(number((e) => processId(e, RowWord.GID))),
  "group.name": plain(
    keyed((e) => {
      if (e.row === 0) return -1;
      const gid = processId(e, RowWord.GID);
      return textKey(gid, groupWord(e, gid | 0, GroupWord.NAME));
    }, named("root")),
  ),
};
