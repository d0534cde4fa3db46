// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";
import type { Field, FieldResolver } from "../fields/field.js";
import type { ConstantNode, FieldNode, ListNode, TransformNode } from "./ast.js";
import { typeFamily } from "./constants.js";

/** What one side of a comparison yields. */
export interface Operand {
  /** As it is written. */
  readonly text: string;
  /** A ParamType. */
  readonly type: number;
  readonly list: boolean;
  /** The field, where nothing is applied to it. */
  readonly field: Field | null;
}

/** A field or transformer that is used in a way it does not allow. */
export class OperandError extends Error {
  constructor(
    message: string,
    readonly node: FieldNode | TransformNode | ConstantNode | ListNode,
    /** The field that does not exist; null for other failures. */
    readonly unknown: string | null = null,
  ) {
    super(message);
  }
}

const TYPE_NAMES = new Map<number, string>(Object.entries(ParamType).map(([name, id]) => [id, name]));

export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `type ${type}`;
}

export function fieldText(node: FieldNode): string {
  return node.arg === null ? node.name : `${node.name}[${node.arg}]`;
}

/** Finds fields and settles the types of transformers for the rules of one source. */
export class Operands {
  private readonly known = new Map<string, Field | { readonly error: string }>();

  constructor(
    private readonly resolver: FieldResolver,
    private readonly source: string,
  ) {}

  find(text: string): Field | { readonly error: string } {
    let found = this.known.get(text);
    if (found === undefined) {
      found = this.resolver(text, this.source);
      this.known.set(text, found);
    }
    return found;
  }

  has(text: string): boolean {
    return !("error" in this.find(text));
  }

  /** @throws OperandError */
  of(node: FieldNode | TransformNode): Operand {
    return node.kind === "field" ? this.field(node) : this.transform(node);
  }

  private field(node: FieldNode): Operand {
    const text = fieldText(node);
    const field = this.find(text);
    if ("error" in field) throw new OperandError(field.error, node, this.isUnknown(node, field.error) ? text : null);
    return { text, type: field.type, list: field.list, field };
  }

  /** Whether it is the name that is unknown, rather than the argument wrong. */
  private isUnknown(node: FieldNode, error: string): boolean {
    return error.includes("nonexistent field") || (node.arg === null && error.startsWith("unknown"));
  }

  private transform(node: TransformNode): Operand {
    const types = node.args.map((arg) => this.argument(arg));
    const result = (type: number, list: boolean): Operand => ({ text: transformText(node), type, list, field: null });
    for (const { field } of types) {
      if (node.name !== "val" && field?.flags.includes("EPF_NO_TRANSFORMER")) {
        throw new OperandError(`field '${field.name}' does not support transformers`, node);
      }
    }
    const [first, second] = types;
    const count = (low: number, high: number): void => {
      if (types.length >= low && types.length <= high) return;
      const wanted = low === high ? `${low}` : `${low} or more`;
      throw new OperandError(`'${node.name}' transformer takes ${wanted} argument(s), ${types.length} given`, node);
    };
    const bad = (operand: Operand): OperandError => {
      const type = `${operand.list ? "a list of " : ""}${typeName(operand.type)}`;
      return new OperandError(`'${node.name}' transformer does not support '${operand.text}' of type ${type}`, node);
    };
    if (node.arg !== null && node.name !== "getopt") {
      throw new OperandError(`'${node.name}' transformer takes no argument in brackets`, node);
    }
    switch (node.name) {
      case "val":
        count(1, 1);
        return { ...(first as Operand), text: transformText(node) };
      case "tolower":
      case "toupper":
      case "basename":
      case "b64": {
        count(1, 1);
        const operand = first as Operand;
        const family = typeFamily(operand.type);
        if (family !== "string" && !(node.name === "b64" && family === "buffer")) throw bad(operand);
        return result(operand.type, operand.list);
      }
      case "len": {
        count(1, 1);
        const operand = first as Operand;
        const family = typeFamily(operand.type);
        if (!operand.list && family !== "string" && family !== "buffer") throw bad(operand);
        return result(ParamType.UINT64, false);
      }
      case "join": {
        count(2, 2);
        if (first?.list || typeFamily((first as Operand).type) !== "string") throw bad(first as Operand);
        if (!second?.list) throw bad(second as Operand);
        return result(ParamType.CHARBUF, false);
      }
      case "concat": {
        count(2, Number.POSITIVE_INFINITY);
        for (const operand of types) {
          if (operand.list || typeFamily(operand.type) !== "string") throw bad(operand);
        }
        return result(ParamType.CHARBUF, false);
      }
      case "getopt": {
        count(2, 2);
        if (!first?.list || typeFamily(first.type) !== "string") throw bad(first as Operand);
        if (second?.list || typeFamily((second as Operand).type) !== "string") throw bad(second as Operand);
        return result(ParamType.CHARBUF, node.arg === null);
      }
      default:
        throw new OperandError(`unknown transformer '${node.name}'`, node);
    }
  }

  private argument(node: FieldNode | TransformNode | ConstantNode | ListNode): Operand {
    switch (node.kind) {
      case "field":
        return this.field(node);
      case "transform":
        return this.transform(node);
      case "constant":
        return { text: node.text, type: node.number ? ParamType.UINT64 : ParamType.CHARBUF, list: false, field: null };
      case "list": {
        for (const item of node.items) this.joinable(this.argument(item), item);
        return { text: "(...)", type: ParamType.CHARBUF, list: true, field: null };
      }
    }
  }

  private joinable(operand: Operand, node: FieldNode | TransformNode | ConstantNode): void {
    const numbers: readonly number[] = [ParamType.INT64, ParamType.UINT64, ParamType.PID];
    if (operand.field?.flags.includes("EPF_NO_TRANSFORMER")) {
      throw new OperandError(`field '${operand.text}' does not support transformers`, node);
    }
    if (!operand.list && (typeFamily(operand.type) === "string" || numbers.includes(operand.type))) return;
    throw new OperandError(`a list cannot hold '${operand.text}' of type ${typeName(operand.type)}`, node);
  }
}

function transformText(node: TransformNode): string {
  const args = node.args.map((arg) => {
    if (arg.kind === "field") return fieldText(arg);
    if (arg.kind === "transform") return transformText(arg);
    return arg.kind === "constant" ? arg.text : "(...)";
  });
  return `${node.name}(${args.join(", ")})`;
}
