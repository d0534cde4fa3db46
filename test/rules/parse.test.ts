// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { CheckNode, Node } from "../../src/rules/ast.js";
import { ParseError, parseCondition } from "../../src/rules/parse.js";
import { printCondition } from "../../src/rules/print.js";

function rejection(text: string): ParseError {
  try {
    parseCondition(text);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted: ${text}` });
}

function check(text: string): CheckNode {
  const node = parseCondition(text);
  assert.equal(node.kind, "check");
  return node as CheckNode;
}

describe("precedence and shape", () => {
  const table: readonly (readonly [string, string])[] = [
    ["a", "a"],
    ["  a\t\r\n", "a"],
    ["a and b or c and d", "((a and b) or (c and d))"],
    ["a or b and not c", "(a or (b and not c))"],
    ["a and b and c", "(a and b and c)"],
    ["(a and b) and c", "((a and b) and c)"],
    ["not a and b", "(not a and b)"],
    ["not (a and b)", "not (a and b)"],
    ["not(a)and(not(b))", "(not a and not b)"],
    ["not not a", "a"],
    ["not not not a", "not a"],
    ["not(not a)", "not not a"],
    ["(a)and(b)", "(a and b)"],
    ["a or(b)", "(a or b)"],
    ["((a))", "a"],
    ["notb and not_c", "(notb and not_c)"],
    ["not", "not"],
    ["and", "and"],
    ["a or and", "(a or and)"],
  ];
  for (const [text, printed] of table) {
    it(`${JSON.stringify(text)} is ${printed}`, () => assert.equal(printCondition(parseCondition(text)), printed));
  }
});

describe("words depend on their place", () => {
  const table: readonly (readonly [string, string])[] = [
    ["a.b in(x)", "a.b in (x)"],
    ["a.b existsand c", "(a.b exists and c)"],
    ["a.b inx", "a.b in x"],
    ["a.b pmatch(/a,/b)", "a.b pmatch (/a, /b)"],
    ["a.b<5and c", "(a.b < 5 and c)"],
    ["a.b = in and c.d in (exists, and)", "(a.b = in and c.d in (exists, and))"],
    ["a.b = x.y", "a.b = x.y"],
    ["a.b=5and c", "error"],
    ['a.b="x"and c', "(a.b = x and c)"],
    ["a.b == oneof", "a.b == oneof"],
    ["a.b == oneof and c", "(a.b == oneof and c)"],
    ["(a.b == oneof )", "a.b == oneof"],
    ["a.b == oneof (x, y)", "a.b == oneof (x, y)"],
    ["a.b contains anyof (x)", "a.b contains anyof (x)"],
    ["a.b == oneof_x", "a.b == oneof_x"],
    ["a.b = tolower(c.d)", "a.b = tolower(c.d)"],
    ["a.b = val(c.d[x])", "a.b = val(c.d[x])"],
    ["a.b = tolower", "a.b = tolower"],
    ["tolower(a.b) = x", "tolower(a.b) = x"],
    ['join("-", (a.b, tolower(c.d), "x", 5)) = y', "join(-,(a.b,tolower(c.d),x,5)) = y"],
    ['getopt(a.b, "x:")[x] exists', "getopt(a.b,x:)[x] exists"],
    ['a.b["x y"] exists', 'a.b["x y"] exists'],
    ["a.b[] exists", "error"],
    ["a.b in ()", "a.b in ()"],
  ];
  for (const [text, printed] of table) {
    it(`${text} is ${printed}`, () => {
      if (printed === "error") rejection(text);
      else assert.equal(printCondition(parseCondition(text)), printed);
    });
  }
});

describe("rejections say what was expected, and where", () => {
  const table: readonly (readonly [string, string, number])[] = [
    ["", "filter input string is empty", 0],
    ["  ", "expected a '(' token, a field check, or an identifier", 2],
    ["#a", "expected a '(' token, a field check, or an identifier", 0],
    ["a and", "expected blank or '(' after 'and'", 5],
    ["a andb", "expected blank or '(' after 'and'", 5],
    ["a ornot b", "expected blank or '(' after 'or'", 4],
    ["a and ", "expected a '(' token, a field check, or an identifier", 6],
    ["aand b", "unexpected token after 'aand', expecting 'or', 'and'", 5],
    ["a b", "unexpected token after 'a', expecting 'or', 'and'", 2],
    ["a.b = 'x y' z", "unexpected token after 'x y', expecting 'or', 'and'", 12],
    ["a.b = x)", "unexpected token after 'x', expecting 'or', 'and'", 7],
    ["(a.b = x", "expected a ')' token", 8],
    ["a.b", "expected a valid check operator: one of", 3],
    ["a.b EXISTS", "expected a valid check operator: one of", 4],
    ["a.b containsx", "expected a valid check operator: one of", 4],
    ["a.b contains(x)", "expected a valid check operator: one of", 4],
    ["a.b [x] = y", "expected a valid check operator: one of", 4],
    ["a.b < x", "expected a number value or a field with a valid transformer: ", 6],
    ["a.b = (x)", "expected a string value or a field with a valid transformer: ", 6],
    ["a.b = 'x", "expected a string value or a field with a valid transformer: ", 6],
    ["a.b in 5", "expected a list, an identifier, or a field with a valid transformer: ", 7],
    ["a.b in (x,,y)", "expected a string value", 10],
    ["a.b in (x,)", "expected a string value", 10],
    ["a.b in (tolower(x.y))", "expected a ')' token", 15],
    ["a.b[x = y", "expected a ']' token", 5],
    ["a.b[ x] = y", "expected a valid field argument: a quoted string or a bare string", 4],
    ["a.b = val(x)", "expected a field within 'val' transformer", 10],
    ["a.b = val(val(x.y))", "expected a field within 'val' transformer", 10],
    ["tolower(x) = y", "expected field transformer argument: ", 8],
    ["tolower(x.y = z", "expected a ')' token closing the transformer", 12],
    ['join("-", (x)) = y', "expected transformer list argument: ", 11],
    ["a.b == oneof(x)", "unexpected token after 'oneof', expecting 'or', 'and'", 12],
    ['a.b = "x\\q"', "unsupported string escape sequence: \\q", 11],
    [`a.b = "x\\'"`, `invalid \\' escape in "-quoted string`, 11],
    ['a.b = "\\x4"', "invalid \\x escape", 11],
    ['a.b = "x\\q" and', "unsupported string escape sequence: \\q", 11],
    ['a.b c "x\\q"', "expected a valid check operator: one of", 4],
    ["a or(b) and c", "unexpected token after ')', expecting 'or', 'and'", 8],
    ["(a or(b) and c)", "expected a ')' token", 9],
  ];
  for (const [text, message, index] of table) {
    it(JSON.stringify(text), () => {
      const error = rejection(text);
      assert.equal(error.message.slice(0, message.length), message);
      assert.equal(error.index, index);
    });
  }

  it("counts lines and columns from 1", () => {
    const error = rejection("a and\n  (b or\n c.d = )");
    assert.deepEqual([error.line, error.column], [3, 8]);
  });
});

