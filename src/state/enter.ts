// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";
import { Thread } from "./threads.js";

/*
 * Enter events that still exist carry what a call was given before another thread could change it. They are kept with
 * their thread until its exit event comes.
 */

/**
 * Takes the enter event of `type` that the event's thread has kept.
 * @returns the type, 0 where the thread's last enter event is another one; its words are in the thread's record
 */
export function takeEnter(c: Tables, type: number): number {
  const at = (c.t << Thread.SHIFT) + Thread.ENTER_TYPE;
  if (c.t === 0 || c.threads.words[at] !== type) return 0;
  c.threads.words[at] = 0;
  return type;
}

function keep(c: Tables, type: number, name: number, fd: number, flags: number): void {
  if (c.t === 0) return;
  const words = c.threads.words;
  const base = c.t << Thread.SHIFT;
  words[base + Thread.ENTER_TYPE] = type;
  words[base + Thread.ENTER_NAME] = name;
  words[base + Thread.ENTER_FD] = fd;
  words[base + Thread.ENTER_FLAGS] = flags;
}

/** A rule that keeps the enter event of `type`: which parameters are its name, fd and flags (-1: it has none). */
function keeper(type: number, name: number, fd: number, flags: number): Rule {
  const words = wordsOf(type);
  const nameWord = name < 0 ? -1 : (words[name] ?? -1);
  const fdWord = fd < 0 ? -1 : (words[fd] ?? -1);
  const flagsWord = flags < 0 ? -1 : (words[flags] ?? -1);
  return {
    type,
    params: [name, fd, flags].filter((param) => param >= 0),
    run: (c) =>
      keep(
        c,
        type,
        nameWord < 0 ? 0 : c.int(nameWord),
        fdWord < 0 ? -1 : c.fdAt(fdWord),
        flagsWord < 0 ? 0 : c.int(flagsWord),
      ),
  };
}

export const enterRules: readonly Rule[] = [
  keeper(EventType.SYSCALL_OPEN_E, 0, -1, 1),
  keeper(EventType.SYSCALL_CREAT_E, 0, -1, -1),
  keeper(EventType.SYSCALL_OPENAT_2_E, 1, 0, 2),
  keeper(EventType.SYSCALL_OPENAT2_E, 1, 0, 2),
  keeper(EventType.SYSCALL_EXECVE_19_E, 0, -1, -1),
  keeper(EventType.SYSCALL_EXECVEAT_E, 1, 0, 2),
  keeper(EventType.SOCKET_CONNECT_E, 1, 0, -1),
];
