// SPDX-License-Identifier: Apache-2.0

import type { CatalogEntry } from "../fields/catalog.js";
import type { LoadedPlugin } from "../plugins/info.js";
import { fieldsOf } from "../plugins/resolver.js";
import { sourcesOf } from "../plugins/sources.js";
import { typeName } from "../rules/operand.js";
import { PeregrineError } from "../telemetry/errors.js";
import { type Context, Exit, type RunFlags } from "./context.js";
import { sortedJson } from "./json.js";
import { loadConfigured } from "./plugins.js";
import { print } from "./print.js";
import { answerConfig } from "./settings.js";
import { wrapped } from "./table.js";

const NAME_WIDTH = 30;
const TEXT_WIDTH = 90;
const RULER = "-".repeat(31);

interface FieldClass {
  readonly name: string;
  readonly sources: readonly string[];
  readonly fields: readonly CatalogEntry[];
}

/** `peregrine --list`: the fields that rules can name. @returns the exit status */
export async function list(flags: RunFlags, context: Context): Promise<number> {
  const plugins = await loadConfigured(await answerConfig(flags, context), context);
  const classes = classesOf(flags, plugins);
  print(show(classes, flags));
  return Exit.OK;
}

function classesOf(
  { list: source, assumePlugin = [], verbose = false }: RunFlags,
  plugins: readonly LoadedPlugin[],
): FieldClass[] {
  const loaded = sourcesOf(plugins);
  const sources = [...loaded, ...assumePlugin.flatMap((plugin) => (plugin.source === null ? [] : [plugin.source]))];
  if (typeof source === "string" && !sources.includes(source)) {
    const known = sources.join(", ");
    throw new PeregrineError("SOURCE_UNKNOWN", `Value for --list must be a valid source type: ${known}`);
  }
  const asked = typeof source === "string" ? [source] : sources;
  const classes = new Map<string, { name: string; sources: Set<string>; fields: Set<CatalogEntry> }>();
  for (const each of asked) {
    for (const field of fieldsOf(plugins, loaded, each)) {
      if ((field.hidden || field.deprecated) && !verbose) continue;
      const known = classes.get(field.class) ?? { name: field.class, sources: new Set(), fields: new Set() };
      classes.set(field.class, known);
      known.sources.add(each);
      known.fields.add(field);
    }
  }
  return [...classes.values()].map((each) => ({
    name: each.name,
    sources: [...each.sources],
    fields: [...each.fields],
  }));
}

function show(classes: readonly FieldClass[], { names = false, format = "text", verbose = false }: RunFlags): string {
  if (names) return classes.flatMap(({ fields }) => fields.map(({ name }) => `${name}\n`)).join("");
  if (format === "json") return `${sortedJson({ field_classes: classes.map(jsonOf) })}\n`;
  if (format === "markdown") return `${classes.map(markdownOf).join("\n")}`;
  return `${classes.map((each) => textOf(each, verbose)).join("\n")}`;
}

/** Marks of a field, as in `[deprecated]`. */
function marks(field: CatalogEntry): string[] {
  const found: string[] = [];
  if (field.list) found.push("list");
  if (field.arg !== null) found.push(field.arg.required ? "argument required" : "argument allowed");
  if (field.filterOnly) found.push("conditions only");
  if (field.printOnly) found.push("outputs only");
  if (field.deprecated) found.push("deprecated");
  if (field.hidden) found.push("hidden");
  return found;
}

function textOf({ name, sources, fields }: FieldClass, verbose: boolean): string {
  const head = [
    RULER,
    `${"Field Class:".padEnd(NAME_WIDTH)}${name}`,
    `${"Event Sources:".padEnd(NAME_WIDTH)}${sources.join(", ")}`,
    "",
  ];
  const rows = fields.flatMap((field) => {
    const details = [`Type: ${typeName(field.type)}`, ...marks(field)];
    if (field.arg !== null) details.push(field.arg.syntax);
    const [first = "", ...rest] = wrapped(verbose ? `(${details.join(", ")}) ${field.desc}` : field.desc, TEXT_WIDTH);
    const indent = " ".repeat(NAME_WIDTH);
    // A long name has a line of its own.
    const begin =
      field.name.length < NAME_WIDTH ? [`${field.name.padEnd(NAME_WIDTH)}${first}`] : [field.name, indent + first];
    return [...begin, ...rest.map((line) => indent + line)];
  });
  return [...head, ...rows].map((line) => `${line.trimEnd()}\n`).join("");
}

function markdownOf({ name, sources, fields }: FieldClass): string {
  const rows = fields.map((field) => {
    const desc = field.desc.replaceAll("|", "\\|");
    return `\`${field.name}\` | ${typeName(field.type)}${field.list ? " list" : ""} | ${desc}`;
  });
  return [
    `## Field Class: ${name}`,
    "",
    `Event Sources: ${sources.join(", ")}`,
    "",
    "Name | Type | Description",
    ":----|:-----|:-----------",
    ...rows,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function jsonOf({ name, sources, fields }: FieldClass): object {
  return {
    name,
    event_sources: sources,
    fields: fields.map((field) => ({
      name: field.name,
      type: typeName(field.type),
      desc: field.desc,
      is_list: field.list,
      is_deprecated: field.deprecated,
      filter_only: field.filterOnly,
      print_only: field.printOnly,
      arg:
        field.arg === null
          ? null
          : {
              is_required: field.arg.required,
              is_index: field.arg.index,
              is_key: field.arg.key,
              syntax: field.arg.syntax,
            },
    })),
  };
}
