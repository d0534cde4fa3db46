// SPDX-License-Identifier: Apache-2.0

import { type Diagnostic, formatDiagnostics, LOAD_ERRORS, LOAD_WARNINGS } from "../rules/diagnostic.js";
import { type FileResult, loadRules } from "../rules/load.js";
import { fileReport } from "../rules/load-report.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { describeJson, describeText } from "./describe.js";
import { sortedJson } from "./json.js";
import { loadConfigured } from "./plugins.js";
import { print } from "./print.js";
import { readRulesFile } from "./rules-files.js";
import { answerConfig, loadOptions } from "./settings.js";

/** `peregrine -V FILE...`: a verdict on each file, loaded on top of those before it. @returns the exit status */
export async function validate(flags: RunFlags, context: Context): Promise<number> {
  const config = await answerConfig(flags, context);
  const plugins = await loadConfigured(config, context);
  const files = (flags.validate ?? []).map(readRulesFile);
  const result = loadRules(files, { ...loadOptions(flags, config, context, plugins), everyFile: true });
  const describes = result.ok && (flags.describe === true || flags.describeRule !== undefined);
  if (config.json) {
    const results = result.files.map((file, i) => fileReport(file, files[i]?.content ?? ""));
    const answer = {
      falco_load_results: results,
      ...(describes ? { falco_describe_results: describeJson(result, flags, plugins) } : {}),
    };
    print(`${sortedJson(answer)}\n`);
  } else {
    print(`${result.files.map(summary).join("\n")}\n`);
    const told = result.files.flatMap(({ diagnostics }) => diagnostics);
    const errors = told.filter(isError);
    const warnings = told.filter((diagnostic) => !isError(diagnostic));
    if (warnings.length > 0) process.stderr.write(`${formatDiagnostics(warnings)}\n`);
    if (errors.length > 0) process.stderr.write(`Error: ${formatDiagnostics(errors)}\n`);
    if (describes) print(describeText(result, flags));
  }
  return result.ok ? Exit.OK : Exit.FAILED;
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

function codes(diagnostics: readonly Diagnostic[]): string {
  const titles: Readonly<Record<string, string>> = { ...LOAD_ERRORS, ...LOAD_WARNINGS };
  return diagnostics.map(({ code }) => `${code} (${titles[code] ?? ""})`).join(" ");
}

/** `FILE: Ok`, `FILE: Ok, with warnings` or `FILE: Invalid`, and the codes. */
function summary({ path, diagnostics, schemaWarnings }: FileResult): string {
  const errors = diagnostics.filter(isError);
  const warnings = diagnostics.filter((diagnostic) => !isError(diagnostic));
  const verdict = errors.length > 0 ? "Invalid" : warnings.length > 0 ? "Ok, with warnings" : "Ok";
  const lines = [`${path}: ${verdict}`];
  if (errors.length > 0) lines.push(` ${errors.length} errors: [${codes(errors)}]`);
  if (warnings.length > 0) lines.push(` ${warnings.length} warnings: [${codes(warnings)}]`);
  const schema = schemaWarnings ?? [];
  if (schema.length > 0) lines.push(` ${schema.length} schema warnings: [${schema.join("; ")}]`);
  return lines.join("\n");
}
