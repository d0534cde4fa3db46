// SPDX-License-Identifier: Apache-2.0

import { ParamType } from "../batch/event-table.generated.js";
import type { CheckNode, ConstantNode, Node, Range } from "./ast.js";
import { isMistake, parseConstant, type TypeFamily, typeFamily } from "./constants.js";
import { eventNames, isEventName, isTypeField } from "./infer.js";
import { type CheckWarning, conditionWarnings } from "./lint.js";
import type { Expanded } from "./lists.js";
import { type Operand, OperandError, type Operands, typeName } from "./operand.js";
import { compileRegex, RegexError } from "./regex.js";
import { suggest } from "./suggest.js";

/** Something wrong with a resolved condition. */
class CheckError extends Error {
  constructor(
    message: string,
    readonly range: Range,
    /** Whether skip-if-unknown-filter excuses it. */
    readonly unknown: boolean,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

export interface CheckOptions {
  readonly operands: Operands;
  readonly source: string;
  /** Whether tests on the event's type must be such that the types can be found by looking at them. */
  readonly typeSearch: boolean;
  /** Names of asynchronous events that plugins declare. */
  readonly asyncNames: ReadonlySet<string>;
  /** Fields to propose where one does not exist. */
  readonly fieldNames: Iterable<string>;
  /** The texts that nodes which came from macros were parsed from. */
  readonly owners: ReadonlyMap<Node, Expanded>;
  readonly warn: (warning: CheckWarning, owner: Expanded) => void;
  /** Takes what is wrong and the text that its range is in. */
  readonly fail: (error: CheckError, owner: Expanded) => void;
}

const EQUALITY = ["=", "==", "!="];
const ORDER = ["<", "<=", ">", ">="];
const MEMBER = ["in", "intersects"];
const OPERATORS: Readonly<Record<TypeFamily, { readonly accepts: ReadonlySet<string>; readonly name: string }>> = {
  string: {
    accepts: new Set([
      ...EQUALITY,
      ...ORDER,
      ...MEMBER,
      ..."contains icontains startswith endswith glob iglob regex pmatch".split(" "),
    ]),
    name: "string",
  },
  buffer: {
    accepts: new Set([...EQUALITY, ...MEMBER, ..."contains startswith endswith bcontains bstartswith".split(" ")]),
    name: "buffer",
  },
  number: { accepts: new Set([...EQUALITY, ...ORDER, ...MEMBER]), name: "numeric" },
  port: { accepts: new Set([...EQUALITY, ...ORDER, ...MEMBER]), name: "numeric" },
  bool: { accepts: new Set([...EQUALITY, ...MEMBER]), name: "numeric" },
  address: { accepts: new Set([...EQUALITY, ...MEMBER]), name: "ip address and network" },
  network: { accepts: new Set([...EQUALITY, ...MEMBER]), name: "ip address and network" },
};

/** Constants of one test that are told to be wrong. */
const MAX_WRONG = 100;

/** Element types of lists that can be compared. */
const LIST_TYPES: ReadonlySet<number> = new Set([
  ParamType.CHARBUF,
  ParamType.FSPATH,
  ParamType.FSRELPATH,
  ParamType.UINT64,
  ParamType.RELTIME,
  ParamType.ABSTIME,
  ParamType.BOOL,
  ParamType.IPADDR,
  ParamType.IPNET,
]);

/**
 * Checks that the fields of a resolved condition exist, that operators fit their types and that constants can be read. Each
 * test is checked, whatever is wrong with those before it.
 * @param owner the text that the condition was parsed from
 */
export function checkCondition(node: Node, owner: Expanded, options: CheckOptions): void {
  const own = options.owners.get(node) ?? owner;
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) checkCondition(child, own, options);
      return;
    case "not":
      checkCondition(node.child, own, options);
      return;
    case "check":
      checkNode(node, own, options);
      return;
    case "identifier":
      throw new Error(`macro ${node.name} was not resolved`);
  }
}

function checkNode(node: CheckNode, owner: Expanded, options: CheckOptions): void {
  try {
    const left = checkTest(node, options, (error) => options.fail(error, owner));
    for (const warning of conditionWarnings(node, left, options.operands)) options.warn(warning, owner);
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    options.fail(error, owner);
  }
}

