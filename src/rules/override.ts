// SPDX-License-Identifier: Apache-2.0

import { isMap, isScalar } from "yaml";

import { attempt, type Report } from "./diagnostic.js";
import { type Item, isNull, offsetOf, type Value } from "./document.js";

/** What an item's `override` says of its keys. */
export interface Overrides {
  readonly append: ReadonlySet<string>;
  readonly replace: ReadonlySet<string>;
  /** Whether all of it could be read; where not, it does not say what to do with the item. */
  readonly sound: boolean;
}

type Allowed = Omit<Overrides, "sound">;

/** What may be overridden, by kind of item. */
export const OVERRIDABLE = {
  list: { append: new Set(["items"]), replace: new Set(["items"]) },
  macro: { append: new Set(["condition"]), replace: new Set(["condition"]) },
  rule: {
    append: new Set(["condition", "output", "desc", "tags", "exceptions"]),
    replace: new Set(
      "condition output desc tags exceptions priority capture capture_duration enabled warn_evttypes".split(" "),
    ).add("skip-if-unknown-filter"),
  },
} as const satisfies Record<string, Allowed>;

/** Reads `override`; null where there is none, or an empty one. */
export function readOverrides(item: Item, kind: keyof typeof OVERRIDABLE, fail: Report): Overrides | null {
  const value = item.get("override");
  if (value === undefined || value === null || isNull(value)) return null;
  const context = item.context.enter("overrides", "", offsetOf(value));
  if (!isMap(value)) throw context.error("LOAD_ERR_YAML_VALIDATE", "Value of override must be a mapping");
  const allowed: Allowed = OVERRIDABLE[kind];
  const append = new Set<string>();
  const replace = new Set<string>();
  let sound = true;
  const read = (pair: (typeof value.items)[number]): void => {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    const operation = isScalar(pair.value) ? String(pair.value.value) : "";
    const place = item.context.enter("overrides", key, offsetOf(pair.key as Value));
    const fail = (message: string): Error => place.error("LOAD_ERR_YAML_VALIDATE", message);
    if (operation === "append") {
      if (!allowed.append.has(key)) throw fail(`Key '${key}' cannot be appended to, use 'replace' instead`);
      append.add(key);
    } else if (operation === "replace") {
      if (!allowed.replace.has(key)) throw fail(`Key '${key}' cannot be replaced`);
      replace.add(key);
    } else {
      const kinds = `${allowed.append.has(key) ? "append " : ""}${allowed.replace.has(key) ? "replace " : ""}`;
      throw fail(`Invalid override operation for key '${key}': '${operation}'. Allowed values are: ${kinds}`);
    }
    if (!item.has(key)) throw fail(`An ${operation} override for '${key}' was specified but '${key}' is not defined`);
  };
  const note: Report = (diagnostic) => {
    sound = false;
    fail(diagnostic);
  };
  for (const pair of value.items) attempt(note, () => read(pair), undefined);
  if (sound && append.size + replace.size === 0) return null;
  for (const key of item.keys()) {
    const overridable = allowed.append.has(key) || allowed.replace.has(key);
    // A key whose entry is wrong has an entry.
    if (!overridable || value.has(key)) continue;
    const message = `Unexpected key '${key}': no corresponding entry under 'override' is defined.`;
    const place = item.context.enter("value for", key, item.keyOffset(key));
    note(place.error("LOAD_ERR_YAML_VALIDATE", message).diagnostic);
  }
  return { append, replace, sound };
}

/** Whether an item has `append: true` in the old way, told with a warning; an error where it has `override` as well. */
export function checkAppendFlag(item: Item, flag: boolean, overrides: Overrides | null, warn: Report): void {
  if (!flag) return;
  const place = item.context.enter("value for", "append", item.keyOffset("append"));
  warn(
    place.warning(
      "LOAD_DEPRECATED_ITEM",
      "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.",
    ),
  );
  if (overrides === null) return;
  const message =
    "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";
  throw place.error("LOAD_ERR_YAML_VALIDATE", message);
}
