// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { AppendOutput } from "./append-output.js";
import { Collector } from "./collector.js";
import { type CompiledList, type CompiledMacro, type CompiledRule, RuleCompiler } from "./compile-rules.js";
import type { Diagnostic } from "./diagnostic.js";
import { readItems } from "./document.js";
import { forgetParsed } from "./parse-text.js";
import { type PluginRequirement, type PluginVersion, unmetRequirements } from "./plugin-requirement.js";
import { readItem } from "./read-item.js";
import type { Reading } from "./reading.js";
import type { Rule, RuleSet } from "./ruleset.js";
import { schemaFindings } from "./schema-check.js";
import { type Selection, selectRules } from "./selection.js";
import { SourceFile } from "./source-file.js";
import { type StaticFields, staticNames, staticResolver } from "./static-fields.js";
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
  /** Values of the fields `static.KEY`, which every event has. */
  readonly staticFields?: StaticFields;
  /** Fields that plugins suggest for outputs, by source. */
  readonly suggestedFields?: Readonly<Record<string, readonly string[]>>;
  /** Names of asynchronous events that plugins declare. */
  readonly asyncNames?: readonly string[];
  /** Fields to propose where one does not exist. */
  readonly fieldNames?: readonly string[];
  /** Whether files behind one with an error are read as well, so that each gets its verdict. */
  readonly everyFile?: boolean;
}

/** What loading one file, on top of those before it, gave. */
export interface FileResult {
  readonly path: string;
  /** What an earlier file gave already is not repeated. */
  readonly diagnostics: readonly Diagnostic[];
  /** What it has that the schema of rules files does not allow; null where that was not looked at, or it is not YAML. */
  readonly schemaWarnings: readonly string[] | null;
}

export interface LoadResult {
  /** False when there is an error among the diagnostics: nothing may run then. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** What runs; empty when not ok. */
  readonly ruleSet: RuleSet;
  /**
   * All rules of the files up to the first that has an error, in the order of their first definitions: disabled and less severe
   * ones too.
   */
  readonly rules: readonly CompiledRule[];
  readonly collected: Collector;
  /** All macros and lists of these files with what they stand for. */
  readonly macros: readonly CompiledMacro[];
  readonly lists: readonly CompiledList[];
  /** By file, as far as they were read. */
  readonly files: readonly FileResult[];
  /** The largest required_engine_version; null where none is given. */
  readonly requiredEngineVersion: string | null;
  readonly requirements: readonly PluginRequirement[];
}

/** The engine knows containers by itself, as this version of the plugin does. */
const BUILT_IN: readonly PluginVersion[] = [{ name: "container", version: "0.7.1" }];

/**
 * Reads rules files in order into what the workers run. All that is wrong with a file is told; files behind it are read only
 * if every file is asked for. See LoadResult.ok.
 */
export function loadRules(files: readonly RulesFile[], given: LoadOptions): LoadResult {
  const options = { ...given, resolver: staticResolver(given.staticFields ?? {}, given.resolver) };
  const diagnostics = new Diagnostics();
  const sources = new Set(options.sources ?? ["syscall"]);
  const problems: Problems = { errors: [], warnings: [], schemaWarnings: null };
  const reading: Reading = {
    collector: new Collector(),
    warn: (diagnostic) => {
      diagnostics.add(diagnostic);
      problems.warnings.push(diagnostic);
    },
    fail: (diagnostic) => addError(problems, diagnostic),
    fields: (source) => {
      if (!sources.has(source)) return null;
      return (field) => !("error" in options.resolver(field, source));
    },
    engine: parseVersion(options.engineVersion ?? ENGINE_VERSION) as Version,
    requirements: [],
    requiredEngine: null,
  };
  const plugins = [...(options.plugins ?? []), ...BUILT_IN];
  const compiled: Compiled = { rules: [], macros: [], lists: [], warnings: [] };
  const failures: Diagnostic[] = [];
  const results: FileResult[] = [];
  const told = new Diagnostics();
  try {
    for (const file of files) {
      problems.errors = [];
      problems.warnings = [];
      problems.schemaWarnings = null;
      const known = reading.requirements.length;
      compileFile(file, reading, problems, options, compiled, failures.length === 0);
      const unmet = unmetRequirements(reading.requirements.slice(known), plugins);
      // What is wrong with an earlier file is wrong still, but was told with that one.
      const fresh = [...unmet, ...problems.errors, ...problems.warnings].filter((problem) => told.add(problem));
      const schemaWarnings = options.everyFile === true ? problems.schemaWarnings : null;
      results.push({ path: file.path, diagnostics: fresh, schemaWarnings });
      failures.push(...problems.errors);
      if (problems.errors.length > 0 && options.everyFile !== true) break;
    }
  } finally {
    forgetParsed();
  }
  for (const warning of compiled.warnings) diagnostics.add(warning);
  for (const failure of failures) diagnostics.add(failure);
  const { rules, macros, lists } = compiled;
  // Missing plugins explain most other errors, so they come first.
  const list = [...unmetRequirements(reading.requirements, plugins), ...diagnostics.list];
  const ok = list.every(({ severity }) => severity === "warning");
  return {
    ok,
    diagnostics: list,
    ruleSet: {
      rules: ok ? runningRules(rules, options) : [],
      matching: options.matching ?? "first",
      ...(options.staticFields === undefined ? {} : { staticFields: options.staticFields }),
    },
    rules,
    collected: reading.collector,
    macros,
    lists,
    files: results,
    requiredEngineVersion: reading.requiredEngine === null ? null : formatVersion(reading.requiredEngine),
    requirements: reading.requirements,
  };
}

