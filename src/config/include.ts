// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { PeregrineError, why } from "../telemetry/errors.js";
import { filesAt } from "./folder.js";
import { isMap, type Tree, type TreeMap } from "./tree.js";

const KEY = "config_files";

/** How a file's keys join those that are there; other names mean "append", as in Falco. */
type Strategy = "append" | "override" | "add-only";

interface Inclusion {
  readonly path: string;
  readonly strategy: Strategy;
}

/**
 * Merges the files that `config_files` names into `root`, in order: whole keys, for a map is not merged with another. With
 * "append" a list is put behind the one that is there and anything else takes its place; "override" replaces lists too;
 * "add-only" brings keys that are not there yet. Paths that are not there are passed over; a folder stands for its files.
 * @param main path of the configuration file itself, null where there is none
 * @param read gives the keys of a file
 * @throws PeregrineError CONFIG_VALUE where a file includes others, or the configuration file itself
 */
export function includeFiles(root: TreeMap, main: string | null, read: (path: string) => TreeMap): void {
  const listed = root[KEY];
  delete root[KEY];
  for (const { path, strategy } of inclusions(listed)) {
    for (const file of filesOf(path)) {
      if (main !== null && resolve(file) === resolve(main)) {
        throw wrong(`config file error: '${KEY}' directive tried to recursively include main config file: ${file}.`);
      }
      const tree = read(file);
      if (KEY in tree) throw wrong(`config file error: '${KEY}' directive in included config file ${file}.`);
      for (const [key, value] of Object.entries(tree)) merge(root, key, value, strategy);
    }
  }
}

function wrong(message: string): PeregrineError {
  return new PeregrineError("CONFIG_VALUE", message);
}

function inclusions(listed: Tree | undefined): Inclusion[] {
  if (listed === undefined || listed === null) return [];
  return (Array.isArray(listed) ? listed : [listed]).map((entry) => {
    const path = isMap(entry) ? entry["path"] : entry;
    if (typeof path !== "string") throw wrong(`Error reading config file: an entry of '${KEY}' has no path`);
    const strategy = isMap(entry) ? entry["strategy"] : "append";
    return { path, strategy: strategy === "override" || strategy === "add-only" ? strategy : "append" };
  });
}

/** A file, or the files of a folder by their paths; none where nothing is there. */
function filesOf(path: string): string[] {
  try {
    return filesAt(path) ?? [];
  } catch (cause) {
    throw new PeregrineError("CONFIG_OPEN", `Could not read what ${KEY} names (${why(cause)})`, { file: path });
  }
}

function merge(root: TreeMap, key: string, value: Tree, strategy: Strategy): void {
  const old = root[key];
  if (old !== undefined && strategy === "add-only") return;
  root[key] = strategy === "append" && Array.isArray(old) && Array.isArray(value) ? [...old, ...value] : value;
}
