// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../../src/batch/event-table.generated.js";
import type { CheckNode, Node } from "../../src/rules/ast.js";
import type { SyntheticEvent, SyntheticField, SyntheticValue } from "./synthetic-fields.js";

/*
 * The meaning of a condition, as plainly as it can be written: no plan, no memo, no sharing with src/rules but the AST.
 * The generated matcher must agree with it.
 */

function glob(pattern: string, text: string, fold: boolean): boolean {
  if (fold) return glob(pattern.toLowerCase(), text.toLowerCase(), false);
  if (pattern === "") return text === "";
  if (pattern[0] === "*")
    return glob(pattern.slice(1), text, false) || (text !== "" && glob(pattern, text.slice(1), false));
  return text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && glob(pattern.slice(1), text.slice(1), false);
}

function prefix(pattern: string, text: string): boolean {
  const want = pattern.split("/").filter((part) => part !== "");
  const have = text.split("/").filter((part) => part !== "");
  return want.every((part, i) => have[i] !== undefined && glob(part, have[i], false));
}

function octets(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0));
}

function binary(address: string): string {
  return address
    .split(".")
    .map((part) => String.fromCharCode(Number(part)))
    .join("");
}

function inNetwork(address: string, network: string): boolean {
  const [base, length] = network.split("/") as [string, string];
  if (address.length !== 4) return false;
  const toBits = (bytes: string): string =>
    octets(bytes)
      .map((byte) => byte.toString(2).padStart(8, "0"))
      .join("");
  return toBits(address).slice(0, Number(length)) === toBits(binary(base)).slice(0, Number(length));
}

function isNumeric(field: SyntheticField): boolean {
  return [ParamType.INT64, ParamType.UINT64, ParamType.UINT8, ParamType.PORT].some((type) => type === field.type);
}

/** `left operator right` for a single value and a single constant, both as text of their kind. */
function scalar(field: SyntheticField, operator: string, value: string, constant: string): boolean {
  if (field.type === ParamType.IPNET) {
    const inside = inNetwork(value, constant);
    return operator === "!=" ? !inside : inside;
  }
  if (isNumeric(field)) {
    const a = BigInt(value);
    const b = field.type === ParamType.UINT64 ? BigInt.asUintN(64, BigInt(constant)) : BigInt(constant);
    const c = field.type === ParamType.UINT8 ? BigInt.asUintN(8, b) : b;
    return { "=": a === c, "==": a === c, "!=": a !== c, "<": a < c, "<=": a <= c, ">": a > c, ">=": a >= c }[
      operator
    ] as boolean;
  }
  const right = field.type === ParamType.IPADDR ? binary(constant) : constant;
  switch (operator) {
    case "=":
    case "==":
      return value === right;
    case "!=":
      return value !== right;
    case "<":
      return value < right;
    case "<=":
      return value <= right;
    case ">":
      return value > right;
    case ">=":
      return value >= right;
    case "contains":
      return value.indexOf(right) >= 0;
    case "icontains":
      return value.toLowerCase().indexOf(right.toLowerCase()) >= 0;
    case "startswith":
      return value.slice(0, right.length) === right;
    case "endswith":
      return right === "" || value.slice(-right.length) === right;
    case "bcontains":
      return value.indexOf(Buffer.from(right, "hex").toString("latin1")) >= 0;
    case "bstartswith":
      return value.indexOf(Buffer.from(right, "hex").toString("latin1")) === 0;
    case "glob":
      return glob(right, value, false);
    case "iglob":
      return glob(right, value, true);
    case "regex":
      return new RegExp(`^(?:${right})$`, "u").test(value);
    default:
      throw new Error(`operator ${operator}`);
  }
}

function single(field: SyntheticField, check: CheckNode, value: string, constants: readonly string[]): boolean {
  const { operator, modifier } = check;
  if (modifier !== null) {
    const held = constants.filter((constant) => scalar(field, operator, value, constant)).length;
    if (modifier === "anyof") return held > 0;
    return modifier === "oneof" ? held === 1 : constants.length > 0 && held === constants.length;
  }
  if (operator === "in" || operator === "intersects")
    return constants.some((constant) => scalar(field, "=", value, constant));
  if (operator === "pmatch") return constants.some((constant) => prefix(constant, value));
  return scalar(field, operator, value, constants[0] as string);
}

function pair(field: SyntheticField, check: CheckNode, value: string, constants: readonly string[]): boolean {
  const { operator, modifier } = check;
  const ends =
    field.address === "port-pair"
      ? [
          String(value.charCodeAt(0) * 256 + value.charCodeAt(1)),
          String(value.charCodeAt(2) * 256 + value.charCodeAt(3)),
        ]
      : [value.slice(0, value.length / 2), value.slice(value.length / 2)];
  if (value === "") return false;
  if (modifier !== null) {
    const held = constants.filter((constant) => pair(field, { ...check, modifier: null }, value, [constant])).length;
    if (modifier === "anyof") return held > 0;
    return modifier === "oneof" ? held === 1 : constants.length > 0 && held === constants.length;
  }
  const one = (end: string): boolean => single(field, check, end, constants);
  return operator === "!=" ? ends.every(one) : ends.some(one);
}

function compareFields(field: SyntheticField, operator: string, left: SyntheticValue, right: SyntheticValue): boolean {
  if (field.list) {
    const items = new Set(right as readonly string[]);
    const all = left as readonly string[];
    return operator === "in" ? all.every((item) => items.has(item)) : all.some((item) => items.has(item));
  }
  if (operator === "in" || operator === "intersects") return String(left) === String(right);
  if (typeof left === "string") return scalar({ ...field, type: ParamType.CHARBUF }, operator, left, String(right));
  return scalar({ ...field, type: ParamType.INT64 }, operator, String(left), String(right));
}

function check(node: CheckNode, event: SyntheticEvent, fields: readonly SyntheticField[]): boolean {
  if (node.left.kind !== "field") throw new Error("transformers are not evaluated here");
  const name = node.left.name;
  const field = fields.find((each) => each.name === name) as SyntheticField;
  const value = event.values[name] ?? null;
  if (value === null || (field.shape === "each" && (value as readonly string[]).length === 0)) return false;
  const { right, operator } = node;
  if (operator === "exists" || right === null) return true;
  if (right.kind === "transform" || right.kind === "field") {
    const from = right.kind === "field" ? right : right.args[0];
    if (from?.kind !== "field") throw new Error("only fields on the right");
    const other = event.values[from.name] ?? null;
    return other !== null && compareFields(field, operator, value, other);
  }
  const constants =
    right.kind === "constant"
      ? [right.text]
      : right.kind === "list"
        ? right.items.map((item) => (item.kind === "constant" ? item.text : ""))
        : [right.name];
  if (field.shape === "each") return (value as readonly string[]).some((each) => single(field, node, each, constants));
  if (field.list) {
    const all = value as readonly string[];
    const one = (item: string): boolean => constants.some((constant) => scalar(field, "=", item, constant));
    return operator === "in" ? all.every(one) : all.some(one);
  }
  if (field.address?.endsWith("-pair")) return pair(field, node, String(value), constants);
  return single(field, node, String(value), constants);
}

/** Whether a condition holds for an event. */
export function evaluate(node: Node, event: SyntheticEvent, fields: readonly SyntheticField[]): boolean {
  switch (node.kind) {
    case "and":
      return node.children.every((child) => evaluate(child, event, fields));
    case "or":
      return node.children.some((child) => evaluate(child, event, fields));
    case "not":
      return !evaluate(node.child, event, fields);
    case "check":
      return check(node, event, fields);
    default:
      throw new Error("unresolved macro");
  }
}
