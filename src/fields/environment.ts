// SPDX-License-Identifier: Apache-2.0

import { RowWord } from "../batch/process-rows.js";
import { type Argument, type Binders, each, keyed, type Reading } from "./reading.js";
import { joinedArgs, nextAncestor, rowTextKey, walkAncestors } from "./rows.js";
import type { EventView } from "./view.js";

/** Parents that proc.aenv[NAME] looks at. */
const ENV_PARENTS = 20;

/** Value of a variable in an environment (K=V, NUL separated), outer blanks cut; "" where it is missing. */
function variableOf(environment: string, name: string): string {
  const head = `${name}=`;
  let at = 0;
  while (at < environment.length) {
    let end = environment.indexOf("\0", at);
    if (end < 0) end = environment.length;
    if (environment.startsWith(head, at))
      return environment.slice(at + head.length, end).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    at = end + 1;
  }
  return "";
}

/** Key of the process's environment, which is its main thread's. */
function environmentKey(e: EventView): number {
  if (e.row === 0) return -1;
  return rowTextKey(e, e.leader === 0 ? e.row : e.leader, RowWord.ENV);
}

/** proc.env, proc.env[NAME]; digits in the brackets mean the whole. */
function bindEnvironment(argument: Argument | null): Reading {
  if (argument === null || argument.index >= 0 || argument.text === "")
    return { extract: keyed(environmentKey, joinedArgs) };
  const name = argument.text;
  return { extract: keyed(environmentKey, (key, e) => variableOf(e.dictionary.text(key), name)) };
}

/** The first non-empty value of a variable among the parents, nearest first: key of that parent's environment. */
function parentWith(e: EventView, name: string): number {
  if (e.row === 0) return -1;
  if (e.leader === 0) return 1;
  let row = e.leader;
  let key = 1;
  for (let i = 0; i < ENV_PARENTS; i++) {
    row = nextAncestor(e, row);
    if (row === 0) return key;
    key = rowTextKey(e, row, RowWord.ENV);
    if (variableOf(e.dictionary.text(key), name) !== "") return key;
  }
  return key;
}

function environmentOf(e: EventView, n: number): string | null {
  if (e.row === 0) return null;
  let row = e.leader;
  for (let i = 0; i < n && row !== 0; i++) row = nextAncestor(e, row);
  return row === 0 ? null : joinedArgs(rowTextKey(e, row, RowWord.ENV), e);
}

/**
 * proc.aenv: the own environment in outputs, any ancestor's in conditions; [n] the n-th parent's in outputs, still any
 * ancestor's in conditions; [NAME] a variable of the nearest parent that has it.
 */
function bindAncestorEnvironment(argument: Argument | null): Reading {
  if (argument === null || argument.index >= 0 || argument.text === "") {
    const n = Math.max(argument?.index ?? 0, 0);
    return { extract: each(environmentKeys, joinedArgs, (e) => environmentOf(e, n)) };
  }
  const name = argument.text;
  return {
    extract: keyed(
      (e) => parentWith(e, name),
      (key, e) => variableOf(e.dictionary.text(key), name),
    ),
  };
}

function environmentKeys(e: EventView, keys: Int32Array): number {
  if (e.leader === 0) return 0;
  let count = 0;
  walkAncestors(e, e.leader, (row) => {
    keys[count++] = rowTextKey(e, row, RowWord.ENV);
    return count < keys.length;
  });
  return count;
}

/** Environments of the process and its ancestors. */
export const ENVIRONMENT_FIELDS: Binders = {
  "proc.env": bindEnvironment,
  "proc.aenv": bindAncestorEnvironment,
};
