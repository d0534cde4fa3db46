// SPDX-License-Identifier: Apache-2.0

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from "yaml";

import { attempt, Context, type Report } from "./diagnostic.js";
import { putBack, shorten } from "./long-lists.js";
import type { SourceFile } from "./source-file.js";
import { yamlMistake } from "./yaml-message.js";

/** A value of a YAML mapping or sequence; undefined where the key is absent, a null scalar is a Scalar. */
export type Value = Node | undefined;

const NULLS = new Set(["", "~", "null", "Null", "NULL"]);

export function isNull(value: Value): boolean {
  return value === undefined || (isScalar(value) && value.type === "PLAIN" && NULLS.has(String(value.value)));
}

export function offsetOf(value: Value, otherwise = 0): number {
  return value?.range?.[0] ?? otherwise;
}

/** One mapping of a rules file, with what is needed to say where something is wrong. Keys count once: the first holds. */
export class Item {
  private readonly values = new Map<string, { readonly value: Node; readonly at: number }>();

  constructor(
    map: YAMLMap,
    readonly context: Context,
  ) {
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (this.values.has(name)) continue;
      this.values.set(name, { value: value as Node, at: offsetOf(key as Value, offsetOf(map)) });
    }
  }

  get file(): SourceFile {
    return this.context.file;
  }

  keys(): Iterable<string> {
    return this.values.keys();
  }

  has(key: string): boolean {
    return this.values.has(key);
  }

  get(key: string): Value {
    return this.values.get(key)?.value;
  }

  /** Where a key stands; the item itself where it has none. */
  keyOffset(key: string): number {
    return this.values.get(key)?.at ?? this.context.offset;
  }

  /** The same mapping inside another context, once its name is known. */
  within(context: Context): Item {
    const item = Object.create(Item.prototype) as { context: Context; values: unknown };
    item.context = context;
    item.values = this.values;
    return item as unknown as Item;
  }
}

/** Deeper nesting is no rule, and would use up the stack of whatever walks it. */
const MAX_DEPTH = 64;

/**
 * Puts in place of the aliases of one document what they point to. Each node is walked once, however many aliases point
 * to it: a short text can stand for a tree that no machine can walk.
 */
class Aliases {
  private readonly anchors = new Map<string, Node>();
  /** Levels below a node that was walked; -1 while it is being walked. */
  private readonly heights = new Map<object, number>();

  constructor(private readonly context: Context) {}

  /** @returns what stands for `node`, its aliases replaced @throws LoadFailure for an alias of nothing, or of a node around it */
  inline(node: unknown): unknown {
    this.walk(node, 0);
    return this.target(node);
  }

  private target(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = this.anchors.get(node.source);
    if (target === undefined) throw this.context.error("LOAD_ERR_YAML_PARSE", `unknown alias: ${node.source}`);
    return target;
  }

  /** Walks in the order of the text, since an anchor may be set again. @returns the levels below `node` */
  private walk(node: unknown, depth: number): number {
    if (isAlias(node)) {
      const height = this.heights.get(this.target(node) as object) ?? 0;
      if (height < 0) {
        throw this.context.error("LOAD_ERR_YAML_PARSE", `alias ${node.source} stands inside of what it points to`);
      }
      return this.checked(depth, height);
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return 0;
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return 0;
    this.heights.set(node, -1);
    let height = this.checked(depth, 0);
    if (isMap(node)) {
      for (const pair of node.items) {
        height = Math.max(height, this.walk(pair.key, depth + 1) + 1);
        pair.key = this.target(pair.key);
        height = Math.max(height, this.walk(pair.value, depth + 1) + 1);
        pair.value = this.target(pair.value);
      }
    } else {
      for (let i = 0; i < node.items.length; i++) {
        height = Math.max(height, this.walk(node.items[i], depth + 1) + 1);
        node.items[i] = this.target(node.items[i]);
      }
    }
    this.heights.set(node, height);
    return height;
  }

  private checked(depth: number, height: number): number {
    if (depth + height > MAX_DEPTH) {
      throw this.context.error("LOAD_ERR_YAML_PARSE", "values are nested too deeply");
    }
    return height;
  }
}

/** What a rules file holds, as far as it could be read. */
export interface Contents {
  readonly items: readonly Item[];
  /** The contents of its documents; null where one is not YAML. */
  readonly roots: readonly Value[] | null;
  /** Whether no document had to be left out. */
  readonly whole: boolean;
}

function parse(content: string): Document.Parsed[] {
  const documents = parseAllDocuments(content, {
    // Every scalar is a text; what it means is decided where it is used.
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  return Array.isArray(documents) ? documents : [];
}

function parseDocuments(content: string): Document.Parsed[] {
  const { text, runs } = shorten(content);
  const documents = parse(text);
  if (runs.length === 0) return documents;
  const roots = documents.map(({ contents }) => contents);
  return documents.every(({ errors }) => errors.length === 0) && putBack(content, runs, roots)
    ? documents
    : parse(content);
}

/**
 * The items of a rules file: the elements of the sequences of all its documents, nulls left out. What is not YAML, or no
 * sequence of mappings, is reported.
 */
export function readItems(file: SourceFile, fail: Report): Contents {
  const root = Context.root(file);
  const documents = parseDocuments(file.content);
  const items: Item[] = [];
  const roots: Value[] = [];
  const read = (document: (typeof documents)[number]): boolean => {
    const [error] = document.errors;
    if (error !== undefined) {
      const { message, offset, hint } = yamlMistake(error, file);
      throw root.enter("rules content", "", offset).error("LOAD_ERR_YAML_PARSE", message, hint);
    }
    const contents = new Aliases(root).inline(document.contents) as Value;
    if (contents === undefined || contents === null || isNull(contents)) return true;
    roots.push(contents);
    const context = root.enter("rules content", "", offsetOf(contents));
    if (isMap(contents)) throw context.error("LOAD_ERR_YAML_VALIDATE", "Rules content is not yaml array of objects");
    if (!isSeq(contents)) throw context.error("LOAD_ERR_YAML_VALIDATE", "Rules content is not yaml");
    for (const element of contents.items as Value[]) {
      if (element === undefined || element === null || isNull(element)) continue;
      const place = root.enter("rules content item", "", offsetOf(element));
      if (!isMap(element)) {
        const message = "Unexpected element type. Each element should be a yaml associative array.";
        fail(place.error("LOAD_ERR_YAML_VALIDATE", message).diagnostic);
        continue;
      }
      items.push(new Item(element, place));
    }
    return true;
  };
  let whole = true;
  for (const document of documents) if (!attempt(fail, () => read(document), false)) whole = false;
  const isYaml = documents.every(({ errors }) => errors.length === 0);
  return { items, roots: isYaml ? roots : null, whole };
}

export type { Scalar };
