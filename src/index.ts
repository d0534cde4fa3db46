// SPDX-License-Identifier: Apache-2.0

/** What a program can use of Peregrine: read conditions, load rule files, run rules on captures. See docs/api.md. */
export type { EncoderOptions } from "./alerts/options.js";
export { DEFAULT_ALERT_OPTIONS } from "./alerts/options.js";
export {
  type Alert,
  compileRules,
  Engine,
  type EngineOptions,
  loadPlugins,
  loadRules,
  type ParsedCondition,
  type PluginOptions,
  parseCondition,
} from "./api.js";
export type { PluginNews } from "./engine/plugin-report.js";
export { type ReplayOptions, replay } from "./engine/replay.js";
export type { ReplayReport, RunReport } from "./engine/report.js";
export { startThreads, type Threads } from "./engine/threads.js";
export type { Field, FieldResolver } from "./fields/field.js";
export { resolveField } from "./fields/registry.js";
export type { LoadedPlugin } from "./plugins/info.js";
export { type PluginRuleOptions, ruleOptions } from "./plugins/rule-options.js";
export type { Node } from "./rules/ast.js";
export { type Diagnostic, formatDiagnostics } from "./rules/diagnostic.js";
export type { LoadOptions, LoadResult, RulesFile } from "./rules/load.js";
export { PRIORITIES, type Rule, type RuleSet } from "./rules/ruleset.js";
export { ERRORS, type ErrorCode, PeregrineError } from "./telemetry/errors.js";
