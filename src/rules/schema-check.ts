// SPDX-License-Identifier: Apache-2.0

import { isMap, isScalar, isSeq } from "yaml";

import { isNull, type Value } from "./document.js";
import { RULE_SCHEMA } from "./rule-schema.js";

/*
 * Checks YAML against the schema of rules files. It knows the words of JSON schema that the schema has, and takes texts for
 * what they say: YAML need not tell 5 from "5".
 */

/** What a schema may say. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
}

/** Findings of one file that are told. */
const MAX_FINDINGS = 100;

/** What a document of a rules file has that its schema does not allow, one line each: `failed for <root>[0][key]: reason`. */
export function schemaFindings(root: Value): string[] {
  const findings: string[] = [];
  if (!isNull(root) && root !== null) check(root, RULE_SCHEMA, "<root>", findings);
  return findings;
}

function target(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const definitions: Readonly<Record<string, Schema>> = RULE_SCHEMA.definitions;
  return definitions[schema.$ref.slice("#/definitions/".length)] ?? {};
}

function check(value: Value, reference: Schema, path: string, findings: string[]): void {
  const schema = target(reference);
  if (findings.length >= MAX_FINDINGS) return;
  const found = (reason: string): void => void findings.push(`failed for ${path}: ${reason}`);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    found(`the value must be ${types.map((type) => NAMES[type] ?? type).join(" or ")}`);
    return;
  }
  if (schema.anyOf !== undefined && !schema.anyOf.some((each) => fits(value, each))) {
    found("the value is none of what is allowed there");
    return;
  }
  if (isScalar(value)) {
    const text = String(value.value);
    if (schema.enum !== undefined && !schema.enum.includes(text)) {
      found(`'${text}' is none of ${schema.enum.join(", ")}`);
    }
    if (schema.minimum !== undefined && Number(text) < schema.minimum) found(`${text} is less than ${schema.minimum}`);
  } else if (isSeq(value) && schema.items !== undefined) {
    for (const [i, item] of value.items.entries()) check(item as Value, schema.items, `${path}[${i}]`, findings);
  } else if (isMap(value)) checkMap(value, schema, path, findings);
}

function checkMap(value: Value, schema: Schema, path: string, findings: string[]): void {
  if (!isMap(value)) return;
  const found = (reason: string): void => void findings.push(`failed for ${path}: ${reason}`);
  const { properties = {}, required = [], minProperties = 0 } = schema;
  for (const key of required) if (!value.has(key)) found(`the key '${key}' is missing`);
  if (value.items.length < minProperties) found(`there must be at least ${minProperties} key(s)`);
  for (const pair of value.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    const inner = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (inner !== undefined) check(pair.value as Value, inner, `${path}[${key}]`, findings);
    else if (schema.additionalProperties === false) found(`the key '${key}' is not allowed there`);
  }
}

function fits(value: Value, schema: Schema): boolean {
  const findings: string[] = [];
  check(value, schema, "", findings);
  return findings.length === 0;
}

const NAMES: Readonly<Record<string, string>> = {
  array: "a sequence",
  object: "a mapping",
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function hasType(value: Value, type: string): boolean {
  if (type === "array") return isSeq(value);
  if (type === "object") return isMap(value);
  if (!isScalar(value) || isNull(value)) return false;
  const text = String(value.value);
  if (type === "integer") return /^[+-]?[0-9]+$/.test(text);
  if (type === "number") return text.trim() !== "" && Number.isFinite(Number(text));
  if (type === "boolean") return text === "true" || text === "false";
  return true;
}
