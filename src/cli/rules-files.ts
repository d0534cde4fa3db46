// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PeregrineError } from "../telemetry/errors.js";

export interface RulesFile {
  readonly path: string;
  readonly content: string;
}

const RULES_NAME = /\.ya?ml$/;

/**
 * Reads rules files in the order given. A folder gives its own files with names in .yaml or .yml, sorted by path; other
 * names are passed over, also where they are given themselves.
 * @param strict whether a path that does not exist is an error (as for -r) or passed over (as for rules_files)
 */
export function readRulesFiles(
  paths: readonly string[],
  strict: boolean,
  warn: (message: string) => void,
): RulesFile[] {
  const files: RulesFile[] = [];
  for (const path of paths) {
    for (const file of expand(path, strict)) {
      if (RULES_NAME.test(file)) files.push({ path: file, content: read(file) });
      else if (file === path) warn(`${path} is passed over: the names of rules files end in .yaml or .yml`);
    }
  }
  return files;
}

function expand(path: string, strict: boolean): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (strict) throw new PeregrineError("RULES_OPEN", `Could not find rules path ${path}`, { file: path });
    return [];
  }
  if (!stat.isDirectory()) return [path];
  try {
    return readdirSync(path)
      .map((name) => join(path, name))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
      .sort((a, b) => (a < b ? -1 : 1));
  } catch (cause) {
    throw new PeregrineError("RULES_OPEN", `Could not read rules folder ${path}`, { file: path }, { cause });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new PeregrineError("RULES_OPEN", `Could not read rules file ${path}`, { file: path }, { cause });
  }
}
