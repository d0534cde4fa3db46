// SPDX-License-Identifier: Apache-2.0

import { AnnexPart, AnnexWord } from "../batch/annex.js";
import { EMPTY } from "../batch/dictionary.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { RecordWord } from "../batch/record.js";
import { annexOf } from "./annex.js";
import { HAS_FD } from "./events.js";
import { UNKEYED } from "./field.js";
import { type Argument, type Binders, dictionaryText, keyed, list, plain, type Reading } from "./reading.js";
import { kindName, namesPorts, rowName } from "./render/fd.js";
import type { EventView } from "./view.js";

/** Row of an fd of the event's process by its number: one of the first three, or one that the annex has a pair of. */
function rowOf(e: EventView, fd: number): number {
  const annex = e.row === 0 ? 0 : annexOf(e);
  if (annex === 0) return 0;
  if (fd <= 2) return e.words[annex + AnnexWord.STREAMS + fd] as number;
  const end = e.o + (e.words[e.o + RecordWord.SIZE] as number);
  for (let at = annex + AnnexWord.PAIRS; at < end; at += 2) {
    if (e.words[at] === fd) return e.words[at + 1] as number;
  }
  return 0;
}

function kindOf(e: EventView, fd: number): number {
  const row = rowOf(e, fd);
  return row === 0 ? -1 : (e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number);
}

const STREAMS = { annex: { parts: AnnexPart.STREAMS } };

const streamType = (fd: number): ReturnType<typeof plain> =>
  plain(
    keyed((e) => kindOf(e, fd), kindName),
    STREAMS,
  );

const streamName = (fd: number): ReturnType<typeof plain> =>
  plain(
    keyed(
      (e) => {
        const row = rowOf(e, fd);
        if (row === 0) return -1;
        return namesPorts(e, row) ? UNKEYED : (e.fds[row * FD_ROW_WORDS + FdWord.NAME] as number) || EMPTY;
      },
      (key, e) => (key === UNKEYED ? rowName(e, rowOf(e, fd)) : dictionaryText(key, e)),
    ),
    STREAMS,
  );

const KINDS = 32;

/** Names of the kinds of which the process has an fd open, each once, in the order of the kinds' numbers. */
function openTypes(e: EventView): readonly string[] | null {
  const annex = HAS_FD[e.type] === 0 || e.row === 0 ? 0 : annexOf(e);
  if (annex === 0) return null;
  const kinds = e.words[annex + AnnexWord.KINDS] as number;
  const names = new Set<string>();
  for (let kind = 0; kind < KINDS; kind++) if (((kinds >>> kind) & 1) === 1) names.add(kindName(kind));
  return [...names];
}

/** fd.types, and fd.types[n]: of the fd with that number alone. */
function bindTypes(argument: Argument | null): Reading | { error: string } {
  if (argument === null) return { extract: list(openTypes), annex: { parts: AnnexPart.KINDS } };
  const fd = argument.index;
  const extract = list((e) => {
    const kind = HAS_FD[e.type] === 0 ? -1 : kindOf(e, fd);
    return kind === -1 ? null : [kindName(kind)];
  });
  return { extract, annex: fd <= 2 ? STREAMS.annex : { parts: 0, fd } };
}

/** What the event's process has open, apart from the fd that the event is about. */
export const STREAM_FIELDS: Binders = {
  "proc.stdin.type": streamType(0),
  "proc.stdout.type": streamType(1),
  "proc.stderr.type": streamType(2),
  "proc.stdin.name": streamName(0),
  "proc.stdout.name": streamName(1),
  "proc.stderr.name": streamName(2),
  "fd.types": bindTypes,
};
