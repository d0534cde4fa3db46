// SPDX-License-Identifier: Apache-2.0

import type { CheckNode, ConstantNode, FieldNode, ListNode, Node, Right, TransformNode } from "./ast.js";
import { quote } from "./quote.js";

/** Texts that need quotes: those with blanks, `=`, quotes, backslashes or control characters, and the empty one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const NEEDS_QUOTES = /[\s="'\\\x00-\x1f\x7f]|^$/;
/** Beyond these, what a bare text cannot hold, or would read as something else. */
const NOT_BARE = /[(),]|^(?:oneof|anyof|allof)$/;

/**
 * A condition as text: groups in parentheses, blanks around operators, quotes where they are needed.
 * @param exact quotes every text that would not read the same without; otherwise the text is Falco's `condition_compiled`,
 * which leaves the arguments of transformers bare
 */
export function printCondition(node: Node, exact = false): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${node.children.map((child) => printCondition(child, exact)).join(` ${node.kind} `)})`;
    case "not": {
      const child = printCondition(node.child, exact);
      // Two words in a row cancel out when they are read.
      return exact && node.child.kind === "not" ? `not (${child})` : `not ${child}`;
    }
    case "identifier":
      return node.name;
    case "check":
      return printCheck(node, exact);
  }
}

function printCheck(node: CheckNode, exact: boolean): string {
  const left = printOperand(node.left, exact);
  const operator = node.modifier === null ? node.operator : `${node.operator} ${node.modifier}`;
  return node.right === null ? `${left} ${operator}` : `${left} ${operator} ${printRight(node.right, exact)}`;
}

function printRight(right: NonNullable<Right>, exact: boolean): string {
  if (right.kind === "identifier") return right.name;
  if (right.kind === "constant") return printText(right, exact);
  if (right.kind === "list") return printList(right, exact, ", ");
  return printOperand(right, exact);
}

function printText(node: ConstantNode, exact: boolean): string {
  if (node.number) return node.text;
  return NEEDS_QUOTES.test(node.text) || (exact && NOT_BARE.test(node.text)) ? quote(node.text, exact) : node.text;
}

function printList(node: ListNode, exact: boolean, separator: string): string {
  return `(${node.items.map((item) => (item.kind === "constant" ? printText(item, exact) : printOperand(item, exact))).join(separator)})`;
}

/** A field or a transformer as text; see printCondition. */
export function printOperand(node: FieldNode | TransformNode, exact: boolean): string {
  const arg = node.arg === null ? "" : `[${printArgument(node.arg)}]`;
  if (node.kind === "field") return `${node.name}${arg}`;
  const args = node.args.map((child) => {
    if (child.kind === "constant") return exact && !child.number ? quote(child.text) : child.text;
    if (child.kind !== "list") return printOperand(child, exact);
    const items = child.items.map((item) => {
      if (item.kind !== "constant") return printOperand(item, exact);
      return exact && !item.number ? quote(item.text) : item.text;
    });
    return `(${items.join(",")})`;
  });
  return `${node.name}(${args.join(",")})${arg}`;
}

function printArgument(arg: string): string {
  return NEEDS_QUOTES.test(arg) || /[[\]]/.test(arg) ? quote(arg) : arg;
}
