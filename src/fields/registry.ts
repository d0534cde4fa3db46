// SPDX-License-Identifier: Apache-2.0

import type { Demand } from "../batch/plan.js";
import { ANCESTOR_FIELDS } from "./ancestors.js";
import { ARG_FIELDS } from "./arg.js";
import { parseArgument, takes } from "./argument.js";
import { CATALOG } from "./catalog.generated.js";
import type { CatalogEntry } from "./catalog.js";
import { CONTAINER_FIELDS } from "./container.js";
import { CPU_FIELDS } from "./cpu.js";
import { ENVIRONMENT_FIELDS } from "./environment.js";
import { EVENT_FIELDS } from "./event-fields.js";
import { TYPE_FIELDS } from "./event-type.js";
import { FD_FIELDS } from "./fd.js";
import { FD_NAME_FIELDS } from "./fd-name.js";
import { FDLIST_FIELDS } from "./fdlist.js";
import type { Field, FieldResolver } from "./field.js";
import { INFRA_FIELDS } from "./infra.js";
import { IO_FIELDS } from "./io.js";
import { OPEN_FIELDS } from "./open.js";
import { PATH_FIELDS } from "./path.js";
import { PROC_FIELDS } from "./proc.js";
import { PROCESS_FIGURES } from "./process-figures.js";
import type { Argument, Binders, Reading } from "./reading.js";
import { RESULT_FIELDS } from "./result.js";
import { SESSION_FIELDS } from "./session.js";
import { SOCKET_FIELDS } from "./socket.js";
import { STREAM_FIELDS } from "./streams.js";
import { THREAD_FIELDS } from "./thread.js";
import { TIME_FIELDS } from "./time.js";
import { USER_FIELDS } from "./user.js";
import { fieldValue } from "./value.js";

const BINDERS: Binders = {
  ...TIME_FIELDS,
  ...EVENT_FIELDS,
  ...TYPE_FIELDS,
  ...RESULT_FIELDS,
  ...IO_FIELDS,
  ...OPEN_FIELDS,
  ...ARG_FIELDS,
  ...PROC_FIELDS,
  ...ANCESTOR_FIELDS,
  ...SESSION_FIELDS,
  ...ENVIRONMENT_FIELDS,
  ...THREAD_FIELDS,
  ...USER_FIELDS,
  ...FD_FIELDS,
  ...FD_NAME_FIELDS,
  ...SOCKET_FIELDS,
  ...PATH_FIELDS,
  ...FDLIST_FIELDS,
  ...CPU_FIELDS,
  ...INFRA_FIELDS,
  ...PROCESS_FIGURES,
  ...STREAM_FIELDS,
  ...CONTAINER_FIELDS,
};

/** Fields of the generic event class: the ones that every source has. */
const GENERIC =
  /^evt\.(num|time|time\.s|time\.iso8601|datetime|datetime\.s|rawtime|rawtime\.s|rawtime\.ns|reltime|reltime\.s|reltime\.ns|pluginname|plugininfo|source|is_async|asynctype|hostname)$/;

const SYSCALL_SOURCE = "syscall";

const byName: ReadonlyMap<string, CatalogEntry> = new Map(CATALOG.map((entry) => [entry.name, entry]));

/** Fields that say nothing without an argument. Those of containers say so themselves, in the words of plugins. */
const NEEDS_ARGUMENT: ReadonlyMap<string, string> = new Map([
  ["evt.type.is", "evt.type.is.NAME"],
  ["evt.arg", "evt.arg.NAME or evt.arg[NUMBER]"],
  ["evt.rawarg", "evt.rawarg.NAME"],
  ["evt.around", "evt.around[NUMBER]"],
  ["thread.cgroup", "thread.cgroup.SUBSYS"],
]);

function nonexistent(name: string): { error: string } {
  return { error: `filter_check called with nonexistent field ${name}` };
}

/** Fields that a rule of `source` can name, in the order in which they are listed. */
export function listFields(source: string): readonly CatalogEntry[] {
  return source === SYSCALL_SOURCE ? CATALOG : CATALOG.filter((entry) => GENERIC.test(entry.name));
}

/**
 * Finds a field by its text: the longest name that the text starts with and whose rest is an argument that the field takes.
 * Every call makes a field of its own, with its own memory of what it has looked up.
 */
export const resolveField: FieldResolver = (text, source) => {
  let failure: { error: string } | undefined;
  for (let end = firstEnd(text); end > 0; end = previousEnd(text, end)) {
    const entry = byName.get(text.slice(0, end));
    if (entry === undefined || (source !== SYSCALL_SOURCE && !GENERIC.test(entry.name))) continue;
    const rest = text.slice(end);
    const given = rest === "" ? null : parseArgument(rest);
    if (given === undefined || (given !== null && !takes(entry, given))) continue;
    const field = bind(entry, given, text);
    if (!("error" in field)) return field;
    failure ??= field;
  }
  return failure ?? nonexistent(text);
};

const LONGEST_NAME = Math.max(...CATALOG.map((entry) => entry.name.length));

/** The longest end at which a field's name can end. */
function firstEnd(text: string): number {
  return text.length <= LONGEST_NAME ? text.length : previousEnd(text, LONGEST_NAME + 1);
}

/** The next shorter end at which a field's name can end: in front of "[" or ".". */
function previousEnd(text: string, end: number): number {
  const bracket = text.lastIndexOf("[", end - 1);
  const dot = text.lastIndexOf(".", end - 1);
  return Math.max(bracket, dot, 0);
}

function bind(entry: CatalogEntry, given: Argument | null, text: string): Field | { error: string } {
  const binder = BINDERS[entry.name];
  if (binder === undefined) return nonexistent(entry.name);
  const form = NEEDS_ARGUMENT.get(entry.name);
  if (given === null && form !== undefined)
    return { error: `filter syntax error: ${text} (an argument is missing: ${form})` };
  const reading = binder(given, entry);
  return "error" in reading ? reading : fieldOf(entry, given, text, reading);
}

function fieldOf(entry: CatalogEntry, given: Argument | null, text: string, reading: Reading): Field {
  const type = reading.type ?? entry.type;
  const mask = reading.demand;
  return {
    name: text,
    base: entry.name,
    arg: given === null ? null : given.text,
    type,
    list: entry.list,
    flags: entry.flags,
    deprecated: entry.deprecated,
    filterOnly: entry.filterOnly,
    extract: reading.extract,
    address: reading.address ?? null,
    ...(reading.annex === undefined ? {} : { annex: reading.annex }),
    demand: (eventType: number, demand: Demand): void => {
      demand[eventType] = (demand[eventType] ?? 0) | (mask === undefined ? 0 : mask(eventType));
    },
    value: fieldValue(reading, type, entry.format),
  };
}
