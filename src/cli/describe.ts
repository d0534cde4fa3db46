// SPDX-License-Identifier: Apache-2.0

import type { LoadedPlugin } from "../plugins/info.js";
import type { Plugin } from "../rules/assumed-plugin.js";
import { describeAll, describeRule } from "../rules/describe.js";
import { formatDiagnostics } from "../rules/diagnostic.js";
import { type LoadResult, loadRules } from "../rules/load.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { sortedJson } from "./json.js";
import { loadConfigured } from "./plugins.js";
import { print } from "./print.js";
import { readRuleSources } from "./rules-files.js";
import { answerConfig, loadOptions, resolverOf } from "./settings.js";
import { wrapped } from "./table.js";

const NAME_WIDTH = 50;
const TEXT_WIDTH = 70;

/** `peregrine -L` and `-l RULE`: what the rules are. @returns the exit status */
export async function describe(flags: RunFlags, context: Context): Promise<number> {
  const config = await answerConfig(flags, context);
  const plugins = await loadConfigured(config, context);
  const result = loadRules(readRuleSources(flags, config, context), loadOptions(flags, config, context, plugins));
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    process.stderr.write(`${formatDiagnostics(errors)}\n`);
    return Exit.FAILED;
  }
  const text = config.json ? `${sortedJson(describeJson(result, flags, plugins))}\n` : describeText(result, flags);
  print(text);
  return Exit.OK;
}

/** The rules asked for: one with -l, else all. Throws RULE_UNKNOWN. */
function asked(result: LoadResult, { describeRule: name }: RunFlags): LoadResult["rules"] {
  if (name === undefined) return result.rules;
  const rule = result.rules.find((each) => each.name === name);
  if (rule === undefined) throw new PeregrineError("RULE_UNKNOWN", `Rule "${name}" is not loaded`);
  return [rule];
}

export function describeJson(result: LoadResult, flags: RunFlags, loaded: readonly LoadedPlugin[] = []): object {
  const options = { resolver: resolverOf(flags, loaded), plugins: [...(flags.assumePlugin ?? []), ...assumed(loaded)] };
  if (flags.describeRule === undefined) return describeAll(result, options);
  return { rules: asked(result, flags).map((rule) => describeRule(rule, result, options)) };
}

/** Loaded plugins in the form in which descriptions name them. */
function assumed(loaded: readonly LoadedPlugin[]): (Plugin & { readonly fields: readonly string[] })[] {
  return loaded.map(({ name, version, source, extractor }) => ({
    name,
    version,
    source: source?.name ?? null,
    fields: Object.keys(extractor?.fields ?? {}),
  }));
}

/** Two columns: names, and descriptions over as many lines as they take. */
export function describeText(result: LoadResult, flags: RunFlags): string {
  const rows = asked(result, flags).map(({ name, desc }) => row(name, wrapped(desc, TEXT_WIDTH)));
  return [row("Rule", ["Description"]), row("----", ["-----------"]), ...rows].map((text) => `${text}\n`).join("");
}

function row(name: string, lines: readonly string[]): string {
  const [first = "", ...rest] = lines;
  return [`${name.padEnd(NAME_WIDTH)} ${first}`, ...rest.map((line) => " ".repeat(NAME_WIDTH + 1) + line)]
    .map((line) => line.trimEnd())
    .join("\n");
}
