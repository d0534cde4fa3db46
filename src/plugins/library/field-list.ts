// SPDX-License-Identifier: Apache-2.0

import type { FieldArgument, FieldSpec, FieldType } from "../../sdk/index.js";

/** A field of a library: what the engine is told of it, and what the library is told when it is to be extracted. */
export interface LibraryField {
  readonly name: string;
  readonly spec: FieldSpec;
  /** Position in get_fields. */
  readonly id: number;
  /** The type's code in the binary interface. */
  readonly code: number;
}

const TYPE_CODES: Readonly<Record<string, number>> = {
  string: 9,
  uint64: 8,
  reltime: 20,
  abstime: 21,
  bool: 25,
  ipaddr: 40,
  ipnet: 41,
};
/** API 0.3 has room for these two in its result. */
const TYPES_03: readonly string[] = ["string", "uint64"];

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A problem of what a library says of itself, in Falco's words. */
export class DescriptionProblem extends Error {
  constructor(plugin: string, problem: string) {
    super(`error in plugin ${plugin}: ${problem}`);
  }
}

function flag(plugin: string, field: string, from: Json, key: string): boolean {
  const value = from[key];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") {
    throw new DescriptionProblem(plugin, `field ${field} ${key} property is not boolean`);
  }
  return value;
}

function argumentOf(plugin: string, field: string, argument: unknown): FieldArgument | undefined {
  if (argument === undefined || argument === null) return undefined;
  if (!isObject(argument)) throw new DescriptionProblem(plugin, `field ${field} arg property is not object`);
  const required = flag(plugin, field, argument, "isRequired");
  const isIndex = flag(plugin, field, argument, "isIndex");
  const isKey = flag(plugin, field, argument, "isKey");
  if (!isIndex && !isKey) {
    if (!required) return undefined;
    throw new DescriptionProblem(
      plugin,
      `field ${field} arg has isRequired true, but none of isKey nor isIndex is true`,
    );
  }
  const kind = isIndex && isKey ? "either" : isIndex ? "index" : "key";
  return required ? { kind, required } : { kind };
}

function properties(plugin: string, field: string, value: unknown, api03: boolean): readonly string[] {
  if (value === undefined || value === null) return [];
  // The first SDKs had a text here, most often an empty one.
  if (api03 && typeof value === "string") return value.split(",").map((entry) => entry.trim());
  if (!Array.isArray(value)) throw new DescriptionProblem(plugin, `field ${field} properties property is not array`);
  for (const entry of value) {
    if (typeof entry !== "string") {
      throw new DescriptionProblem(plugin, `field ${field} properties value is not string`);
    }
  }
  return value as readonly string[];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readField(plugin: string, id: number, entry: unknown, api03: boolean): LibraryField {
  if (!isObject(entry)) throw new DescriptionProblem(plugin, "field JSON entry has no type");
  const type = textOf(entry["type"]);
  const name = textOf(entry["name"]);
  const desc = textOf(entry["desc"]);
  const display = textOf(entry["display"]);
  if (type === "") throw new DescriptionProblem(plugin, "field JSON entry has no type");
  if (name === "") throw new DescriptionProblem(plugin, "field JSON entry has no name");
  if (desc === "") throw new DescriptionProblem(plugin, "field JSON entry has no desc");
  const code = TYPE_CODES[type];
  if (code === undefined || (api03 && !TYPES_03.includes(type))) {
    throw new DescriptionProblem(plugin, `invalid field type ${type}`);
  }
  // Any field of API 0.3 takes an argument; what it makes of one is its own affair.
  const argument: FieldArgument | undefined = api03
    ? { kind: "key", required: flag(plugin, name, entry, "argRequired") }
    : argumentOf(plugin, name, entry["arg"]);
  const spec: FieldSpec = {
    type: type as FieldType,
    desc,
    ...(display === "" ? {} : { display }),
    ...(!api03 && flag(plugin, name, entry, "isList") ? { list: true } : {}),
    ...(argument === undefined ? {} : { argument }),
    ...(properties(plugin, name, entry["properties"], api03).includes("hidden") ? { hidden: true } : {}),
    ...(!api03 && flag(plugin, name, entry, "addOutput") ? { suggested: true } : {}),
  };
  return { name, spec, id, code };
}

/**
 * The fields that get_fields returned: none at all is fine too.
 * @throws DescriptionProblem
 */
export function readFields(plugin: string, text: string, api03: boolean): readonly LibraryField[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw new DescriptionProblem(plugin, "get_fields returned an invalid JSON");
  const fields = list.map((entry: unknown, id) => readField(plugin, id, entry, api03));
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw new DescriptionProblem(plugin, `get_fields names field ${name} twice`);
    names.add(name);
  }
  return fields;
}

/**
 * A list of names that a function of the library returned; "" is an empty list where that may be.
 * @throws DescriptionProblem
 */
export function readNames(plugin: string, from: string, text: string, mayBeEmpty: boolean): readonly string[] {
  if (text === "" && mayBeEmpty) return [];
  if (text === "") throw new DescriptionProblem(plugin, `'${from}' did not return a json array but it should`);
  const list = parseJson(text);
  if (!Array.isArray(list) || list.some((name) => typeof name !== "string")) {
    throw new DescriptionProblem(plugin, `'${from}' did not return a json array`);
  }
  return [...new Set(list as readonly string[])].filter((name) => name !== "");
}
