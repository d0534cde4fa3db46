// SPDX-License-Identifier: Apache-2.0

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { z } from "zod";
import type { ErrorCode } from "../telemetry/errors.js";

/** Something about a registry that must be mended. Lines and columns count from 1. */
export interface RegistryProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

const flag = z.object({ supported: z.boolean() });
const sourcing = z.looseObject({ ...flag.shape, id: z.int().min(0).max(0xffff_ffff), source: z.string().optional() });
const extraction = z.looseObject({ ...flag.shape, sources: z.array(z.string()).optional() });
const entry = z.looseObject({
  name: z.string(),
  description: z.string(),
  reserved: z.boolean().optional(),
  capabilities: z.looseObject({ sourcing: sourcing.optional(), extraction: extraction.optional() }),
});
const range = z.strictObject({
  from: z.int().min(0),
  to: z.int().max(0xffff_ffff),
  use: z.enum(["public", "private", "reserved"]),
});
const today = z.looseObject({
  reserved_sources: z.array(z.string()).optional(),
  id_ranges: z.array(range).optional(),
  plugins: z.array(entry),
});
/** The form of 2022: two lists. */
const early = z.looseObject({
  reserved_sources: z.array(z.string()).optional(),
  plugins: z.looseObject({
    source: z.array(
      z.looseObject({ id: z.int().min(0).max(0xffff_ffff), source: z.string().optional(), name: z.string() }),
    ),
    extractor: z.array(z.looseObject({ name: z.string(), sources: z.array(z.string()).optional() })),
  }),
});

export type IdRange = z.infer<typeof range>;

/** Where an entry's parts stand, to name them in problems. */
type Path = readonly (string | number)[];

/** A plugin as a registry has it, from either form of the file. */
export interface RegistryEntry {
  readonly name: string;
  readonly reserved: boolean;
  /** null: no source. */
  readonly id: number | null;
  readonly source: string | null;
  readonly extracts: boolean;
  readonly extractSources: readonly string[];
  readonly early: boolean;
  readonly at: { readonly name: Path; readonly id: Path; readonly source: Path; readonly sources: Path };
}

export interface Registry {
  readonly entries: readonly RegistryEntry[];
  readonly reservedSources: readonly string[];
  readonly ranges: readonly IdRange[];
  /** Line and column of a part of the file. */
  place(path: Path): { readonly line: number; readonly column: number };
}

const DEFAULT_RANGES: readonly IdRange[] = [
  { from: 1, to: 2 ** 30 - 1, use: "public" },
  { from: 2 ** 30, to: 2 ** 31 - 1, use: "private" },
  { from: 2 ** 31, to: 2 ** 32 - 1, use: "reserved" },
];
const DEFAULT_RESERVED = ["syscall", "internal", "plugins"];

/** Reads a registry, of today's form or that of 2022. Problems are those of YAML and of the file's shape. */
export function readRegistry(
  text: string,
): { readonly registry: Registry } | { readonly problems: readonly RegistryProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => {
      return { code: "REGISTRY_PARSE" as const, message: message.split("\n")[0] ?? message, ...at(pos[0]) };
    });
    return { problems };
  }
  const place = (path: Path) => at(nodeAt(document.contents, path)?.range?.[0] ?? 0);
  let aliased = false;
  visit(document, {
    Alias: () => {
      aliased = true;
    },
  });
  // An alias could make a small file a huge one, and a registry has no use for them.
  if (aliased) {
    return { problems: [{ code: "REGISTRY_PARSE", message: "aliases are not allowed here", line: 1, column: 1 }] };
  }
  const value: unknown = document.toJS();
  const lists = z.looseObject({ plugins: z.looseObject({}) }).safeParse(value).success;
  const isEarly = lists && !Array.isArray((value as { plugins: unknown }).plugins);
  const parsed = isEarly ? early.safeParse(value) : today.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ message, path }) => {
      const keys = path.map((key) => (typeof key === "number" ? key : String(key)));
      const where = keys.length === 0 ? "" : `${keys.join(".")}: `;
      return { code: "REGISTRY_SHAPE" as const, message: `${where}${message}`, ...place(keys) };
    });
    return { problems };
  }
  const reservedSources = parsed.data.reserved_sources ?? DEFAULT_RESERVED;
  if (isEarly) {
    const { plugins } = parsed.data as z.infer<typeof early>;
    return { registry: { entries: earlyEntries(plugins), reservedSources, ranges: DEFAULT_RANGES, place } };
  }
  const { plugins, id_ranges: ranges } = parsed.data as z.infer<typeof today>;
  const entries = plugins.map((plugin, i) => todaysEntry(plugin, ["plugins", i]));
  return { registry: { entries, reservedSources, ranges: ranges ?? DEFAULT_RANGES, place } };
}

function todaysEntry({ name, reserved, capabilities }: z.infer<typeof entry>, path: Path): RegistryEntry {
  const { sourcing: source, extraction: fields } = capabilities;
  const sourced = source?.supported === true;
  const extracts = fields?.supported === true;
  const capability = [...path, "capabilities"];
  return {
    name,
    reserved: reserved ?? false,
    id: sourced ? source.id : null,
    source: sourced ? (source.source ?? null) : null,
    extracts,
    extractSources: extracts ? (fields.sources ?? []) : [],
    early: false,
    at: {
      name: [...path, "name"],
      id: [...capability, "sourcing", "id"],
      source: [...capability, "sourcing", "source"],
      sources: [...capability, "extraction", "sources"],
    },
  };
}

function earlyEntries({ source, extractor }: z.infer<typeof early>["plugins"]): RegistryEntry[] {
  const paths = (kind: string, i: number): RegistryEntry["at"] => {
    const path = ["plugins", kind, i];
    return {
      name: [...path, "name"],
      id: [...path, "id"],
      source: [...path, "source"],
      sources: [...path, "sources"],
    };
  };
  const common = { early: true, reserved: false };
  return [
    ...source.map((one, i) => ({
      ...common,
      name: one.name,
      // ID 0 and the one for tests stood in the list without being anyone's.
      reserved: one["reserved"] === true,
      id: one.id,
      source: one.source ?? null,
      extracts: false,
      extractSources: [],
      at: paths("source", i),
    })),
    ...extractor.map((one, i) => ({
      ...common,
      name: one.name,
      id: null,
      source: null,
      extracts: true,
      extractSources: one.sources ?? [],
      at: paths("extractor", i),
    })),
  ];
}

/** The node at `path`, or the nearest one above it that is there. */
function nodeAt(root: Node | null, path: Path): Node | null {
  let node = root;
  for (const key of path) {
    let next: unknown = null;
    if (isSeq(node)) next = node.items[Number(key)];
    else if (isMap(node)) next = node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value;
    if (!isMap(next) && !isSeq(next) && !isScalar(next)) return node;
    node = next;
  }
  return node;
}
