// SPDX-License-Identifier: Apache-2.0

import { z } from "zod";
import type { Tree } from "./tree.js";
import { kernelKeys, watchingKeys } from "./watching-keys.js";

/*
 * The configuration's schema, over trees whose scalars are texts. A value that does not fit falls back to the default,
 * with a warning (see load.ts); choices from a closed set are checked there, because a wrong one is an error.
 */

const TRUE = /^(y|yes|true|on)$/;
const FALSE = /^(n|no|false|off)$/;

/** lower, Capitalised or UPPER. */
function spelling(text: string): string {
  const lower = text.toLowerCase();
  return text === lower || text === text.toUpperCase() || text === lower.charAt(0).toUpperCase() + lower.slice(1)
    ? lower
    : text;
}

/** A boolean as Falco reads it; null for what is none. */
export function parseBoolean(text: string): boolean | null {
  const word = spelling(text);
  return TRUE.test(word) ? true : FALSE.test(word) ? false : null;
}

const bool = z.string().transform((text, context) => {
  const value = parseBoolean(text);
  if (value !== null) return value;
  context.addIssue({ code: "custom", message: `"${text}" is no boolean` });
  return z.NEVER;
});

/** One scalar counts as a list of one. */
const texts = z.preprocess((value: Tree) => (typeof value === "string" ? [value] : value), z.array(z.string()));

const selector = z.strictObject({ rule: z.string().optional(), tag: z.string().optional() });
const selection = z.union([z.strictObject({ enable: selector }), z.strictObject({ disable: selector })]);

const appendOutput = z.strictObject({
  match: z
    .strictObject({ source: z.string().optional(), tags: texts.optional(), rule: z.string().optional() })
    .optional(),
  extra_output: z.string().optional(),
  extra_fields: z.array(z.union([z.string(), z.record(z.string(), z.string())])).optional(),
  suggested_output: bool.optional(),
});

export const schema = z.strictObject({
  rules_files: texts.default([]),
  rules_file: texts.optional(),
  rules: z.array(selection).default([]),
  rule_matching: z.string().default("first"),
  priority: z.string().default("debug"),
  append_output: z.array(appendOutput).default([]),
  static_fields: z.record(z.string(), z.string()).default({}),
  json_output: bool.default(false),
  json_include_output_property: bool.default(true),
  json_include_tags_property: bool.default(true),
  json_include_message_property: bool.default(false),
  json_include_output_fields_property: bool.default(true),
  time_format_iso_8601: bool.default(false),
  buffered_outputs: bool.default(false),
  stdout_output: z.strictObject({ enabled: bool.default(false) }).prefault({}),
  file_output: z
    .strictObject({
      enabled: bool.default(false),
      keep_alive: z.string().default(""),
      filename: z.string().default(""),
    })
    .prefault({}),
  engine: z
    .strictObject({
      kind: z.string().optional(),
      replay: z.strictObject({ capture_file: z.string().optional() }).optional(),
      modern_ebpf: kernelKeys(bool).prefault({}),
    })
    .prefault({}),
  lookups: z
    .strictObject({ users: bool.default(true), services: bool.default(false), containers: bool.default(true) })
    .prefault({}),
  // Read by plugins.ts: what is wrong there is no reason to go on without.
  plugins: z.unknown().optional(),
  load_plugins: texts.optional(),
  log_level: z.string().default("info"),
  ...watchingKeys(bool, texts),
});

export type Settings = z.infer<typeof schema>;
