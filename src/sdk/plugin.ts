// SPDX-License-Identifier: Apache-2.0

import type { PluginContext } from "./context.js";
import type { ExtractorSpec } from "./extractor.js";
import type { FieldSpecs } from "./field.js";
import type { SourceSpec } from "./source.js";

/** Version of this contract. A plugin made for the same major and a minor not above this one loads. */
export const SDK_VERSION = "1.0.0";

/** A JSON schema (draft 2020-12) for a plugin's configuration. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Events that a plugin adds out of turn. */
export interface AsyncSpec<S = unknown> {
  readonly names: readonly string[];
  /** Sources to which it may add them; the plugin's own always. None named: all. */
  readonly sources?: readonly string[];
  /**
   * A capture is about to be written: emits, with the context, what its readers must know to make sense of the events that
   * follow, such as what is there already. Runs in the source's thread, before the first event.
   */
  dumpState?(state: S, context: PluginContext): void;
}

/** A plugin: source, extractor, or both. `S` is what init makes of the configuration. */
export interface PluginSpec<S, R, F extends FieldSpecs> {
  /** `[a-z]+[a-z0-9-_]*`, unique among the loaded plugins. */
  readonly name: string;
  /** MAJOR.MINOR.PATCH, what required_plugin_versions of rule files compare with. */
  readonly version: string;
  readonly description: string;
  readonly contact: string;
  /** SDK_VERSION of the SDK it was written for. */
  readonly sdk: string;
  /** init_config is checked against it, with its defaults filled in, before init sees it. */
  readonly configSchema?: JsonSchema;
  /**
   * Makes the state that all other functions get. Called once in each thread that runs the plugin (the source's, each worker,
   * and the thread that loads rules): open no connections here. `config` is init_config, {} where there is none.
   * @throws ConfigFailure
   */
  init(config: unknown, context: PluginContext): S;
  readonly source?: SourceSpec<S>;
  readonly extractor?: ExtractorSpec<S, R, F>;
  readonly asyncEvents?: AsyncSpec<S>;
}

/** A plugin whose types no longer matter: what a host handles. */
export interface Plugin {
  readonly spec: PluginSpec<unknown, unknown, FieldSpecs>;
}

/**
 * Declares a plugin; a module exports it under the name `plugin`. Gives it back with its types checked: an extract function for
 * every declared field, each with the declared type.
 */
export function definePlugin<S, R, const F extends FieldSpecs>(spec: PluginSpec<S, R, F>): Plugin {
  // The host calls every function with what the same plugin returned, so the types that are forgotten here always fit.
  return { spec: spec as unknown as PluginSpec<unknown, unknown, FieldSpecs> };
}