/** What the files up to some point make. */
interface Compiled {
  rules: CompiledRule[];
  macros: CompiledMacro[];
  lists: CompiledList[];
  warnings: Diagnostic[];
}

/** What is to be told of one file. */
interface Problems {
  errors: Diagnostic[];
  warnings: Diagnostic[];
  schemaWarnings: readonly string[] | null;
}

/** Errors of one file that are told: nobody reads more. */
const MAX_ERRORS = 1000;

class TooMany extends Error {}

function addError(problems: Problems, diagnostic: Diagnostic): void {
  if (problems.errors.length === MAX_ERRORS) {
    const hint = "there are more errors, which are not shown";
    problems.errors.push({ ...(problems.errors.pop() ?? diagnostic), hint });
    throw new TooMany();
  }
  problems.errors.push(diagnostic);
}

/**
 * Each file must compile with those before it, so all is compiled after each; what the last time gives counts. Where there is
 * an error, `compiled` keeps what the files before gave.
 * @param sound whether all files before are right; rules may name what those could not say otherwise
 */
function compileFile(
  { path, content }: RulesFile,
  reading: Reading,
  problems: Problems,
  options: LoadOptions,
  compiled: Compiled,
  sound: boolean,
): void {
  const compileOptions = {
    resolver: options.resolver,
    asyncNames: new Set(options.asyncNames),
    fieldNames: options.fieldNames ?? CATALOG.map(({ name }) => name),
    appendOutput: options.appendOutput ?? [],
    staticFields: staticNames(options.staticFields ?? {}),
    suggestedFields: options.suggestedFields ?? {},
  };
  const warnings: Diagnostic[] = [];
  try {
    // A byte order mark is no part of the text, and would shift its first line.
    const { items, roots, whole } = readItems(new SourceFile(path, content.replace(/^\ufeff/, "")), reading.fail);
    if (options.everyFile === true) problems.schemaWarnings = roots?.flatMap(schemaFindings) ?? null;
    for (const item of items) readItem(item, reading);
    // Without a part of the file most of what would be said of the rest is wrong.
    if (!whole) return;
    const report = (diagnostic: Diagnostic): void => {
      if (diagnostic.severity === "warning") warnings.push(diagnostic);
      else addError(problems, diagnostic);
    };
    const compiler = new RuleCompiler(reading.collector, compileOptions, report, problems.errors.length === 0);
    const rules = compiler.run();
    problems.warnings.push(...warnings);
    if (problems.errors.length > 0 || !sound) return;
    compiled.rules = rules;
    compiled.macros = compiler.compiledMacros();
    compiled.lists = compiler.compiledLists();
    compiled.warnings = warnings;
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
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

  /** @returns whether it is new */
  add(diagnostic: Diagnostic): boolean {
    const { code, message, file, offset, itemName, severity } = diagnostic;
    // A mistake in a macro is the same mistake in every rule that names it.
    const key = JSON.stringify([code, message, file, offset, severity === "error" ? "" : itemName]);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    this.list.push(diagnostic);
    return true;
  }
}
