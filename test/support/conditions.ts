// SPDX-License-Identifier: Apache-2.0

import fc from "fast-check";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import type { CheckNode, ConstantNode, FieldNode, Modifier, Node, Operator, Right } from "../../src/rules/ast.js";
import type { Rule } from "../../src/rules/ruleset.js";
import { SYNTHETIC, type SyntheticEvent, type SyntheticField, type SyntheticValue } from "./synthetic-fields.js";

/* Random conditions over the synthetic fields, and random events: small pools of values, so that checks often hold. */

const range = { start: 0, end: 0 };

export function field(name: string): FieldNode {
  return { kind: "field", name, arg: null, range };
}

export function constant(text: string, number = false): ConstantNode {
  return { kind: "constant", text, number, range };
}

export function checkOf(name: string, operator: Operator, right: Right, modifier: Modifier | null = null): CheckNode {
  return { kind: "check", left: field(name), operator, modifier, right, range };
}

export function listOf(...texts: readonly string[]): Right {
  return { kind: "list", items: texts.map((text) => constant(text)), range };
}

export function rule(index: number, condition: Node, eventTypes: readonly number[] | null): Rule {
  return {
    index,
    name: `rule ${index}`,
    desc: "",
    priority: 4,
    source: "syscall",
    tags: [],
    condition,
    eventTypes,
    output: "",
  };
}

export const TEXTS = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "B",
  "/a",
  "/a/b",
  "/a/bc",
  "a/b/c",
  "/b",
  "zz",
  "\xe9",
  "open",
  "close",
];
const GLOBS = ["*", "a*", "?", "*b", "/a/*", "*/*", "b", "A?"];
const REGEXES = ["a.*", "[ab]+", "(a|b)?", ".*c", "/a/.+"];
const NUMBERS = ["0", "1", "2", "255", "-1", "300", "9007199254740993"];
const SMALL = [0, 1, 2, 44, 255, -1, 300];
const IPS = ["1.2.3.4", "1.2.3.5", "10.0.0.1", "255.255.255.255"];
const NETS = ["1.2.3.0/24", "1.2.3.5/31", "10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32"];

function packed(address: string): string {
  return String.fromCharCode(...address.split(".").map(Number));
}

function pick<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

const port = (n: number): string => String.fromCharCode(n >> 8, n & 0xff);

/** A value of a field, or null. */
function anyValueOf({ shape, name, list }: SyntheticField): fc.Arbitrary<SyntheticValue> {
  const present: fc.Arbitrary<SyntheticValue> = ((): fc.Arbitrary<SyntheticValue> => {
    switch (name) {
      case "s.pids":
        return fc.array(pick(["1", "2", "-1", "300"]), { maxLength: 4 });
      case "n.byte":
        return pick([0, 1, 44, 255]);
      case "n.wide":
        return pick([0n, 1n, 2n ** 64n - 1n, 9007199254740993n]);
      case "n.port":
        return pick(["0", "1", "2", "300"]);
      case "b.keyed":
        return pick(["true", "false"]);
      case "a.ip":
      case "a.net":
        return pick([...IPS.map(packed), `${"\0".repeat(15)}\x01`]);
      case "a.ips":
      case "a.nets":
        return fc.oneof(
          fc.constant(""),
          fc.tuple(pick(IPS), pick(IPS)).map(([a, b]) => packed(a) + packed(b)),
        );
      case "a.ports":
        return fc.oneof(
          fc.constant(""),
          fc.tuple(pick([0, 1, 2, 300]), pick([1, 2])).map(([a, b]) => port(a) + port(b)),
        );
      case "l.numbers":
        return fc.array(pick(["0", "1", "2", "255"]), { maxLength: 3 });
      default:
        if (list || shape === "each") return fc.array(pick(TEXTS), { maxLength: 3 });
        return shape === "number" ? pick(SMALL) : shape === "bool" ? fc.boolean() : pick(TEXTS);
    }
  })();
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 5, arbitrary: present });
}

export const TYPES = [3, 5, 7, 103];

export const anyEvent: fc.Arbitrary<SyntheticEvent> = fc
  .tuple(
    pick(TYPES),
    fc.record(
      Object.fromEntries(SYNTHETIC.filter(({ name }) => name !== "evt.type").map((f) => [f.name, anyValueOf(f)])),
    ),
  )
  .map(([type, values]) => ({ type, values: { ...values, "evt.type": EVENTS[type]?.name ?? null } }));

