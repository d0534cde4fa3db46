// SPDX-License-Identifier: Apache-2.0

import type { CheckNode, ConstantNode, Node, Right } from "./ast.js";
import { type Expanded, hasMark, type Lists, markOf, type ResolvedList } from "./lists.js";
import { ParseError, parseCondition } from "./parse.js";
import type { Text } from "./text.js";

/** A condition that was read, and the text its ranges point into. */
export interface ParsedText {
  readonly node: Node;
  readonly expanded: Expanded;
}

/** A condition that could not be read. */
export interface RejectedText {
  readonly error: ParseError;
  readonly expanded: Expanded;
}

/** Expands the lists of a condition and parses it. */
export function parseText(text: Text, lists: Lists): ParsedText | RejectedText {
  if (!hasMark(text.value)) {
    const expanded = lists.expand(text, true);
    const node = tryMarked(expanded);
    if (node !== null) return { node, expanded };
  }
  const expanded = lists.expand(text, false);
  try {
    return { node: parseCondition(expanded.value), expanded };
  } catch (error) {
    if (error instanceof ParseError) return { error, expanded };
    throw error;
  }
}

/** Every file that is read compiles all conditions again, most of them unchanged. */
const parsed = new Map<string, Node>();

function parseOnce(text: string): Node {
  let node = parsed.get(text);
  if (node === undefined) {
    node = parseCondition(text);
    parsed.set(text, node);
  }
  return node;
}

/** Forgets conditions that were read; they are of no use once all files are loaded. */
export function forgetParsed(): void {
  parsed.clear();
}

function tryMarked(expanded: Expanded): Node | null {
  try {
    const node = parseOnce(expanded.value);
    return expanded.marks.length === 0 ? node : replaceMarks(node, expanded.marks);
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}

/** The node with items in place of marks; null where a mark stands where its items would not read the same. */
function replaceMarks(node: Node, marks: readonly ResolvedList[]): Node | null {
  switch (node.kind) {
    case "and":
    case "or": {
      const children: Node[] = [];
      for (const child of node.children) {
        const replaced = replaceMarks(child, marks);
        if (replaced === null) return null;
        children.push(replaced);
      }
      return { ...node, children };
    }
    case "not": {
      const child = replaceMarks(node.child, marks);
      return child === null ? null : { ...node, child };
    }
    case "check":
      return replaceInCheck(node, marks);
    default:
      return node;
  }
}

function replaceInCheck(node: CheckNode, marks: readonly ResolvedList[]): CheckNode | null {
  if (hasMarkIn(node.left)) return null;
  const right = replaceInRight(node.right, marks);
  return right === undefined ? null : { ...node, right };
}

function replaceInRight(right: Right, marks: readonly ResolvedList[]): Right | undefined {
  if (right?.kind === "constant") {
    const list = marks[markOf(right.text)];
    if (list === undefined) return hasMark(right.text) ? undefined : right;
    const only = list.nodes?.length === 1 ? list.nodes[0] : undefined;
    return only === undefined ? undefined : { ...only, range: right.range };
  }
  if (right?.kind !== "list") return right !== null && hasMarkIn(right) ? undefined : right;
  let items: ConstantNode[] = [];
  for (const item of right.items as readonly ConstantNode[]) {
    const list = marks[markOf(item.text)];
    if (list?.nodes != null) items = items.length === 0 ? [...list.nodes] : items.concat(list.nodes);
    else if (hasMark(item.text)) return undefined;
    else items.push(item);
  }
  return { ...right, items };
}

function hasMarkIn(node: object): boolean {
  const part = node as { text?: string; arg?: string | null; args?: object[]; items?: object[] };
  if (hasMark(part.text ?? "") || hasMark(part.arg ?? "")) return true;
  return (part.args ?? part.items ?? []).some(hasMarkIn);
}
