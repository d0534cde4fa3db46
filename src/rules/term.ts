// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldResolver } from "../fields/field.js";
import { type BoundTransform, bindTransform } from "../fields/transform.js";
import type { EventView } from "../fields/view.js";
import type { FieldNode, ListNode, TransformNode } from "./ast.js";
import { type TypeFamily, typeFamily } from "./constants.js";
import { type Comparable, numberOf, type Value } from "./predicate.js";

/** One side of a comparison: a field, a constant, or transformers over some. */
export interface Term extends Comparable {
  /** Same key, same value: what identical checks are recognised by. */
  readonly key: string;
  /** The fields it reads. */
  readonly fields: readonly Field[];
  /** The one field whose value it is a pure function of; null where it reads several or none. */
  readonly field: Field | null;
  /** That function; the identity for a plain field. null = no value. */
  map(value: Value): Value | null;
  /** True where `map` is the identity. */
  readonly plain: boolean;
  /** The value for the view's event, null = absent. May allocate. */
  get(e: EventView): Value | null;
}

/** How a field's values compare. Fields of a type that only some events settle compare by the shape they come in. */
function familyOf(field: Field): TypeFamily {
  const family = typeFamily(field.type);
  if (family !== undefined) return family;
  const shape = field.extract.shape;
  return shape === "number" || shape === "wide"
    ? "number"
    : shape === "bool"
      ? "bool"
      : shape === "bytes"
        ? "buffer"
        : "string";
}

/** The value that the text of a keyed field stands for. */
export function fromText(field: Field, text: string): Value {
  if (field.address !== null) return text;
  switch (familyOf(field)) {
    case "number":
    case "port":
      return numberOf(text);
    case "bool":
      return text === "true";
    default:
      return text;
  }
}

/** The general way to a field's value, whatever its shape. */
export function fieldValue(field: Field, e: EventView): Value | null {
  const extract = field.extract;
  switch (extract.shape) {
    case "keyed": {
      const key = extract.key(e);
      const text = key < 0 ? null : extract.text(key, e);
      return text === null ? null : fromText(field, text);
    }
    case "number": {
      const number = extract.get(e);
      return Number.isNaN(number) ? null : number;
    }
    case "bool": {
      const bool = extract.get(e);
      return bool < 0 ? null : bool === 1;
    }
    case "wide":
      return extract.get(e) ?? null;
    case "each":
      return extract.output(e);
    default:
      return extract.get(e);
  }
}

function fieldTerm(field: Field): Term {
  return {
    key: JSON.stringify(field.name),
    family: familyOf(field),
    type: field.type,
    list: field.list,
    address: field.address,
    fields: [field],
    field,
    plain: true,
    map: (value) => value,
    get: (e) => fieldValue(field, e),
  };
}

function transformTerm(node: TransformNode, resolver: FieldResolver, source: string): Term {
  const args: Term[] = [];
  for (const arg of node.args) {
    if (arg.kind === "constant") args.push(constantTerm(arg.text));
    else if (arg.kind === "list") args.push(listTerm(arg, resolver, source));
    else args.push(termOf(arg, resolver, source));
  }
  if (node.name === "val" && args[0] !== undefined) return args[0];
  return composite(
    `${node.name}(${args.map((arg) => arg.key).join(",")})${node.arg === null ? "" : JSON.stringify(node.arg)}`,
    args,
    bindTransform(node.name, node.arg, args),
  );
}

/** A term made of others: it has a value when all of them have one. */
function composite(key: string, args: readonly Term[], bound: BoundTransform): Term {
  const fields = [...new Set(args.flatMap((arg) => arg.fields))];
  const field = fields.length === 1 ? (fields[0] as Field) : null;
  const values = (of: (arg: Term) => Value | null): Value | null => {
    const each: Value[] = [];
    for (const arg of args) {
      const value = of(arg);
      if (value === null) return null;
      each.push(value);
    }
    return bound.apply(each);
  };
  return {
    key,
    family: typeFamily(bound.type) ?? "string",
    type: bound.type,
    list: bound.list,
    address: null,
    fields,
    field,
    plain: false,
    map: (value) => values((arg) => arg.map(value)),
    get: (e) => values((arg) => arg.get(e)),
  };
}

/** A constant argument is the text that was written, numbers too. */
function constantTerm(text: string): Term {
  return {
    key: `constant ${JSON.stringify(text)}`,
    family: "string",
    type: 0,
    list: false,
    address: null,
    fields: [],
    field: null,
    plain: false,
    map: () => text,
    get: () => text,
  };
}

/** `(a, f.x, ...)` as an argument: its members as texts. */
function listTerm(node: ListNode, resolver: FieldResolver, source: string): Term {
  const items = node.items.map((item) =>
    item.kind === "constant" ? constantTerm(item.text) : termOf(item, resolver, source),
  );
  return composite(`(${items.map((item) => item.key).join(",")})`, items, {
    type: 0,
    list: true,
    apply: (values) => values.map(String),
  });
}

/** The term of a field or transformer node. Throws where the field does not exist: conditions are checked before. */
export function termOf(node: FieldNode | TransformNode, resolver: FieldResolver, source: string): Term {
  if (node.kind === "transform") return transformTerm(node, resolver, source);
  const text = node.arg === null ? node.name : `${node.name}[${node.arg}]`;
  const field = resolver(text, source);
  if ("error" in field) throw new Error(field.error);
  return fieldTerm(field);
}
