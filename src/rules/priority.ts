// SPDX-License-Identifier: Apache-2.0

import { PRIORITIES } from "./ruleset.js";

/** The severity (0 to 7) that a text names in any case, `info` included; undefined where there is none such. */
export function parsePriority(text: string): number | undefined {
  const lower = text.toLowerCase();
  const found = PRIORITIES.findIndex((name) => name.toLowerCase() === (lower === "info" ? "informational" : lower));
  return found < 0 ? undefined : found;
}
