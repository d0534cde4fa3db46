// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import type { CatalogEntry } from "../fields/catalog.js";
import type { FieldResolver } from "../fields/field.js";
import { listFields, resolveField } from "../fields/registry.js";
import type { FieldSpec, WantedField } from "../sdk/index.js";
import { type ArgumentValue, readArgument, splitField } from "./argument.js";
import { PARAM_TYPES, pluginField, type ValueSource } from "./field.js";
import { extractionSources, type PluginInfo, SYSCALL } from "./info.js";

/** Where a thread gets values of plugins' fields from. */
export interface ValueSources {
  /** The values of a field with its argument. `text` is what was written between the brackets, null = nothing. */
  source(plugin: number, field: string, text: string | null, argument: ArgumentValue): ValueSource;
}

/** For threads that look fields up and read no events. */
export const NO_VALUES: ValueSources = { source: () => ({ value: () => undefined }) };

interface Provider {
  readonly plugin: number;
  readonly spec: FieldSpec;
}

const ENGINE_FIELDS: ReadonlySet<string> = new Set(CATALOG.map(({ name }) => name));

/** Providers of fields by `source field`. */
function providersOf(plugins: readonly PluginInfo[], sources: readonly string[]): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>();
  for (const [index, plugin] of plugins.entries()) {
    for (const source of extractionSources(plugin, sources)) {
      for (const [name, spec] of Object.entries(plugin.extractor?.fields ?? {})) {
        // What the engine has on system calls is the engine's.
        if (source === SYSCALL && ENGINE_FIELDS.has(name)) continue;
        providers.set(`${source} ${name}`, { plugin: index, spec });
      }
    }
  }
  return providers;
}

/**
 * Finds fields: those of the engine, and of the plugins on the sources that they serve.
 * @param sources all event sources there are
 * @param everywhere every field is found, whatever the source: it has values on the events of those that it is for
 */
export function pluginResolver(
  plugins: readonly PluginInfo[],
  sources: readonly string[],
  values: ValueSources,
  everywhere = false,
): FieldResolver {
  if (plugins.every(({ extractor }) => extractor === null)) return resolveField;
  const providers = providersOf(plugins, sources);
  const find = (name: string, source: string): Provider | undefined => {
    if (!everywhere) return providers.get(`${source} ${name}`);
    return [source, ...sources].map((each) => providers.get(`${each} ${name}`)).find((found) => found !== undefined);
  };
  return (text, source) => {
    const split = splitField(text);
    const provider = split === null ? undefined : find(split.name, source);
    if (split === null || provider === undefined) return resolveField(text, source);
    const { name, argument } = split;
    const { plugin, spec } = provider;
    const read = readArgument(text, spec, argument);
    if ("error" in read) return read;
    return pluginField(text, argument, spec, values.source(plugin, name, argument, read.value));
  };
}

/** Remembers which fields of each plugin were asked for, by plugin: what extractors are told to be wanted. */
export class WantedFields implements ValueSources {
  private readonly wanted: Map<string, WantedField>[];

  constructor(plugins: number) {
    this.wanted = Array.from({ length: plugins }, () => new Map<string, WantedField>());
  }

  source(plugin: number, field: string, text: string | null): ValueSource {
    this.wanted[plugin].set(`${field} ${text === null ? "" : `[${text}`}`, { field, argument: text });
    return NO_VALUES.source(plugin, field, text, undefined);
  }

  all(): readonly (readonly WantedField[])[] {
    return this.wanted.map((fields) => [...fields.values()]);
  }
}

/** The fields of a plugin as `--list` shows them. */
function pluginCatalog({ name: plugin, extractor }: PluginInfo): readonly CatalogEntry[] {
  return Object.entries(extractor?.fields ?? {}).map(([name, spec]) => ({
    name,
    class: name.slice(0, name.indexOf(".")) || plugin,
    type: PARAM_TYPES[spec.type],
    format: "PF_NA",
    list: spec.list === true,
    arg:
      spec.argument === undefined
        ? null
        : {
            required: spec.argument.required === true,
            index: spec.argument.kind !== "key",
            key: spec.argument.kind !== "index",
            syntax: `${name}[${spec.argument.kind === "index" ? "INDEX" : "KEY"}]`,
          },
    flags: [],
    deprecated: false,
    filterOnly: false,
    printOnly: false,
    hidden: spec.hidden === true,
    display: spec.display ?? "",
    desc: spec.desc,
  }));
}

/** All fields that rules of `source` can name, those of the engine first. */
export function fieldsOf(
  plugins: readonly PluginInfo[],
  sources: readonly string[],
  source: string,
): readonly CatalogEntry[] {
  const own = plugins.filter((plugin) => extractionSources(plugin, sources).includes(source));
  return [...listFields(source), ...own.flatMap(pluginCatalog)];
}

/** Fields that plugins suggest for outputs, by source. */
export function suggestedFields(
  plugins: readonly PluginInfo[],
  sources: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const suggested: Record<string, string[]> = {};
  for (const plugin of plugins) {
    const fields = Object.entries(plugin.extractor?.fields ?? {});
    const names = fields.flatMap(([name, spec]) =>
      spec.suggested === true && spec.argument?.required !== true ? [name] : [],
    );
    for (const source of extractionSources(plugin, sources)) {
      suggested[source] = [...(suggested[source] ?? []), ...names];
    }
  }
  return suggested;
}
