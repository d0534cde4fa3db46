// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { AppendOutput } from "./append-output.js";
import { Collector } from "./collector.js";
import { type CompiledRule, RuleCompiler } from "./compile-rules.js";
import { type Diagnostic, LoadFailure } from "./diagnostic.js";
import { readItems } from "./document.js";
import { forgetParsed } from "./parse-text.js";
import { type PluginRequirement, type PluginVersion, unmetRequirement } from "./plugin-requirement.js";
import { readItem } from "./read-item.js";
import type { Reading } from "./reading.js";
import type { Rule, RuleSet } from "./ruleset.js";
import { type Selection, selectRules } from "./selection.js";
import { SourceFile } from "./source-file.js";
import { ENGINE_VERSION, formatVersion, parseVersion, type Version } from "./version.js";

export interface RulesFile {
  readonly path: string;
  readonly content: string;
}

export interface LoadOptions {
  readonly resolver: FieldResolver;
  /** Event sources that exist; rules of others are left out with a warning. */
  readonly sources?: readonly string[];
  /** Plugins that are loaded, besides what the engine itself stands for. */
  readonly plugins?: readonly PluginVersion[];
  readonly engineVersion?: string;
  /** Rules less severe than this (a higher number) do not run. */
  readonly priority?: number;
  readonly matching?: "first" | "all";
  readonly selection?: readonly Selection[];
  readonly appendOutput?: readonly AppendOutput[];
  /** Names of asynchronous events that plugins declare. */
  readonly asyncNames?: readonly string[];
  /** Fields to propose where one does not exist. */
  readonly fieldNames?: readonly string[];
}

export interface LoadResult {
  /** False when there is an error among the diagnostics: nothing may run then. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** What runs; empty when not ok. */
  readonly ruleSet: RuleSet;
  /** All rules that compiled, in the order of their first definitions: disabled and less severe ones too. */
  readonly rules: readonly CompiledRule[];
  readonly collected: Collector;
  /** The largest required_engine_version; null where none is given. */
  readonly requiredEngineVersion: string | null;
  readonly requirements: readonly PluginRequirement[];
}

/** The engine knows containers by itself, as this version of the plugin does. */
const BUILT_IN: readonly PluginVersion[] = [{ name: "container", version: "0.7.1" }];

/**
 * Reads rules files in order into what the workers run. The first error ends the reading: see LoadResult.ok.
 */
export function loadRules(files: readonly RulesFile[], options: LoadOptions): LoadResult {
  const diagnostics = new Diagnostics();
  const sources = new Set(options.sources ?? ["syscall"]);
  const reading: Reading = {
    collector: new Collector(),
    warn: (diagnostic) => diagnostics.add(diagnostic),
    fields: (source) => {
      if (!sources.has(source)) return null;
      return (field) => !("error" in options.resolver(field, source));
    },
    engine: parseVersion(options.engineVersion ?? ENGINE_VERSION) as Version,
    requirements: [],
    requiredEngine: null,
  };
  const compiled: Compiled = { rules: [], warnings: [] };
  let failure: Diagnostic | null = null;
  try {
    compileFiles(files, reading, options, compiled);
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    failure = error.diagnostic;
  } finally {
    forgetParsed();
  }
  for (const warning of compiled.warnings) diagnostics.add(warning);
  if (failure !== null) diagnostics.add(failure);
  const { rules } = compiled;
  const unmet = unmetRequirement(reading.requirements, [...(options.plugins ?? []), ...BUILT_IN]);
  // Missing plugins explain most other errors, so they come first.
  const list = unmet === undefined ? diagnostics.list : [unmet.diagnostic, ...diagnostics.list];
  const ok = list.every(({ severity }) => severity === "warning");
  return {
    ok,
    diagnostics: list,
    ruleSet: { rules: ok ? runningRules(rules, options) : [], matching: options.matching ?? "first" },
    rules,
    collected: reading.collector,
    requiredEngineVersion: reading.requiredEngine === null ? null : formatVersion(reading.requiredEngine),
    requirements: reading.requirements,
  };
}

/** What the files up to some point make. */
interface Compiled {
  rules: CompiledRule[];
  warnings: Diagnostic[];
}

/** Each file must compile with those before it, so all is compiled after each; what the last time gives counts. */
function compileFiles(files: readonly RulesFile[], reading: Reading, options: LoadOptions, compiled: Compiled): void {
  const compileOptions = {
    resolver: options.resolver,
    asyncNames: new Set(options.asyncNames),
    fieldNames: options.fieldNames ?? CATALOG.map(({ name }) => name),
    appendOutput: options.appendOutput ?? [],
  };
  for (const { path, content } of files) {
    const file = new SourceFile(path, content);
    for (const item of readItems(file)) readItem(item, reading);
    const warnings: Diagnostic[] = [];
    compiled.rules = new RuleCompiler(reading.collector, compileOptions, (warning) => warnings.push(warning)).run();
    compiled.warnings = warnings;
  }
}

function runningRules(rules: readonly CompiledRule[], options: LoadOptions): Rule[] {
  const threshold = options.priority ?? 7;
  const candidates = rules.filter(({ priority }) => priority <= threshold);
  return selectRules(candidates, options.selection ?? []).map(({ enabled: _, entry: __, ...rule }, index) => ({
    index,
    ...rule,
  }));
}

/** Diagnostics in order, each one once. */
class Diagnostics {
  readonly list: Diagnostic[] = [];
  private readonly seen = new Set<string>();

  add(diagnostic: Diagnostic): void {
    const { code, message, file, offset, itemName } = diagnostic;
    const key = JSON.stringify([code, message, file, offset, itemName]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.list.push(diagnostic);
  }
}