const TEXT_OPERATORS: readonly Operator[] = [
  "=",
  "==",
  "!=",
  "contains",
  "icontains",
  "startswith",
  "endswith",
  "<",
  ">=",
];
const NUMBER_OPERATORS: readonly Operator[] = ["=", "==", "!=", "<", "<=", ">", ">="];

/** Constants that fit an operator on a field. */
function constantsOf({ name }: SyntheticField, operator: Operator): readonly string[] {
  if (name === "evt.type") return ["open", "close", "read", "openat", "write"];
  if (name.startsWith("b.")) return ["true", "false"];
  if (name === "a.ip" || name === "a.ips") return IPS;
  if (name === "a.net" || name === "a.nets") return NETS;
  if (name === "a.ports" || name === "n.port") return ["0", "1", "2", "300"];
  if (name.startsWith("n.") || name === "s.pids" || name === "l.numbers") return NUMBERS;
  if (operator === "glob" || operator === "iglob") return GLOBS;
  if (operator === "regex") return REGEXES;
  if (operator === "bcontains" || operator === "bstartswith") return ["61", "2f61", "E9"];
  return TEXTS;
}

function operatorsOf(spec: SyntheticField): readonly Operator[] {
  const { name } = spec;
  if (name === "evt.type" || name.startsWith("b.") || ["a.ip", "a.ips", "a.net", "a.nets"].includes(name))
    return ["=", "!="];
  if (spec.list) return [];
  if (name === "s.bytes") return ["=", "!=", "contains", "startswith", "endswith", "bcontains", "bstartswith"];
  if (name.startsWith("n.") || name === "s.pids" || name === "a.ports") return NUMBER_OPERATORS;
  return [...TEXT_OPERATORS, "glob", "iglob", "regex"];
}

/** Fields that can stand on the right of one. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  "s.name": ["s.path", "s.flags", "s.text", "s.name"],
  "s.text": ["s.name", "s.text"],
  "n.small": ["n.other"],
  "l.names": ["l.names"],
};

function checksOn(spec: SyntheticField): fc.Arbitrary<CheckNode> {
  const name = spec.name;
  const operators = operatorsOf(spec);
  const kinds: fc.Arbitrary<CheckNode>[] = [fc.constant(checkOf(name, "exists", null))];
  const sets = pick<Operator>(["in", "intersects"]);
  kinds.push(
    fc
      .tuple(sets, fc.array(pick(constantsOf(spec, "in")), { maxLength: 6 }))
      .map(([op, items]) => checkOf(name, op, listOf(...items))),
  );
  if (operators.length > 0) {
    const one = pick(operators).chain((op) =>
      pick(constantsOf(spec, op)).map((text) => checkOf(name, op, constant(text))),
    );
    const many = fc
      .tuple(pick<Modifier>(["oneof", "anyof", "allof"]), pick(operators))
      .chain(([modifier, op]) =>
        fc
          .array(pick(constantsOf(spec, op)), { maxLength: 3 })
          .map((items) => checkOf(name, op, listOf(...items), modifier)),
      );
    kinds.push(one, one, one, many);
  }
  if (name.startsWith("s.") && name !== "s.bytes" && name !== "s.pids") {
    kinds.push(
      fc
        .array(pick(["/a", "/", "a/b", "/*/b", "zz"]), { maxLength: 3 })
        .map((items) => checkOf(name, "pmatch", listOf(...items))),
    );
  }
  const peers = PEERS[name];
  if (peers !== undefined) {
    const comparisons: readonly Operator[] = spec.list
      ? ["in", "intersects"]
      : name.startsWith("n.")
        ? NUMBER_OPERATORS
        : [...TEXT_OPERATORS, "in"];
    kinds.push(
      fc
        .tuple(pick(comparisons), pick(peers))
        .map(([op, peer]) =>
          checkOf(name, op, { kind: "transform", name: "val", args: [field(peer)], arg: null, range }),
        ),
    );
  }
  return fc.oneof(...kinds);
}

export const anyCheck: fc.Arbitrary<CheckNode> = pick(SYNTHETIC).chain(checksOn);

/** A condition of some depth. */
export const anyCondition: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyCheck,
    tie("node").map((child): Node => ({ kind: "not", child, range })),
    fc.array(tie("node"), { minLength: 2, maxLength: 5 }).map((children): Node => ({ kind: "and", children, range })),
    fc.array(tie("node"), { minLength: 2, maxLength: 5 }).map((children): Node => ({ kind: "or", children, range })),
  ),
})).node;
