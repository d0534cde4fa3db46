// SPDX-License-Identifier: Apache-2.0

import type { FieldSpecs, Plugin, PluginContext, PluginSpec } from "../../sdk/index.js";
import { SDK_VERSION } from "../../sdk/index.js";
import type { LibraryDetails } from "./details.js";
import { startExtractor } from "./extractor.js";
import { Capability } from "./operations.js";
import { type LibraryPlace, ownPlace } from "./place.js";
import { eventToString, LibrarySource, listOpenParams } from "./source.js";
import { LibraryState } from "./state.js";

/**
 * The library as a plugin like any other: what its init makes is a state of the library behind a channel. `started` is called
 * when there is one.
 */
export function pluginOf(details: LibraryDetails, place: LibraryPlace, started: () => void): Plugin {
  const has = (capability: number) => (details.capabilities & capability) !== 0;
  const { name, version, description, contact, configSchema } = details;
  // In 0.31 all of a plugin ran in one thread: a state there may count on being alone in its process.
  const own = (): LibraryPlace => (details.api === "0.3" ? ownPlace(place) : place);
  const init = (config: unknown, context: PluginContext): LibraryState => {
    const state = new LibraryState(details, own(), config, context);
    started();
    return state;
  };
  const spec: PluginSpec<LibraryState, unknown, FieldSpecs> = {
    name,
    version,
    description,
    contact,
    sdk: SDK_VERSION,
    init,
    ...(configSchema === null ? {} : { configSchema }),
    ...(has(Capability.SOURCING) && details.id !== 0 ? { source: sourceOf(details) } : {}),
    ...(has(Capability.EXTRACTION) ? { extractor: extractorOf(details) } : {}),
    ...(has(Capability.ASYNC)
      ? {
          asyncEvents: {
            names: details.asyncNames,
            dumpState: (state: LibraryState, to: PluginContext) => state.dumpState(to),
            ...(details.asyncSources.length === 0 ? {} : { sources: details.asyncSources }),
          },
        }
      : {}),
  };
  // The host calls every function with what the same plugin returned, so the types that are forgotten here always fit.
  return { spec: spec as unknown as PluginSpec<unknown, unknown, FieldSpecs> };
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
