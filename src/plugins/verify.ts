// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { PeregrineError } from "../telemetry/errors.js";
import { membersHere } from "./group-members.js";

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Of a folder: only owners may replace what is in it. */
const STICKY = 0o1000;

/** Who owns Peregrine can change it, and so anything that it loads. */
const OWN = statSync(import.meta.filename).uid;

function trusted(uid: number): boolean {
  return uid === 0 || uid === OWN || uid === process.geteuid?.();
}

/**
 * A umask of 002 leaves to a group what a user makes, and is meant for groups that users have to themselves. A group of which the
 * machine's files say nothing is taken for such a one if it is the running user's and has the same number.
 */
function trustedGroup(gid: number): boolean {
  if (gid === 0) return true;
  const members = membersHere(gid);
  return members === null ? gid === process.getgid?.() && gid === process.geteuid?.() : members.every(trusted);
}

/** Who else can write what `stats` are of, an owner always; null: nobody. */
function writers({ mode, uid, gid }: Pick<Stats, "mode" | "uid" | "gid">): string | null {
  if (!trusted(uid)) return `user ${uid}`;
  if ((mode & OTHERS_WRITE) !== 0) return "everybody";
  if ((mode & GROUP_WRITES) !== 0 && !trustedGroup(gid)) return `group ${gid}`;
  return null;
}

/** The folder of `path`, that folder's, and so on up to the root. */
function foldersOf(path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== folders.at(-1); folder = dirname(folder)) folders.push(folder);
  return folders;
}

/** Who can write one of these can put another Peregrine in its place: that it loads another plugin adds nothing to it. */
const OWN_FOLDERS = new Set(foldersOf(dirname(import.meta.filename)));

/**
 * Checks that nobody else can change the file between now and its use, or put another one in its place, and that it is the one
 * that the user pinned.
 * @param path without links: what they lead to has been found
 * @param pin SHA-256 in hexadecimal digits, null: any
 * @returns the file's SHA-256
 * @throws PeregrineError PLUGIN_WRITABLE, PLUGIN_HASH, PLUGIN_PATH
 */
export function verifyFile(path: string, pin: string | null): string {
  const who = writers(statSync(path));
  if (who !== null) throw writable(path, `${who} can write it`);
  for (const [distance, folder] of foldersOf(path).entries()) {
    if (distance > 0 && OWN_FOLDERS.has(folder)) continue;
    const { mode, uid, gid } = statSync(folder);
    const whoFolder = writers({ mode: (mode & STICKY) === 0 ? mode : 0, uid, gid });
    if (whoFolder === null) continue;
    const remedy = trusted(uid) ? "chmod go-w" : "chown root";
    throw writable(path, `${whoFolder} can write the folder ${folder} and so exchange it: ${remedy} ${folder}`);
  }
  const hash = hashOf(path);
  if (pin !== null && pin.toLowerCase() !== hash) {
    const message = `the plugin is not the one that is pinned: its SHA-256 is ${hash}, not ${pin.toLowerCase()}`;
    throw new PeregrineError("PLUGIN_HASH", message, { file: path });
  }
  return hash;
}

export function hashOf(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch (cause) {
    throw new PeregrineError("PLUGIN_PATH", "the plugin cannot be read", { file: path }, { cause });
  }
}

function writable(path: string, why: string): PeregrineError {
  return new PeregrineError("PLUGIN_WRITABLE", `the plugin is refused: ${why}`, { file: path });
}
