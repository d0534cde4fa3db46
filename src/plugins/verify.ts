// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { PeregrineError } from "../telemetry/errors.js";

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Of a folder: only owners may replace what is in it. */
const STICKY = 0o1000;

/** Who owns Peregrine can change it, and so anything that it loads. */
const OWN = statSync(import.meta.filename).uid;

/** Who else can write what `stats` are of, an owner always; null: nobody. */
function writers({ mode, uid, gid }: Pick<Stats, "mode" | "uid" | "gid">): string | null {
  if (uid !== 0 && uid !== OWN && uid !== process.geteuid?.()) return `user ${uid}`;
  if ((mode & OTHERS_WRITE) !== 0) return "everybody";
  if ((mode & GROUP_WRITES) !== 0 && gid !== 0 && gid !== process.getgid?.()) return `group ${gid}`;
  return null;
}

/**
 * Checks that nobody else can change the file between now and its use, and that it is the one that the user pinned.
 * @param pin SHA-256 in hexadecimal digits, null: any
 * @returns the file's SHA-256
 * @throws PeregrineError PLUGIN_WRITABLE, PLUGIN_HASH, PLUGIN_PATH
 */
export function verifyFile(path: string, pin: string | null): string {
  const who = writers(statSync(path));
  if (who !== null) throw writable(path, `${who} can write it`);
  const { mode, uid, gid } = statSync(dirname(path));
  const whoFolder = writers({ mode: (mode & STICKY) === 0 ? mode : 0, uid, gid });
  if (whoFolder !== null) throw writable(path, `${whoFolder} can write its folder`);
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
