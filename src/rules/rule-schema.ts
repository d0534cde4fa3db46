// SPDX-License-Identifier: Apache-2.0

import { PRIORITIES } from "./ruleset.js";

const text = { type: "string" } as const;
const bool = { type: "boolean" } as const;
const version = { type: ["string", "integer"] } as const;
const operation = { type: "string", enum: ["append", "replace"] } as const;
/** Scalars, lists of them, lists of lists ... */
const values = { type: "array", items: { $ref: "#/definitions/value" } } as const;
const textOrTexts = { type: ["string", "array"], items: text } as const;

function object(properties: object, required: readonly string[] = []): object {
  return { type: "object", additionalProperties: false, properties, ...(required.length === 0 ? {} : { required }) };
}

const OVERRIDABLE =
  "condition output desc tags exceptions priority items enabled warn_evttypes skip-if-unknown-filter capture capture_duration";

/** What an editor can check of a rules file: keys and kinds of values. Conditions are checked by -V. */
export const RULE_SCHEMA = {
  $schema: "http://json-schema.org/draft-06/schema#",
  title: "Rules file",
  type: "array",
  items: { $ref: "#/definitions/item" },
  definitions: {
    item: object({
      required_engine_version: version,
      required_plugin_versions: { type: "array", items: { $ref: "#/definitions/plugin" } },
      list: text,
      items: { type: "array", items: { type: ["string", "integer"] } },
      macro: text,
      rule: text,
      condition: text,
      output: text,
      desc: text,
      priority: { type: "string", enum: [...PRIORITIES.map((name) => name.toUpperCase()), "INFO"] },
      source: text,
      enabled: bool,
      tags: { type: "array", items: text },
      exceptions: { type: "array", items: { $ref: "#/definitions/exception" } },
      warn_evttypes: bool,
      "skip-if-unknown-filter": bool,
      capture: bool,
      capture_duration: { type: "integer", minimum: 0 },
      append: bool,
      override: { $ref: "#/definitions/override" },
    }),
    plugin: object(
      {
        name: text,
        version: text,
        alternatives: { type: "array", items: object({ name: text, version: text }, ["name", "version"]) },
      },
      ["name", "version"],
    ),
    exception: object({ name: text, fields: textOrTexts, comps: textOrTexts, values }, ["name"]),
    override: {
      ...object(Object.fromEntries(OVERRIDABLE.split(" ").map((key) => [key, operation]))),
      minProperties: 1,
    },
    value: { anyOf: [{ type: ["string", "number", "boolean"] }, values] },
  },
} as const;
