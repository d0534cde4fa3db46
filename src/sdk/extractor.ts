// SPDX-License-Identifier: Apache-2.0

import type { PluginContext } from "./context.js";
import type { PluginEvent } from "./event.js";
import type { ArgumentOf, FieldArgument, FieldSpec, FieldSpecs, FieldValueOf } from "./field.js";

/** A function from the event to a field's value; undefined = absent. Called at most once an event for each argument. */
export type Extract<R, V> = (record: R, event: PluginEvent) => V | undefined;

/**
 * A field without argument has its extract function; one with an argument has a function that makes it, called once for each
 * distinct argument when rules are compiled, so that splitting a path costs nothing an event.
 */
export type ExtractorOf<R, S extends FieldSpec> = S extends { readonly argument: FieldArgument }
  ? (argument: ArgumentOf<S>) => Extract<R, FieldValueOf<S>>
  : Extract<R, FieldValueOf<S>>;

/** One for each declared field: a missing one, a misspelt one or one of a wrong type does not compile. */
export type Extractors<R, F extends FieldSpecs> = { readonly [K in keyof F]: ExtractorOf<R, F[K]> };

/** A field with the argument that a rule or an output uses. */
export interface WantedField {
  readonly field: string;
  /** As written between the brackets; null = none. */
  readonly argument: string | null;
}

/** What an extractor is made of in one worker. */
export interface ExtractorInstance<R, F extends FieldSpecs> {
  /**
   * Makes of an event what the extract functions read, at most once an event and only when one of them is called. May be lazy.
   * A throw is a fault of the plugin; for data that are just not of the expected form return something without values.
   */
  readonly record: (event: PluginEvent) => R;
  /**
   * For plugins to which the way is long, such as another process: told of events that will probably be asked about next, so
   * that they can go it once for all of them. `each` calls `visit` with one event after the other, in their order, until that
   * returns false. A host need not call it, and `record` may be called for other events, or for none of these.
   */
  readonly ahead?: (each: (visit: (event: PluginEvent) => boolean) => void) => void;
  readonly extract: Extractors<R, F>;
}

/** The extraction capability. `S` is what the plugin's init returns, `R` what extract functions read. */
export interface ExtractorSpec<S, R, F extends FieldSpecs> {
  readonly fields: F;
  /**
   * Event sources whose events it is asked about; the plugin's own source always. None named: all plugin sources.
   */
  readonly sources?: readonly string[];
  /** Called once in each worker, with the fields that the loaded rules and their outputs use. */
  start(state: S, wanted: readonly WantedField[], context: PluginContext): ExtractorInstance<R, F>;
}
