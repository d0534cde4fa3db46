// SPDX-License-Identifier: Apache-2.0

import type { LoadedPlugin } from "../plugins/info.js";
import type { WantedField } from "../sdk/index.js";
import { PeregrineError } from "../telemetry/errors.js";

/**
 * The fields that are asked of each plugin by rules that come during a run. A library that parses knows its fields from its
 * start on, and what it extracts is found by their order: it keeps those that it has.
 * @throws PeregrineError RELOAD_FAILED where rules use other fields of such a library
 */
export function keepFields(
  plugins: readonly LoadedPlugin[],
  first: readonly (readonly WantedField[])[],
  next: readonly (readonly WantedField[])[],
): readonly (readonly WantedField[])[] {
  return plugins.map(({ index, name, library }) => {
    if (library?.parser == null) return next[index];
    const known = first[index];
    const other = next[index].find(
      ({ field, argument }) => !known.some((each) => each.field === field && each.argument === argument),
    );
    if (other === undefined) return known;
    const shown = other.argument === null ? other.field : `${other.field}[${other.argument}]`;
    const message = `plugin '${name}' parses events, and no rule used ${shown} when the run began: that takes a restart`;
    throw new PeregrineError("RELOAD_FAILED", message);
  });
}
