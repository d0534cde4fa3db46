// SPDX-License-Identifier: Apache-2.0

import { type Config, DEFAULT_CONFIG } from "../config/config.js";
import type { FieldResolver } from "../fields/field.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { NO_VALUES, pluginResolver } from "../plugins/resolver.js";
import { ruleOptions } from "../plugins/rule-options.js";
import { sourcesOf } from "../plugins/sources.js";
import { assumedResolver, type Plugin } from "../rules/assumed-plugin.js";
import type { LoadOptions } from "../rules/load.js";
import type { Selection } from "../rules/selection.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { Log } from "../telemetry/log.js";
import type { Context, RunFlags } from "./context.js";

/** The configuration of a run: without a file, alerts are JSON on stdout. */
export async function configOf(flags: RunFlags, { log }: Context): Promise<Config> {
  const options = [...(flags.option ?? []), ...(flags.unbuffered === true ? ["buffered_outputs=false"] : [])];
  const config = await loadedConfig(flags, options, log);
  if (flags.print === undefined) return config;
  log.warn(`-p is deprecated: write -o 'append_output[].extra_output=${flags.print}'`, { option: "-p" });
  if (SHORTHANDS.has(flags.print)) return config;
  const added = { match: {}, extraOutput: flags.print, extraFields: [] };
  return { ...config, appendOutput: [...config.appendOutput, added] };
}

/** What -p could be in place of a text: fields that plugins suggest by now, so that these do nothing, as in Falco. */
const SHORTHANDS: ReadonlySet<string> = new Set(["c", "container", "k", "kubernetes", "m", "mesos"]);

async function loadedConfig(flags: RunFlags, options: readonly string[], log: Log): Promise<Config> {
  if (flags.config === undefined && options.length === 0) return DEFAULT_CONFIG;
  const { loadConfig } = await import("../config/load.js");
  const { config, warnings } = loadConfig(flags.config ?? null, options);
  for (const { code, message } of warnings) log.warn(`configuration: ${message}`, { code });
  return config;
}

/** The configuration of a command that answers something: text, unless json_output is asked for. */
export async function answerConfig(flags: RunFlags, context: Context): Promise<Config> {
  const text = flags.config === undefined ? ["json_output=false"] : [];
  const config = await configOf({ ...flags, option: [...text, ...(flags.option ?? [])] }, context);
  context.log.setLevel(config.logLevel);
  return config;
}

/** Finds fields: also those of the plugins that are loaded, and of those that are taken to be there. */
export function resolverOf({ assumePlugin = [] }: RunFlags, loaded: readonly LoadedPlugin[] = []): FieldResolver {
  if (assumePlugin.length > 0) return assumedResolver(assumePlugin);
  return pluginResolver(loaded, sourcesOf(loaded), NO_VALUES);
}

/** What loading rules takes from the configuration, the plugins and the arguments. */
export function loadOptions(
  flags: RunFlags,
  config: Config,
  context: Context,
  loaded: readonly LoadedPlugin[] = [],
): LoadOptions {
  const plugins: readonly Plugin[] = flags.assumePlugin ?? [];
  const assumed = plugins.flatMap(({ source }) => (source === null ? [] : [source]));
  const known = ruleOptions(loaded);
  return {
    ...known,
    resolver: resolverOf(flags, loaded),
    sources: [...known.sources, ...assumed],
    plugins: [...plugins, ...loaded],
    priority: config.priority,
    matching: config.matching,
    selection: [...config.selection, ...olderSelection(flags, context)],
    appendOutput: config.appendOutput,
    staticFields: config.staticFields,
  };
}

/** The steps that -T, -t and -D of Falco up to 0.38 stand for, with a line that tells today's way. */
function olderSelection(flags: RunFlags, { log }: Context): Selection[] {
  const { disableTag = [], onlyTag = [], disableText = [] } = flags;
  if (onlyTag.length > 0 && disableTag.length + disableText.length > 0) {
    throw new PeregrineError("OPTION_CONFLICT", "-t cannot be given together with -T or -D");
  }
  const steps: Selection[] = [];
  const step = (option: string, now: string, ...more: Selection[]): void => {
    log.warn(`${option} is deprecated: write ${now}`, { option });
    steps.push(...more);
  };
  for (const tag of disableTag) step("-T", `-o 'rules[].disable.tag=${tag}'`, { enable: false, tag });
  for (const text of disableText) {
    step("-D", `-o 'rules[].disable.rule=*${text}*'`, { enable: false, rule: `*${text}*` });
  }
  onlyTag.forEach((tag, i) => {
    const none: Selection[] = i === 0 ? [{ enable: false, rule: "*" }] : [];
    const now = `${i === 0 ? "-o 'rules[].disable.rule=*' " : ""}-o 'rules[].enable.tag=${tag}'`;
    step("-t", now, ...none, { enable: true, tag });
  });
  return steps;
}