function operand(node: CheckNode["left"], options: CheckOptions): Operand {
  try {
    return options.operands.of(node);
  } catch (error) {
    if (!(error instanceof OperandError)) throw error;
    const { unknown } = error;
    const hint = unknown === null ? null : suggest(unknown.replace(/\[.*/, ""), options.fieldNames);
    throw new CheckError(error.message, error.node.range, unknown !== null, hint);
  }
}

/** @throws CheckError where what follows cannot be checked; other errors are reported */
function checkTest(node: CheckNode, options: CheckOptions, fail: (error: CheckError) => void): Operand {
  const left = operand(node.left, options);
  if (node.operator === "exists") return left;
  checkOperator(node, left);
  const { right } = node;
  if (right === null || right.kind === "identifier") {
    throw new CheckError("expected a value", node.range, false, null);
  }
  if (right.kind === "field" || right.kind === "transform") checkRightField(node, left, operand(right, options));
  else {
    const constants = right.kind === "list" ? (right.items as readonly ConstantNode[]) : [right];
    const names = options.source === "syscall" && left.field !== null && left.text === "evt.type";
    let wrong = 0;
    for (const constant of constants) {
      const range = constant.range.start < 0 ? right.range : constant.range;
      const error =
        constantError(node, left, constant, range) ?? (names ? eventNameError(constant, range, options) : null);
      if (error === null) continue;
      fail(error);
      // A long list of the wrong kind is wrong in every item.
      if (++wrong === MAX_WRONG) break;
    }
  }
  if (options.typeSearch && options.source === "syscall") checkTypeSearch(node, left);
  return left;
}

function checkOperator(node: CheckNode, left: Operand): void {
  const { operator } = node;
  const fail = (kind: string): CheckError => {
    const message = `filter error: '${operator}' operator not supported for ${kind} filters`;
    return new CheckError(message, node.range, false, null);
  };
  if (left.list) {
    if (!LIST_TYPES.has(left.type) || !MEMBER.includes(operator)) throw fail("list");
    return;
  }
  // evt.rawarg has the type of whatever argument there is.
  if (left.type === ParamType.DYN) return;
  const family = typeFamily(left.type);
  if (family === undefined) throw fail(typeName(left.type));
  const { accepts, name } = OPERATORS[family];
  if (!accepts.has(operator)) throw fail(name);
  const address = family === "address" || family === "network";
  if (node.modifier !== null && address && !EQUALITY.includes(operator)) throw fail(name);
  if (left.field?.base === "evt.around" && operator !== "=" && operator !== "==") {
    throw new CheckError("field 'evt.around' supports only the comparison operator '='", node.range, false, null);
  }
}

function checkRightField(node: CheckNode, left: Operand, right: Operand): void {
  const fail = (message: string): CheckError => new CheckError(message, node.range, false, null);
  if (node.operator === "pmatch" || node.operator === "regex") {
    throw fail(`filter error: '${node.operator}' operator does not support a field on the right`);
  }
  if (typeFamily(left.type) === "network") {
    throw fail("filter error: network filters do not support a field on the right");
  }
  for (const side of [left, right]) {
    if (side.field?.flags.includes("EPF_NO_RHS")) {
      throw fail(`field '${side.text}' does not support comparisons with another field`);
    }
  }
  // A list on the right is a set, as a list of constants is.
  const set = MEMBER.includes(node.operator) && right.list && !left.list;
  if (left.type !== right.type || (left.list !== right.list && !set)) {
    const type = (side: Operand): string => `${typeName(side.type)}${side.list ? " list" : ""}`;
    throw fail(
      `field '${left.text}' has type '${type(left)}' while the right-hand side field '${right.text}' has incompatible type '${type(right)}'`,
    );
  }
}

function constantError(node: CheckNode, left: Operand, constant: ConstantNode, range: Range): CheckError | null {
  if (left.type === ParamType.DYN) return null;
  const value = parseConstant(constant.text, left.type, node.operator);
  if (isMistake(value)) return new CheckError(value.error, range, false, null);
  if (node.operator !== "regex") return null;
  try {
    compileRegex(constant.text);
    return null;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return new CheckError(`invalid regex pattern: ${error.message}`, range, false, null);
  }
}

function eventNameError({ text }: ConstantNode, range: Range, options: CheckOptions): CheckError | null {
  if (isEventName(text, options.asyncNames)) return null;
  return new CheckError(`unknown event type ${text}`, range, true, suggest(text, eventNames()));
}

/** The event types of a rule are found by looking at these tests, so they must be plain. */
function checkTypeSearch(node: CheckNode, left: Operand): void {
  const plain = node.left.kind === "field" ? node.left : node.left.args[0];
  if (plain?.kind !== "field" || !isTypeField(plain.name)) return;
  const { operator, right } = node;
  if (!EQUALITY.includes(operator) && operator !== "in") return;
  if (left.field === null) {
    const message = `'${plain.name}' with transformers is not supported by event code search`;
    throw new CheckError(message, node.range, false, null);
  }
  if (right?.kind === "field" || right?.kind === "transform") {
    const message = `'${plain.name}' compared with a field is not supported by event code search`;
    throw new CheckError(message, node.range, false, null);
  }
}
