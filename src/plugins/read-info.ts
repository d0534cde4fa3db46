// SPDX-License-Identifier: Apache-2.0

import { z } from "zod";
import { type Plugin, SDK_VERSION } from "../sdk/index.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { type PluginInfo, SYSCALL } from "./info.js";
import type { LibraryTraits } from "./library/traits.js";

const VERSION = /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/;
/** What names of new plugins are like, as in a registry. */
export const PLUGIN_NAME = /^[a-z]+[a-z0-9_-]*$/;
/** What is taken as a name, of plugins and of sources: Falco takes any text, and so do plugins that were made for it. */
const NAME = /^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$/u;
const FIELD_NAME = /^[a-zA-Z][a-zA-Z0-9_]*(\.[a-zA-Z0-9_]+)+$/;
/** Larger ones belong to the engine. */
const LARGEST_ID = 2 ** 31 - 1;

const func = z.function();
const version = z.string().regex(VERSION, "must be MAJOR.MINOR.PATCH");
const anyName = z.string().regex(NAME, "must be one line of at most 128 characters, without space around it");

const argument = z.object({ kind: z.enum(["key", "index", "either"]), required: z.boolean().optional() });
const field = z
  .object({
    type: z.enum(["string", "uint64", "bool", "reltime", "abstime", "ipaddr", "ipnet", "bytes"]),
    desc: z.string().min(1, "must not be empty"),
    display: z.string().optional(),
    list: z.boolean().optional(),
    argument: argument.optional(),
    hidden: z.boolean().optional(),
    suggested: z.boolean().optional(),
    absentEquals: z.literal("").optional(),
  })
  .refine(({ type, list, absentEquals }) => absentEquals === undefined || (type === "string" && list !== true), {
    message: "absentEquals is for strings that are no list",
  });

const spec = z.looseObject({
  name: anyName,
  version,
  description: z.string(),
  contact: z.string(),
  sdk: version,
  configSchema: z.record(z.string(), z.unknown()).optional(),
  init: func,
  source: z
    .looseObject({
      id: z.int().min(1).max(LARGEST_ID),
      source: anyName.refine((name) => name !== SYSCALL, `"${SYSCALL}" is the engine's own`),
      open: func,
      listOpenParams: func.optional(),
      eventToString: func.optional(),
    })
    .optional(),
  extractor: z
    .looseObject({
      fields: z.record(z.string().regex(FIELD_NAME, `must match ${FIELD_NAME.source}`), field),
      sources: z.array(z.string()).optional(),
      start: func,
    })
    .optional(),
  asyncEvents: z
    .object({ names: z.array(z.string().min(1)).min(1, "must have a name"), sources: z.array(z.string()).optional() })
    .optional(),
});

function numbers(text: string): readonly number[] {
  return text.split(".").map(Number);
}

/** Whether a plugin that was made for version `required` of the SDK runs with version `present`. */
function sdkRuns(required: string, present: string = SDK_VERSION): boolean {
  const [major, minor, patch] = numbers(required);
  const [ourMajor, ourMinor, ourPatch] = numbers(present);
  if (major !== ourMajor) return false;
  return minor === ourMinor ? patch <= ourPatch : minor < ourMinor;
}

/**
 * What a plugin says of itself, checked.
 * @param file names it in errors
 * @param library what else is known of a library
 * @throws PeregrineError PLUGIN_LOAD, PLUGIN_VERSION
 */
export function readInfo(plugin: Plugin, file: string, library?: LibraryTraits): PluginInfo {
  const fail = (code: ErrorCode, message: string): PeregrineError => new PeregrineError(code, message, { file });
  const read = spec.safeParse(plugin.spec);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw fail("PLUGIN_LOAD", `the plugin's ${issue.path.map(String).join(".") || "spec"} is wrong: ${issue.message}`);
  }
  const { name, description, contact, sdk, source, extractor, asyncEvents, configSchema } = read.data;
  if (!sdkRuns(sdk)) {
    throw fail("PLUGIN_VERSION", `plugin '${name}' was made for version ${sdk} of the SDK, this is ${SDK_VERSION}`);
  }
  const other = library !== undefined && (library.parser !== null || library.starts);
  if (source === undefined && extractor === undefined && asyncEvents === undefined && !other) {
    throw fail("PLUGIN_LOAD", `plugin '${name}' is neither a source nor an extractor, and has no events of its own`);
  }
  return {
    name,
    version: read.data.version,
    description,
    contact,
    sdk,
    configSchema: configSchema ?? null,
    source: source === undefined ? null : { id: source.id, name: source.source },
    extractor:
      extractor === undefined
        ? null
        : { fields: extractor.fields as PluginFields, sources: namedSources(extractor.sources) },
    asyncEvents:
      asyncEvents === undefined ? null : { names: asyncEvents.names, sources: namedSources(asyncEvents.sources) },
    ...(library === undefined ? {} : { library }),
  };
}

type PluginFields = NonNullable<PluginInfo["extractor"]>["fields"];

/** None named: all. */
function namedSources(sources: readonly string[] | undefined): readonly string[] | null {
  return sources === undefined || sources.length === 0 ? null : sources;
}
