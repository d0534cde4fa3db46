// SPDX-License-Identifier: Apache-2.0

export type { LogLevel, Metric, PluginContext } from "./context.js";
export type { AsyncEvent, PluginEvent, SourceEvent } from "./event.js";
export type { Extract, ExtractorInstance, ExtractorOf, ExtractorSpec, Extractors, WantedField } from "./extractor.js";
export { ConfigFailure, SourceFailure } from "./failure.js";
export type {
  ArgumentOf,
  FieldArgument,
  FieldSpec,
  FieldSpecs,
  FieldType,
  FieldValueOf,
  KeyOrIndex,
} from "./field.js";
export { type AsyncSpec, definePlugin, type JsonSchema, type Plugin, type PluginSpec, SDK_VERSION } from "./plugin.js";
export type { OpenParameter, Progress, SourceBatch, SourceInstance, SourceSpec } from "./source.js";
