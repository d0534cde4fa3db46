// SPDX-License-Identifier: Apache-2.0

import { parseDocument } from "yaml";
import { PeregrineError } from "../telemetry/errors.js";

/** Configuration as it was written: every scalar is its text, so that each key decides itself what a text means. */
export type Tree = string | null | Tree[] | TreeMap;
export interface TreeMap {
  [key: string]: Tree;
}

export function isMap(tree: Tree | undefined): tree is TreeMap {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}

/** A map without inherited keys: a file may have a key named `constructor`. */
export function emptyMap(): TreeMap {
  return Object.create(null) as TreeMap;
}

function toTree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value === "object" && value !== null) {
    const map = emptyMap();
    for (const [key, entry] of Object.entries(value)) map[key] = toTree(entry);
    return map;
  }
  return value === null || value === undefined ? null : String(value);
}

/**
 * Parses YAML (or JSON) text to a tree; null for an empty document.
 * @param expand is applied to every scalar
 */
export function parseTree(text: string, file: string, expand: (scalar: string) => string = (scalar) => scalar): Tree {
  const document = parseDocument(text, { schema: "failsafe", logLevel: "silent" });
  const error = document.errors[0];
  if (error !== undefined) {
    const at = error.linePos?.[0];
    throw new PeregrineError("CONFIG_PARSE", error.message.split("\n", 1)[0] ?? "", {
      file,
      ...(at === undefined ? {} : { line: at.line, column: at.col }),
    });
  }
  return mapScalars(toTree(document.toJS({ maxAliasCount: 1000 })), expand);
}

function mapScalars(tree: Tree, change: (scalar: string) => string): Tree {
  if (typeof tree === "string") return plainNull(change(tree));
  if (Array.isArray(tree)) return tree.map((entry) => mapScalars(entry, change));
  if (isMap(tree)) for (const key of Object.keys(tree)) tree[key] = mapScalars(tree[key], change);
  return tree;
}

function plainNull(text: string): Tree {
  return text === "" || text === "~" || text === "null" ? null : text;
}

/**
 * Replaces `${NAME}` in a scalar by the variable's value, or by nothing where it is not set; `$${NAME}` stands for a
 * literal `${NAME}`. Scanning goes on at the value put in, which may name variables itself.
 */
export function expandVariables(scalar: string, env: Readonly<Record<string, string | undefined>>): string {
  let text = scalar;
  let at = 0;
  // A variable that names itself would never end.
  for (let left = 1000; left > 0; left--) {
    const start = text.indexOf("${", at);
    if (start === -1) break;
    const end = text.indexOf("}", start);
    if (end === -1) break;
    if (start > at && text[start - 1] === "$") {
      text = text.slice(0, start - 1) + text.slice(start);
      at = end;
    } else {
      text = text.slice(0, start) + (env[text.slice(start + 2, end)] ?? "") + text.slice(end + 1);
      at = start;
    }
  }
  return text;
}
