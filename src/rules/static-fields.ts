// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";
import type { Field, FieldResolver } from "../fields/field.js";
import { resolveField } from "../fields/registry.js";
import type { RuleSet } from "./ruleset.js";
import { toBinary } from "./text.js";

/** Values by key, as the configuration has them: every event of every source has them as `static.KEY`. */
export type StaticFields = Readonly<Record<string, string>>;

const PREFIX = "static.";

/** Names of the fields. */
export function staticNames(fields: StaticFields): string[] {
  return Object.keys(fields).map((key) => PREFIX + key);
}

/** Finds static fields, and others with `base`. */
export function staticResolver(fields: StaticFields, base: FieldResolver): FieldResolver {
  if (Object.keys(fields).length === 0) return base;
  return (text, source) => {
    const key = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    return value === undefined ? base(text, source) : staticField(text, value);
  };
}

/** Finds the fields that rules name where they run: those that `base` finds and those that the set brings. */
export function fieldsOf(rules: RuleSet, base: FieldResolver = resolveField): FieldResolver {
  return staticResolver(rules.staticFields ?? {}, base);
}

function staticField(name: string, value: string): Field {
  const text = toBinary(value);
  const json = JSON.stringify(value);
  return {
    name,
    base: name,
    arg: null,
    type: ParamType.CHARBUF,
    list: false,
    flags: [],
    deprecated: false,
    filterOnly: false,
    extract: { shape: "text", get: () => text },
    address: null,
    demand: () => {},
    value: () => ({ text, json }),
  };
}
