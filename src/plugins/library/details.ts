// SPDX-License-Identifier: Apache-2.0

import type { JsonSchema } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { DescriptionProblem, isObject, type LibraryField, parseJson, readFields, readNames } from "./field-list.js";
import { Capability } from "./operations.js";
import { AnswerReader } from "./wire.js";

/** What a library says of itself: plain data that can be sent to other threads. */
export interface LibraryDetails {
  readonly path: string;
  /** API 0.3 or 3.x. */
  readonly api: "0.3" | "3";
  /** As the library gives it: MAJOR.MINOR.PATCH. */
  readonly requiredApiVersion: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly contact: string;
  /** Bits of Capability. */
  readonly capabilities: number;
  /** 0: no source, or one without an ID. */
  readonly id: number;
  readonly eventSource: string;
  readonly fields: readonly LibraryField[];
  /** Sources whose events fields are extracted from, its own included; empty: all. */
  readonly extractSources: readonly string[];
  readonly parseSources: readonly string[];
  readonly asyncNames: readonly string[];
  readonly asyncSources: readonly string[];
  readonly configSchema: JsonSchema | null;
  /** Of the event types, for a plugin that reads other events than those of plugins. */
  readonly eventSchemaVersion: string;
}

const RESERVED_SOURCE = "syscall";
const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/** The schema that a validator is to use: without a name of itself, which its references would have to be resolved against. */
function readSchema(plugin: string, type: number, text: string): JsonSchema | null {
  if (text === "" || type === 0) return null;
  if (type !== 1) {
    throw new DescriptionProblem(plugin, `get_init_schema returned an unknown schema type ${type}`);
  }
  const schema = parseJson(text);
  if (!isObject(schema)) throw new DescriptionProblem(plugin, "get_init_schema did not return a json object");
  const { $id: _id, id, ...rest } = schema;
  return typeof id === "object" ? { ...rest, id } : rest;
}

/** The library's own source is among those that it declares, if it has one. */
function withOwn(sources: readonly string[], own: string): readonly string[] {
  return own === "" || sources.includes(own) ? sources : [...sources, own];
}

function read(path: string, answer: AnswerReader): LibraryDetails {
  const api = answer.word() === 0 ? "0.3" : "3";
  const capabilities = answer.word();
  const id = answer.word();
  const schemaType = answer.word();
  const schema = answer.text();
  const requiredApiVersion = answer.text();
  const name = answer.text().trim();
  const versionText = answer.text();
  const description = answer.text();
  const contact = answer.text();
  const namedSource = answer.text();
  const eventSource = id === 0 ? "" : namedSource;
  const fields = answer.text();
  const extractSources = answer.text();
  const parseSources = answer.text();
  const asyncNames = answer.text();
  const asyncSources = answer.text();
  const eventSchemaVersion = answer.text();
  if (answer.failed) throw new Error("plugin's description is incomplete");
  if (name === "") throw new Error("plugin returned an empty name");
  const version = VERSION.exec(versionText);
  if (version === null) throw new Error(`plugin provided an invalid version string: '${versionText}'`);
  if (eventSource === RESERVED_SOURCE) {
    throw new Error(`plugin can't implement the reserved event source '${eventSource}'`);
  }
  const has = (capability: number) => (capabilities & capability) !== 0;
  const names = (from: string, text: string, mayBeEmpty = true) => readNames(name, from, text, mayBeEmpty);
  const sourcesOf = (from: string, text: string) =>
    withOwn(names(from, text), has(Capability.SOURCING) ? eventSource : "");
  return {
    path,
    api,
    requiredApiVersion,
    name,
    version: version.slice(1).map(Number).join("."),
    description,
    contact,
    capabilities,
    id,
    eventSource,
    fields: has(Capability.EXTRACTION) ? readFields(name, fields, api === "0.3") : [],
    extractSources: has(Capability.EXTRACTION) ? extractSourcesOf(api, extractSources, eventSource, names) : [],
    parseSources: has(Capability.PARSING) ? sourcesOf("get_parse_event_sources", parseSources) : [],
    asyncNames: has(Capability.ASYNC) ? names("get_async_events", asyncNames, false) : [],
    asyncSources: has(Capability.ASYNC) ? sourcesOf("get_async_event_sources", asyncSources) : [],
    configSchema: readSchema(name, schemaType, schema),
    eventSchemaVersion,
  };
}

/** A source plugin of API 0.3 has no list: its fields are of its own events. */
function extractSourcesOf(
  api: "0.3" | "3",
  text: string,
  own: string,
  names: (from: string, text: string) => readonly string[],
): readonly string[] {
  if (api === "0.3" && own !== "") return [own];
  return withOwn(names("get_extract_event_sources", text), own);
}

/**
 * What the answer to DESCRIBE says.
 * @throws PeregrineError LIBRARY_DESCRIPTION
 */
export function readDetails(path: string, answer: Uint8Array): LibraryDetails {
  try {
    return read(path, new AnswerReader(answer));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PeregrineError(
      "LIBRARY_DESCRIPTION",
      `cannot load plugin ${path}: ${why}`,
      { file: path },
      { cause: error },
    );
  }
}
