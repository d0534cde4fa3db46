// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../../batch/event-table.generated.js";
import type { LibraryDetails } from "./details.js";
import { takesSyscalls } from "./event-schema.js";
import { Capability } from "./operations.js";

/** What an engine must know of a library beyond what every plugin says of itself. Plain data. */
export interface LibraryTraits {
  /** Its fields have values on events of system calls too. */
  readonly extractsSyscalls: boolean;
  /** Event types that it extracts from; null: all. */
  readonly extractTypes: readonly number[] | null;
  readonly parser: LibraryParser | null;
  /** It sends events out of turn, or hears of captures: it is started with a source. */
  readonly starts: boolean;
}

/**
 * A library that is shown events, in their order, and keeps what they say. One that extracts fields and has looked for a table
 * is such a one too: it parses no event, and its fields say what the tables did at each.
 */
export interface LibraryParser {
  /** Event sources of its events; null: all. */
  readonly sources: readonly string[] | null;
  /** Types of those that it parses; null: all. */
  readonly types: readonly number[] | null;
}

const PLUGIN_EVENTS: readonly number[] = [EventType.PLUGINEVENT_E];

/** Types that were named; where there are none, all if system calls are among the sources, else those of plugins. */
function typesOf(named: readonly number[], syscalls: boolean): readonly number[] | null {
  if (named.length > 0) return named;
  return syscalls ? null : PLUGIN_EVENTS;
}

/** @param extractTypes, parseTypes, usesTables as it turned out when the library was initialized */
export function traitsOf(
  details: LibraryDetails,
  extractTypes: readonly number[] = [],
  parseTypes: readonly number[] = [],
  usesTables = false,
): LibraryTraits {
  const { capabilities, api, extractSources } = details;
  const extracts = (capabilities & Capability.EXTRACTION) !== 0;
  const extractsSyscalls = extracts && api === "3" && takesSyscalls(extractSources);
  const parses = (capabilities & Capability.PARSING) !== 0;
  const reads = usesTables && extracts;
  return {
    extractsSyscalls,
    extractTypes: typesOf(extractTypes, extractsSyscalls),
    parser: parses || reads ? parserOf(details, parses, parseTypes) : null,
    starts: (capabilities & (Capability.ASYNC | Capability.LISTENING)) !== 0,
  };
}

function parserOf(details: LibraryDetails, parses: boolean, parseTypes: readonly number[]): LibraryParser {
  const sources = parses ? details.parseSources : details.extractSources;
  return {
    sources: sources.length === 0 ? null : sources,
    types: parses ? typesOf(parseTypes, takesSyscalls(sources)) : [],
  };
}
