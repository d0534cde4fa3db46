// SPDX-License-Identifier: Apache-2.0
import { definePlugin, type Extract, type Extractors, SDK_VERSION } from "peregrine/sdk";
import { JsonReader } from "../common/json-reader.js";
import { JsonDocument, placeOf } from "./document.js";
import { FIELDS } from "./fields.js";
import { indent } from "./indent.js";
import { parsePointer } from "./pointer.js";

const rawtime: Extract<JsonDocument, string> = (_, event) => event.time.toString();

const obj: Extract<JsonDocument, string> = (document) => {
  const text = document.compact();
  return text === undefined ? undefined : indent(text);
};

/** Extract functions for documents whose first-level members that are asked for have these slots. */
function extractors(slots: ReadonlyMap<string, number>): Extractors<JsonDocument, typeof FIELDS> {
  const value = (pointer: string): Extract<JsonDocument, string> => {
    const place = placeOf(parsePointer(pointer), slots);
    return (document) => document.value(place);
  };
  return {
    "json.value": value,
    "json.obj": obj,
    "json.rawtime": rawtime,
    "jevt.value": value,
    "jevt.obj": obj,
    "jevt.rawtime": rawtime,
  };
}

/** Extracts values from the JSON events of any plugin source. */
export const plugin = definePlugin({
  name: "json",
  version: "0.7.4",
  description: "values of JSON events, by their JSON pointer",
  contact: "the Peregrine authors",
  sdk: SDK_VERSION,
  configSchema: {
    type: "object",
    properties: {
      useAsync: {
        type: "boolean",
        default: true,
        description: "accepted for compatibility; extraction runs in the workers",
      },
    },
    additionalProperties: false,
  },
  init: () => null,
  extractor: {
    fields: FIELDS,
    start(_state, wanted) {
      const keys = new Set<string>();
      for (const { argument } of wanted) {
        const first = argument === null ? undefined : parsePointer(argument)[0];
        if (first !== undefined) keys.add(first);
      }
      const names = [...keys];
      const document = new JsonDocument(new JsonReader(names));
      return {
        record: (event) => document.load(event),
        extract: extractors(new Map(names.map((name, slot) => [name, slot]))),
      };
    },
  },
});
