// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import type { LoadedPlugin } from "./info.js";
import { fieldsOf, NO_VALUES, pluginResolver, suggestedFields } from "./resolver.js";
import { sourcesOf } from "./sources.js";

/** What loading rules must know of the plugins that are there. */
export interface PluginRuleOptions {
  readonly resolver: FieldResolver;
  /** Event sources that there are. */
  readonly sources: readonly string[];
  readonly plugins: readonly LoadedPlugin[];
  readonly asyncNames: readonly string[];
  readonly suggestedFields: Readonly<Record<string, readonly string[]>>;
  /** All fields, where plugins have some. */
  readonly fieldNames?: readonly string[];
}

/** What `loadRules` takes of these plugins: their fields, event sources, versions, and names of their events. */
export function ruleOptions(plugins: readonly LoadedPlugin[]): PluginRuleOptions {
  const sources = sourcesOf(plugins);
  const fields = sources.flatMap((source) => fieldsOf(plugins, sources, source));
  return {
    resolver: pluginResolver(plugins, sources, NO_VALUES),
    sources,
    plugins,
    asyncNames: plugins.flatMap(({ asyncEvents }) => asyncEvents?.names ?? []),
    suggestedFields: suggestedFields(plugins, sources),
    ...(plugins.length === 0 ? {} : { fieldNames: [...new Set(fields.map(({ name }) => name))] }),
  };
}
