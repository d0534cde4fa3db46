// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../../src/batch/event-table.generated.js";
import { CATALOG } from "../../src/fields/catalog.generated.js";
import type { CatalogEntry } from "../../src/fields/catalog.js";
import type { Field, FieldResolver } from "../../src/fields/field.js";

const BY_NAME = new Map<string, CatalogEntry>(CATALOG.map((entry) => [entry.name, entry]));
const SUFFIXED = ["evt.arg", "evt.rawarg", "evt.type.is", "proc.env", "thread.cgroup", "evt.around"];

function field(name: string, entry: CatalogEntry, arg: string | null): Field {
  return {
    name,
    base: entry.name,
    arg,
    type: entry.type,
    list: entry.list,
    flags: entry.flags,
    deprecated: entry.deprecated,
    filterOnly: entry.filterOnly,
    extract: { shape: "text", get: () => null },
    address: null,
    demand: () => {},
    value: () => ({ text: null, json: "null" }),
  };
}

/** Fields of tests, beside those of the catalog. */
export const MOCK_FIELDS: Readonly<Record<string, { type: number; list?: boolean; flags?: string[] }>> = {
  "c.true": { type: ParamType.CHARBUF },
  "c.false": { type: ParamType.CHARBUF },
  "c.buffer": { type: ParamType.BYTEBUF },
  "c.doublequote": { type: ParamType.CHARBUF },
  "c.singlequote": { type: ParamType.CHARBUF },
};

/** Finds fields by the catalog alone, for the syscall source; values are all absent. */
export const catalogResolver: FieldResolver = (text, source) => {
  const unknown = { error: `filter_check called with nonexistent field ${text}` };
  const mock = MOCK_FIELDS[text];
  if (mock !== undefined) {
    const entry = {
      ...(CATALOG[0] as CatalogEntry),
      name: text,
      type: mock.type,
      list: mock.list ?? false,
      flags: mock.flags ?? [],
    };
    return field(text, entry, null);
  }
  if (source !== "syscall") return unknown;
  const bracket = text.indexOf("[");
  if (bracket > 0) {
    const entry = BY_NAME.get(text.slice(0, bracket));
    const arg = text.slice(bracket + 1, -1);
    if (entry === undefined) return unknown;
    if (entry.arg === null || !text.endsWith("]")) return { error: `field ${entry.name} takes no argument` };
    return field(text, entry, arg);
  }
  const entry = BY_NAME.get(text);
  if (entry !== undefined) {
    if (entry.arg?.required) return { error: `field ${text} requires an argument` };
    return field(text, entry, null);
  }
  for (const base of SUFFIXED) {
    const found = BY_NAME.get(base);
    const arg = text.slice(base.length + 1);
    if (found !== undefined && text.startsWith(`${base}.`) && /^[a-z0-9_]+$/.test(arg)) return field(text, found, arg);
  }
  return unknown;
};
