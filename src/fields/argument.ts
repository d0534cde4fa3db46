// SPDX-License-Identifier: Apache-2.0

import type { CatalogEntry } from "./catalog.js";
import type { Argument } from "./reading.js";

const DIGITS = /^\d+$/;
const LARGEST_INDEX = 0x7fff_ffff;

/** `[text]` or `.text` behind a field's name; undefined for anything else. */
export function parseArgument(rest: string): Argument | undefined {
  if (rest.startsWith("[") && rest.endsWith("]")) return argument(rest.slice(1, -1), true);
  if (rest.startsWith(".") && rest.length > 1) return argument(rest.slice(1), false);
  return undefined;
}

function argument(text: string, bracketed: boolean): Argument {
  const index = bracketed && DIGITS.test(text) && Number(text) <= LARGEST_INDEX ? Number(text) : -1;
  return { text, index, bracketed };
}

/** Fields whose argument stands behind a dot, or may do so. */
const SUFFIXED = new Set([
  "evt.arg",
  "evt.rawarg",
  "evt.type.is",
  "evt.abspath",
  "thread.cgroup",
  "container.label",
  "k8s.pod.label",
]);

/** Fields whose argument may stand in brackets, though their declaration would have it behind a dot. */
const BRACKETED = new Set(["evt.arg", "evt.rawarg", "evt.around"]);

/** Whether a field takes an argument of that form; binders check what it says. */
export function takes(entry: CatalogEntry, given: Argument): boolean {
  const rule = entry.arg;
  if (rule === null) return false;
  if (!given.bracketed) return SUFFIXED.has(entry.name);
  if (SUFFIXED.has(entry.name) && !BRACKETED.has(entry.name) && !rule.syntax.includes("[")) return false;
  if (rule.key || BRACKETED.has(entry.name)) return true;
  return given.index >= 0;
}