describe("quoted texts", () => {
  const table: readonly (readonly [string, string])[] = [
    ['"a b"', "a b"],
    ["'a \"b\"'", 'a "b"'],
    ['"a \\"b\\""', 'a "b"'],
    ['"\\b\\f\\n\\r\\t\\\\\\/"', "\b\f\n\r\t\\/"],
    ['"\\x41\\xff"', "A\xff"],
    ['"a\\ "', "a\\"],
    ['""', ""],
  ];
  for (const [token, value] of table) {
    it(token, () => {
      const { right } = check(`a.b = ${token}`);
      assert.equal(right?.kind === "constant" ? right.text : null, value);
    });
  }

  it("do not end behind a backslash, even an escaped one", () => {
    assert.equal(rejection('a.b = "x\\\\"').index, 6);
  });

  it("keep backslashes when bare", () => {
    const { right } = check("a.b = C:\\x\\y");
    assert.equal(right?.kind === "constant" ? right.text : null, "C:\\x\\y");
  });
});

describe("ranges", () => {
  const text = "a.b[1] = x or not (c.d in (y, 'z') and e)";
  const slice = ({ range }: { range: { start: number; end: number } }): string => text.slice(range.start, range.end);
  const root = parseCondition(text) as Extract<Node, { kind: "or" }>;

  it("are those of the text of each node", () => {
    assert.equal(slice(root), text);
    const [first, second] = root.children as [CheckNode, Extract<Node, { kind: "not" }>];
    assert.deepEqual([first, first.left].map(slice), ["a.b[1] = x", "a.b[1]"]);
    assert.equal(slice(second), "not (c.d in (y, 'z') and e)");
    const inner = second.child as Extract<Node, { kind: "and" }>;
    assert.equal(slice(inner), "c.d in (y, 'z') and e");
    const list = (inner.children[0] as CheckNode).right;
    assert.ok(list?.kind === "list");
    assert.deepEqual([list, ...list.items].map(slice), ["(y, 'z')", "y", "'z'"]);
  });

  it("of a modifier that is a text leave its blanks out", () => {
    const { right } = check("a.b =  oneof ");
    assert.deepEqual(right, { kind: "constant", text: "oneof", number: false, range: { start: 7, end: 12 } });
  });
});

describe("limits", () => {
  it("nesting as deep as the limit is read, one level more is not", () => {
    const nested = (depth: number): string => `${"(".repeat(depth)}a${")".repeat(depth)}`;
    assert.equal(parseCondition(nested(199)).kind, "identifier");
    assert.equal(rejection(nested(200)).message, "exceeded max depth limit of 1000");
    assert.equal(rejection(`${"not(".repeat(100_000)}a`).message, "exceeded max depth limit of 1000");
    assert.match(rejection(`${"tolower(".repeat(100_000)}a.b`).message, /max depth/);
  });

  // Time that grows with the square of the number would take minutes.
  it("a hundred thousand terms are read", { timeout: 60_000 }, () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `a.b = x${i}`).join(" or ");
    const node = parseCondition(text);
    assert.equal(node.kind === "or" ? node.children.length : 0, 100_000);
  });

  it("a hundred thousand negations in a row are read", () => {
    assert.equal(parseCondition(`${"not ".repeat(100_001)}a`).kind, "not");
  });
});
