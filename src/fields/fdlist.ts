// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord } from "../batch/fd-rows.js";
import { type Binders, plain, text } from "./reading.js";
import { ipText } from "./render/address.js";
import { isInternet, rowName } from "./render/fd.js";
import { pollCount, pollFd, pollRow } from "./render/poll-list.js";
import { destinationBytes, sourceBytes } from "./socket.js";
import type { EventView } from "./view.js";

const LIST_PARAM = 1;
const LIST_WORD = 18;

const isPoll = (type: number): boolean => type === EventType.SYSCALL_POLL_X || type === EventType.SYSCALL_PPOLL_X;

/** Joins what `show` says of each fd of a poll list; null entries are left out. */
const joined = (show: (e: EventView, fd: number, row: number) => string | null): ReturnType<typeof plain> =>
  plain(
    text((e) => {
      if (!isPoll(e.type) || e.row === 0 || !e.has(LIST_PARAM)) return null;
      const at = e.words[e.o + LIST_WORD] as number;
      const count = pollCount(e, at, e.words[e.o + LIST_WORD + 1] as number);
      const shown: string[] = [];
      for (let i = 0; i < count; i++) {
        const item = show(e, pollFd(e, at, i), pollRow(e, at, i));
        if (item !== null) shown.push(item);
      }
      return shown.length === 0 ? null : shown.join(",");
    }),
    { demand: (type) => (isPoll(type) ? 1 << LIST_PARAM : 0) },
  );

/** Addresses of a socket's row as binary text, "" where it has none. */
function addressesOf(e: EventView, row: number): string {
  const base = row * FD_ROW_WORDS;
  if (row === 0 || !isInternet(e.fds[base + FdWord.KIND] as number)) return "";
  const id = e.fds[base + FdWord.SOCKET] as number;
  return id === 0 ? "" : e.dictionary.text(id);
}

function isConnection(e: EventView, row: number): boolean {
  const kind = e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number;
  return kind === FdKind.IPV4_SOCK || kind === FdKind.IPV6_SOCK;
}

const address = (pick: (bytes: string) => string, connections: boolean): ReturnType<typeof plain> =>
  joined((e, _fd, row) => {
    const bytes = connections && !isConnection(e, row) ? "" : pick(addressesOf(e, row));
    return bytes === "" ? null : ipText(bytes);
  });

/** A port of a connection: `ends` is 0 for the source's, 1 for the destination's. */
const port = (end: 0 | 1): ReturnType<typeof plain> =>
  joined((e, _fd, row) => {
    const bytes = addressesOf(e, row);
    if (bytes === "" || !isConnection(e, row)) return null;
    const wide = bytes.length > 20;
    const at = end === 0 ? (wide ? 17 : 5) : wide ? 35 : 11;
    return String(bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8));
  });

/** The fds of a poll call. */
export const FDLIST_FIELDS: Binders = {
  "fdlist.nums": joined((_e, fd) => String(fd)),
  "fdlist.names": joined((e, _fd, row) => {
    const id = row === 0 ? 0 : (e.fds[row * FD_ROW_WORDS + FdWord.NAME] as number);
    return id <= 1 ? "<NA>" : rowName(e, row);
  }),
  "fdlist.cips": address(sourceBytes, true),
  "fdlist.sips": address(destinationBytes, false),
  "fdlist.cports": port(0),
  "fdlist.sports": port(1),
};
