// SPDX-License-Identifier: Apache-2.0

import type { FieldSpecs, Plugin, PluginSpec } from "../../sdk/index.js";
import { SDK_VERSION } from "../../sdk/index.js";
import type { LibraryPlace } from "./connection.js";
import type { LibraryDetails } from "./details.js";
import { startExtractor } from "./extractor.js";
import { Capability } from "./operations.js";
import { eventToString, LibrarySource, listOpenParams } from "./source.js";
import { LibraryState } from "./state.js";

/** The library as a plugin like any other: what its init makes is a state of the library behind a channel. */
export function pluginOf(details: LibraryDetails, place: LibraryPlace): Plugin {
  const has = (capability: number) => (details.capabilities & capability) !== 0;
  const { name, version, description, contact, configSchema } = details;
  const own = (): LibraryPlace => (place.apart ? { ...place, words: freshWords(place.words.length) } : place);
  const spec: PluginSpec<LibraryState, unknown, FieldSpecs> = {
    name,
    version,
    description,
    contact,
    sdk: SDK_VERSION,
    init: (config, context) => new LibraryState(details, own(), config, context),
    ...(configSchema === null ? {} : { configSchema }),
    ...(has(Capability.SOURCING) && details.id !== 0 ? { source: sourceOf(details) } : {}),
    ...(has(Capability.EXTRACTION) ? { extractor: extractorOf(details) } : {}),
    ...(has(Capability.ASYNC)
      ? {
          asyncEvents: {
            names: details.asyncNames,
            ...(details.asyncSources.length === 0 ? {} : { sources: details.asyncSources }),
          },
        }
      : {}),
  };
  // The host calls every function with what the same plugin returned, so the types that are forgotten here always fit.
  return { spec: spec as unknown as PluginSpec<unknown, unknown, FieldSpecs> };
}

export function freshWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}

function sourceOf(details: LibraryDetails): NonNullable<PluginSpec<LibraryState, unknown, FieldSpecs>["source"]> {
  return {
    id: details.id,
    source: details.eventSource,
    open: (state, parameters) => LibrarySource.open(details, state, parameters),
    listOpenParams: (state) => listOpenParams(details, state),
    eventToString,
  };
}

function extractorOf(details: LibraryDetails): NonNullable<PluginSpec<LibraryState, unknown, FieldSpecs>["extractor"]> {
  return {
    fields: Object.fromEntries(details.fields.map(({ name, spec }) => [name, spec])),
    ...(details.extractSources.length === 0 ? {} : { sources: details.extractSources }),
    start: startExtractor,
  };
}
