// SPDX-License-Identifier: Apache-2.0

import { type LoadOptions, type LoadResult, loadRules } from "../../src/rules/load.js";
import { catalogResolver } from "./catalog-resolver.js";

/** Loads texts as files a.yaml, b.yaml ... */
export function load(texts: string | readonly string[], options: Partial<LoadOptions> = {}): LoadResult {
  const files = (typeof texts === "string" ? [texts] : texts).map((content, i) => ({
    path: `${String.fromCharCode(97 + i)}.yaml`,
    content,
  }));
  return loadRules(files, { resolver: catalogResolver, ...options });
}

/** One rule with a condition, everything else in order. */
export function ruleText(condition: string, more = ""): string {
  return `- rule: r\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n${more}`;
}

/** "code message" of each diagnostic. */
export function messages(result: LoadResult): string[] {
  return result.diagnostics.map(({ code, message }) => `${code} ${message}`);
}
