// SPDX-License-Identifier: Apache-2.0

import { PeregrineError } from "../telemetry/errors.js";
import { emptyMap, isMap, parseTree, type Tree, type TreeMap } from "./tree.js";

/** A step into the tree: a key, a place in a list, or a new place at its end. */
export type Step = string | number | "[]";
const APPEND = "[]";

/** `-o KEY=VALUE`. */
export interface Override {
  readonly key: string;
  readonly steps: readonly Step[];
  readonly value: Tree;
}

function bad(key: string, why: string): PeregrineError {
  return new PeregrineError("OPTION_SYNTAX", `Config error at key "${key}": ${why}`);
}

/**
 * Parses `a.b.c=v`, `list[3].x=v`, `list[]=v`; a backslash before `.`, `[`, `]` or a backslash makes it part of the name.
 * A value in braces is an object in YAML or JSON. Throws a PeregrineError OPTION_SYNTAX.
 */
export function parseOverride(text: string): Override {
  const equals = text.indexOf("=");
  if (equals <= 0) {
    throw new PeregrineError(
      "OPTION_SYNTAX",
      `Error parsing config option "${text}". Must be of the form key=val or key.subkey=val`,
    );
  }
  const key = text.slice(0, equals).trim();
  return { key, steps: parseKey(key), value: parseValue(key, text.slice(equals + 1)) };
}

function parseValue(key: string, text: string): Tree {
  const value = text.trim();
  if (!value.startsWith("{") || !value.endsWith("}")) return text;
  try {
    return parseTree(value, "-o");
  } catch (error) {
    throw bad(key, `Parsing error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseKey(key: string): Step[] {
  const steps: Step[] = [];
  let name = "";
  let named = false;
  const push = (): void => {
    if (name === "") throw bad(key, "Parsing error: a name is missing");
    steps.push(name);
    name = "";
    named = true;
  };
  for (let i = 0; i < key.length; i++) {
    const c = key[i];
    if (c === "\\" && i + 1 < key.length && ".[]\\".includes(key[i + 1])) {
      name += key[++i];
      named = false;
    } else if (c === "." || c === "[") {
      if (!named || name !== "") push();
      if (c === "[") {
        const end = key.indexOf("]", i);
        if (end === -1) throw bad(key, "Parsing error: no closing ] found");
        steps.push(parseIndex(key, key.slice(i + 1, end)));
        i = end;
        if (i + 1 < key.length && key[i + 1] !== "." && key[i + 1] !== "[") {
          throw bad(key, "Parsing error: expected . or [ after ]");
        }
      } else {
        named = false;
      }
    } else {
      name += c;
      named = false;
    }
  }
  if (!named || name !== "") push();
  return steps;
}

function parseIndex(key: string, text: string): Step {
  if (text === "") return APPEND;
  if (!/^[0-9]{1,6}$/.test(text)) throw bad(key, `Parsing error: "${text}" is not a valid index`);
  return Number(text);
}

/** Sets the override's value in `root`; lists and maps on the way are made where they are missing. */
export function applyOverride(root: TreeMap, override: Override): void {
  const { steps } = override;
  let parent: Tree = root;
  for (const [i, step] of steps.entries()) {
    const next = steps[i + 1];
    const fill = (old: Tree | undefined): Tree => {
      if (next === undefined) return override.value;
      if (typeof next === "number" || next === APPEND) return Array.isArray(old) ? old : [];
      return isMap(old) ? old : emptyMap();
    };
    if (Array.isArray(parent)) {
      const index: number = typeof step === "number" ? step : parent.length;
      if (index > parent.length) throw bad(override.key, `Parsing error: index ${index} is beyond the end of the list`);
      parent[index] = fill(parent[index]);
      parent = parent[index];
    } else if (isMap(parent)) {
      const name = String(step);
      parent[name] = fill(parent[name]);
      parent = parent[name];
    }
  }
}
