// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { DEFAULT_WATCHING, type KernelConfig } from "../config/watching.js";
import type { FieldResolver } from "../fields/field.js";
import { resolveField } from "../fields/registry.js";
import type { LoadedPlugin } from "../plugins/info.js";
import type { Context } from "./context.js";

/** Which plugins a command that reads a capture is given. */
export interface PluginFlags {
  readonly config?: string;
  readonly option?: string[];
  /** Plugins by name of the configuration, path, package or bundled name. */
  readonly plugin?: string[];
}

/** What a command knows of the plugins it is given, and of how this machine is watched. */
export interface ReadPlugins {
  readonly plugins: readonly LoadedPlugin[];
  /** Finds the fields of all of them, whatever the event source. */
  readonly resolver: FieldResolver;
  readonly names: readonly string[];
  readonly kernel: KernelConfig;
}

const NONE: ReadPlugins = { plugins: [], resolver: resolveField, names: [], kernel: DEFAULT_WATCHING.kernel };

/**
 * Loads the plugins that the flags name: those of the configuration, and others.
 * @throws PeregrineError with a PLUGIN_ or LIBRARY_ code
 */
export async function loadForReading(flags: PluginFlags, context: Context): Promise<ReadPlugins> {
  const { plugin: named = [], config: file, option } = flags;
  if (file === undefined && option === undefined && named.length === 0) return NONE;
  const { configOf } = await import("./settings.js");
  const { requestOf, requestFor } = await import("./plugins.js");
  const config = await configOf(flags, context);
  context.log.setLevel(config.logLevel);
  const requests = config.loadPlugins.map(requestOf);
  for (const given of named) {
    // What begins with a dot is a path from here, not one in the plugin folder.
    const name = given.startsWith(".") ? resolve(given) : given;
    if (!config.loadPlugins.some((each) => each.name === name)) requests.push(await requestFor(name, config));
  }
  const { kernel } = config.watching;
  if (requests.length === 0) return { ...NONE, kernel };
  const { loadPlugins } = await import("../plugins/load.js");
  const { fieldsOf, NO_VALUES, pluginResolver } = await import("../plugins/resolver.js");
  const { sourcesOf } = await import("../plugins/sources.js");
  const plugins = await loadPlugins(requests, context);
  const sources = sourcesOf(plugins);
  const fields = sources.flatMap((source) => fieldsOf(plugins, sources, source));
  return {
    plugins,
    resolver: pluginResolver(plugins, sources, NO_VALUES, true),
    names: [...new Set(fields.map(({ name }) => name))],
    kernel,
  };
}
