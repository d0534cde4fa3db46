// SPDX-License-Identifier: Apache-2.0
import type { FieldNode, ListNode, Node, Range, Right, TransformNode } from "../../../src/rules/ast.js";
import { ParseError, parseCondition } from "../../../src/rules/parse.js";
import { printCondition } from "../../../src/rules/print.js";
import { type Case, type Check, casesOf, type Suite, text } from "../case.js";
import { canonical } from "../json.js";

const NAME = "libs_filter_parser";

/** Conditions that parse or not, the tree they give, and the text and place of the error. */
export function parserSuite(): Suite {
  return { name: NAME, mode: "all", cases: casesOf(NAME), run };
}

async function run(one: Case): Promise<readonly Check[]> {
  const filter = Buffer.from(text(one.inputs["filter"]), "utf8").toString("latin1");
  const { ast, error, error_pos: place, as_string: printed } = one.expected;
  const checks: Check[] = [];
  let outcome: unknown;
  try {
    const node = parseCondition(filter);
    outcome = treeOf(node, filter);
    if (printed !== undefined) checks.push(compare(`${one.id}#as_string`, printed, printCondition(node), filter));
  } catch (problem) {
    if (!(problem instanceof ParseError)) throw problem;
    outcome = { error: problem.message, pos: [problem.index, problem.line, problem.column] };
  }
  const wanted = ast ?? { error, pos: place };
  // A blank behind a backslash is an escape, a newline is none.
  if (one.expected["also_parses_with_spaces_as_newlines_or_tabs"] === true && !filter.includes("\\ ")) {
    for (const blank of ["\n", "\t"]) {
      const tree = withoutPlaces(treeOf(parseCondition(filter.replaceAll(" ", blank)), filter));
      const want = blanksAs(withoutPlaces(ast), blank);
      checks.push(compare(`${one.id}#with ${JSON.stringify(blank)} as blanks`, want, tree, filter));
    }
  }
  return [
    compare(one.id, withoutPlaces(wanted), withoutPlaces(outcome), filter),
    compare(`${one.id}#places`, wanted, outcome, filter),
    ...checks,
  ];
}

/** Blanks in quoted texts are replaced as those between the words are. */
function blanksAs(tree: unknown, blank: string): unknown {
  if (typeof tree === "string") return tree.replaceAll(" ", blank);
  if (Array.isArray(tree)) return tree.map((item) => blanksAs(item, blank));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, item]) => [key, key === "binary" ? item : blanksAs(item, blank)]),
  );
}

function compare(id: string, want: unknown, got: unknown, filter: string): Check {
  const [a, b] = [canonical(want), canonical(got)];
  return { id, ok: a === b, detail: a === b ? "" : `${filter}\nexpected ${a}\ngot      ${b}` };
}

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (key === "pos" ? [] : [[key, withoutPlaces(item)]])),
  );
}

type AnyNode = Node | Exclude<Right, null> | FieldNode | ListNode | TransformNode;

/** Our tree in the form of the cases. */
function treeOf(node: AnyNode, source: string): unknown {
  const pos = placeOf(node.range, source);
  const inner = (child: AnyNode): unknown => treeOf(child, source);
  switch (node.kind) {
    case "and":
      return { and: node.children.map(inner), pos };
    case "or":
      return { or: node.children.map(inner), pos };
    case "not":
      return { not: inner(node.child), pos };
    case "identifier":
      return { identifier: node.name, pos };
    case "field":
      return { field: node.name, arg: node.arg, pos };
    case "constant":
      return { value: node.text, pos };
    case "list": {
      const constants = node.items.flatMap((item) => (item.kind === "constant" ? [item.text] : []));
      return { list: constants.length === node.items.length ? constants : node.items.map(inner), pos };
    }
    case "transform": {
      const values = node.args.map((item) =>
        item.kind === "list"
          ? { transformer_list: item.items.map(inner), pos: placeOf(item.range, source) }
          : inner(item),
      );
      return { transformer: node.name, arg: node.arg, values, pos };
    }
    case "check": {
      const left = inner(node.left);
      if (node.right === null) return { unary: node.operator, left, pos };
      const operator = node.modifier === null ? node.operator : `${node.operator} ${node.modifier}`;
      // A bare name behind a modifier is a text there; ours stays a name, so that the error can say how to write it.
      const { right } = node;
      const isName = right.kind === "identifier" && node.modifier !== null;
      const value = isName ? { value: right.name, pos: placeOf(right.range, source) } : inner(right);
      return { binary: operator, left, right: value, pos };
    }
  }
}

function placeOf(range: Range, source: string): number[] {
  const at = range.position ?? range.start;
  const before = source.slice(0, at);
  return [at, before.split("\n").length, at - before.lastIndexOf("\n")];
}
