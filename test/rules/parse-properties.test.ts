// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Node } from "../../src/rules/ast.js";
import { ParseError, parseCondition } from "../../src/rules/parse.js";
import { Random } from "../soak/mutate.js";
import { type Reading, readByHand } from "./descent.js";

const CONDITIONS: readonly string[] = [
  "evt.type in (open, openat) and not proc.name = 'a b' or (fd.name startswith /etc and user)",
  'join("-", (fd.name, tolower(proc.name), 12)) contains x or getopt(proc.args, "a:b")["a"] exists',
  "fd.sip = \"::1\" and evt.arg['a b'] != val(fd.name) or proc.aname[2] glob *sh*",
  "not not(a.b exists) and(c)or(not d) and e.f pmatch (/a/b, \"/c d\", '')",
  "a.b >= -1.5e+10 and len(a.b) < 0x1F or b64(toupper(a.b[x])) intersects val(c.d)",
  "proc.name == oneof (a, b) and proc.cmdline contains anyof  shells or proc.name = allof",
  'a.b = "\\x41\\n\\"q\\\\ " and c.d in tolower(e.f) and g.h in macro_name',
  "a.b regex '^[a-z]+$' or a.b iglob x or a.b bcontains 4142 or a.b bstartswith 00 or a.b endswith y",
];

const PIECES = [
  ..." \t\n\r\v\f".split(""),
  ..."( ) [ ] , = == != < <= > >= . \" ' \\ \\x4 \\q \\' \\\" \\\\ # - + 0x 1e+3 5 x.y x_1 é \xa0 \xff".split(" "),
  ..."and or not not( not  exists in intersects pmatch glob contains icontains startswith regex oneof anyof allof".split(
    " ",
  ),
  ..."val( tolower( len( join( getopt( b64( concat( basename( proc.name fd.name[1] a.b 'x y' \"z\"".split(" "),
  " and ",
  " or ",
  " not ",
  " = ",
  " in (",
  " oneof ",
];

function mutated(random: Random): string {
  let text = random.pick(CONDITIONS);
  if (random.below(4) === 0) {
    const from = random.below(text.length);
    text = text.slice(from, from + random.below(60));
  }
  for (let left = random.below(4); left > 0; left--) {
    const at = random.below(text.length + 1);
    const gap = random.pick([0, 0, 1, 1, 2, 5, 20]);
    text = text.slice(0, at) + (random.below(3) === 0 ? "" : random.pick(PIECES)) + text.slice(at + gap);
  }
  return text;
}

function place(range: { readonly start: number; readonly position?: number }): number {
  return range.position ?? range.start;
}

type Part = Exclude<Node, { kind: "check" }> | (Node & { kind: "check" }) | Operand;
type Operand = (Node & { kind: "check" })["left"] | Exclude<(Node & { kind: "check" })["right"], null>;

/** The tree in the form of descent.ts. */
function treeOf(node: Part, inside = false): unknown {
  const at = place(node.range);
  switch (node.kind) {
    case "and":
      return { and: node.children.map((child) => treeOf(child)), at };
    case "or":
      return { or: node.children.map((child) => treeOf(child)), at };
    case "not":
      return { not: treeOf(node.child), at };
    case "identifier":
      return { name: node.name, at };
    case "field":
      return { field: node.name, arg: node.arg, at };
    case "constant":
      return { value: node.text, at };
    case "transform":
      return { transformer: node.name, args: node.args.map((arg) => treeOf(arg, true)), arg: node.arg, at };
    case "list":
      if (inside) return { tuple: node.items.map((item) => treeOf(item)), at };
      return { list: node.items.map((item) => (item.kind === "constant" ? item.text : item)), at };
    case "check": {
      const left = treeOf(node.left);
      if (node.right === null) return { operator: node.operator, left, at };
      const operator = node.modifier === null ? node.operator : `${node.operator} ${node.modifier}`;
      return { operator, right: treeOf(node.right), left, at };
    }
  }
}

function parsed(text: string): Reading {
  try {
    return { tree: treeOf(parseCondition(text)) };
  } catch (error) {
    if (error instanceof ParseError) return { error: error.message, index: error.index };
    throw error;
  }
}

describe("the generated parser and one by hand agree", () => {
  const rounds = Number(process.env["PARSE_ROUNDS"] ?? 20_000);

  it("on conditions", () => {
    for (const text of CONDITIONS) assert.deepEqual(parsed(text), readByHand(text), text);
  });

  it(`on ${rounds} texts made of them: trees, places, messages`, () => {
    const random = new Random(Number(process.env["PARSE_SEED"] ?? 7));
    let accepted = 0;
    for (let i = 0; i < rounds; i++) {
      const text = mutated(random);
      // Whether `and` and `or` are names there, nobody says.
      if (/of[ \t\n\r]+(?:and|or)/.test(text)) continue;
      const expected = readByHand(text);
      if ("tree" in expected) accepted++;
      assert.deepEqual(parsed(text), expected, JSON.stringify(text));
    }
    assert.ok(accepted > rounds / 20, `only ${accepted} are conditions`);
  });
});
