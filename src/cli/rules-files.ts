// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.js";
import { filesAt } from "../config/folder.js";
import { PeregrineError, why } from "../telemetry/errors.js";
import type { Context, RunFlags } from "./context.js";
import { packageRoot } from "./package-root.js";

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
      if (RULES_NAME.test(file)) files.push(readRulesFile(file));
      else if (file === path) warn(`${path} is passed over: the names of rules files end in .yaml or .yml`);
    }
  }
  return files;
}

function expand(path: string, strict: boolean): string[] {
  try {
    const files = filesAt(path);
    if (files === null && strict) {
      throw new PeregrineError("RULES_OPEN", "Could not find the rules file or folder", { file: path });
    }
    return files ?? [];
  } catch (cause) {
    if (cause instanceof PeregrineError) throw cause;
    throw new PeregrineError("RULES_OPEN", `Could not read the rules file or folder (${why(cause)})`, { file: path });
  }
}

/** Reads one rules file, whatever its name. */
export function readRulesFile(path: string): RulesFile {
  try {
    return { path, content: readFileSync(path, "utf8") };
  } catch (cause) {
    throw new PeregrineError("RULES_OPEN", `Could not read the rules file (${why(cause)})`, { file: path });
  }
}

/**
 * The rules files of a run: those of -r, else those of the configuration; where neither is given, the default rules. Throws
 * RULES_OPEN or RULES_NONE.
 */
export function readRuleSources(flags: RunFlags, config: Config, { log }: Context): RulesFile[] {
  const { rules } = flags;
  const root = packageRoot();
  if (rules === undefined && flags.config === undefined && config.rulesFiles.length === 0 && root !== null) {
    const path = join(root, "rules", "peregrine_rules.yaml");
    log.info("No rules file is given: the default rules are used", { file: path });
    return [readRulesFile(path)];
  }
  const files = readRulesFiles(rules ?? config.rulesFiles, rules !== undefined, (message) => log.warn(message));
  if (files.length > 0) return files;
  throw new PeregrineError(
    "RULES_NONE",
    "You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml",
  );
}
