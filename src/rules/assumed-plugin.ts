// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";
import { CATALOG } from "../fields/catalog.generated.js";
import type { Field, FieldResolver } from "../fields/field.js";
import { resolveField } from "../fields/registry.js";
import { parseVersion } from "./version.js";

/** A plugin that is taken to be loaded while rules are checked. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  /** The event source that it has; null = none of its own, or only fields. */
  readonly source: string | null;
}

/** NAME:VERSION:SOURCE, where :SOURCE may be absent; null where it is something else. */
export function parsePlugin(text: string): Plugin | null {
  const parts = /^([^:\s]+):([^:\s]+)(?::([^:\s]+))?$/.exec(text);
  const [, name, version, source = null] = parts ?? [];
  if (name === undefined || version === undefined || parseVersion(version) === undefined) return null;
  return { name, version, source };
}

const FIELD = /^([a-zA-Z][a-zA-Z0-9_]*)(?:\.[a-zA-Z0-9_]+)+(?:\[.+\])?$/s;

/**
 * Finds fields as the registry does. In the sources of the plugins, names of a class that the engine does not have itself
 * are taken for fields of theirs, with texts as values: nothing is known of them, so nothing else is checked.
 */
export function assumedResolver(plugins: readonly Plugin[]): FieldResolver {
  const sources = new Set(plugins.map(({ source }) => source ?? "syscall"));
  const classes = new Set(CATALOG.map(({ name }) => name.slice(0, name.indexOf("."))));
  return (text, source) => {
    const found = resolveField(text, source);
    if (!("error" in found) || !sources.has(source)) return found;
    const name = FIELD.exec(text);
    return name === null || classes.has(name[1] ?? "") ? found : assumedField(text);
  };
}

function assumedField(text: string): Field {
  const bracket = text.indexOf("[");
  return {
    name: text,
    base: bracket < 0 ? text : text.slice(0, bracket),
    arg: bracket < 0 ? null : text.slice(bracket + 1, -1),
    type: ParamType.CHARBUF,
    list: false,
    flags: [],
    deprecated: false,
    filterOnly: false,
    extract: { shape: "text", get: () => null },
    address: null,
    demand: () => {},
    value: () => ({ text: null, json: "null" }),
  };
}
