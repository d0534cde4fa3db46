// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import type { PluginConfig } from "../config/plugins.js";
import type { PluginNews } from "../engine/plugin-report.js";
import type { LoadedPlugin } from "../plugins/info.js";
import type { PluginRequest } from "../plugins/load.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { print } from "./print.js";
import { answerConfig } from "./settings.js";

export function requestOf(plugin: PluginConfig): PluginRequest {
  const { name, libraryPath, initConfig, openParams, sha256, process, stateFolder } = plugin;
  const { onFailure, memoryMb, timeoutMs, restarts } = plugin;
  const policy = { onFailure, memoryMb, timeoutMs, restarts };
  return { name, libraryPath, config: initConfig, parameters: openParams, sha256, process, stateFolder, policy };
}

/** Loads the plugins that the configuration chooses. */
export async function loadConfigured(config: Config, { log }: Context): Promise<readonly LoadedPlugin[]> {
  if (config.loadPlugins.length === 0) return [];
  const { loadPlugins } = await import("../plugins/load.js");
  return await loadPlugins(config.loadPlugins.map(requestOf), { log });
}

/** Tells what happens to plugins while they run. */
export function pluginTeller({ log }: Context): (news: PluginNews) => void {
  return (news) => {
    const { plugin } = news;
    switch (news.kind) {
      case "log":
        log[news.level](`plugin ${plugin}: ${news.message}`, { plugin });
        break;
      case "fault": {
        const more = news.more > 0 ? ` (and ${news.more} more times)` : "";
        log.error(`plugin ${plugin}: ${news.message}${more}`, { plugin, fault: news.what });
        break;
      }
      case "broke": {
        const then = news.pause === null ? "it is given up" : `it is started again in ${news.pause} ms`;
        log.error(`plugin ${plugin} has broken (${news.part}): ${news.message}; ${then}`, {
          plugin,
          part: news.part,
          pause: news.pause,
        });
        break;
      }
      case "off":
        log.error(`plugin ${plugin} is used no more: ${news.message}`, { plugin, code: "PLUGIN_FAILED" });
        break;
    }
  };
}

function capabilities({ source, extractor, asyncEvents, library }: LoadedPlugin): string[] {
  const lines: string[] = [];
  if (source !== null) lines.push(`  - Event Sourcing (ID=${source.id}, source='${source.name}')`);
  if (extractor !== null) lines.push("  - Field Extraction");
  if (library?.parser != null && library.parser.types?.length !== 0) lines.push("  - Event Parsing");
  if (asyncEvents !== null) lines.push("  - Async Events");
  return lines;
}

/** `peregrine --list-plugins`. @returns the exit status */
export async function listPlugins(flags: RunFlags, context: Context): Promise<number> {
  const config = await answerConfig(flags, context);
  const { loadPlugins } = await import("../plugins/load.js");
  const plugins = await loadPlugins(config.loadPlugins.map(requestOf), { ...context, init: false });
  const blocks = plugins.map((plugin) =>
    [
      `Name: ${plugin.name}`,
      `Description: ${plugin.description}`,
      `Contact: ${plugin.contact}`,
      `Version: ${plugin.version}`,
      "Capabilities:",
      ...capabilities(plugin),
      "",
    ].join("\n"),
  );
  print([`${plugins.length} Plugins Loaded:`, "", ...blocks, ""].join("\n"));
  return Exit.OK;
}

/** `peregrine --plugin-info NAME|PATH`. @returns the exit status */
export async function pluginInfo(wanted: string, flags: RunFlags, context: Context): Promise<number> {
  const config = await answerConfig(flags, context);
  const request = await requestFor(wanted, config);
  const { loadPlugins } = await import("../plugins/load.js");
  const options = { ...context, together: false };
  const [plugin] = await loadPlugins([request], { ...options, init: false });
  const lines = [
    `Name: ${plugin.name}`,
    `Description: ${plugin.description}`,
    `Contact: ${plugin.contact}`,
    `Version: ${plugin.version}`,
    "Capabilities:",
    ...capabilities(plugin),
    "",
  ];
  const { configSchema, source } = plugin;
  if (configSchema === null) lines.push("No init config schema available for this plugin");
  else lines.push("Init config schema type: JSON", JSON.stringify(configSchema, null, 2));
  lines.push("");
  if (source !== null) {
    const [opened] = await loadPlugins([request], { ...options, openParameters: true });
    const { openParameters } = opened;
    if (openParameters.length === 0) lines.push("No suggested open params available for this plugin");
    else lines.push("Suggested open params:", ...openParameters.map(({ value, desc }) => `${value}: ${desc}`));
    lines.push("");
  }
  print(lines.join("\n"));
  return Exit.OK;
}

/** A plugin by the name or path that the configuration has for it, or else by its path, package or bundled name. */
export async function requestFor(wanted: string, config: Config): Promise<PluginRequest> {
  const known = config.knownPlugins.find(({ name, libraryPath }) => name === wanted || libraryPath === wanted);
  return known === undefined ? await unconfigured(wanted) : requestOf(known);
}

/** A plugin that no configuration names: by its path, package or bundled name. */
async function unconfigured(wanted: string): Promise<PluginRequest> {
  const { locatePlugin } = await import("../plugins/locate.js");
  try {
    locatePlugin(wanted);
  } catch (error) {
    if (!(error instanceof PeregrineError)) throw error;
    throw new PeregrineError("PLUGIN_UNKNOWN", `can't find plugin and no config available for it: ${error.message}`);
  }
  const { DEFAULT_POLICY } = await import("../plugins/info.js");
  return {
    ...{ name: wanted, libraryPath: wanted, config: {}, parameters: "", sha256: null },
    ...{ process: "child", stateFolder: null, policy: DEFAULT_POLICY },
  };
}
