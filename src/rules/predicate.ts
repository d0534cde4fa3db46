// SPDX-License-Identifier: Apache-2.0

import type { AddressKind } from "../fields/field.js";
import type { Modifier } from "./ast.js";
import {
  isMistake,
  type Mistake,
  type Network,
  parseAddress,
  parseBool,
  parseHexBytes,
  parseInteger,
  parseNetwork,
  parsePort,
  type TypeFamily,
} from "./constants.js";
import { addressText, liesIn, pairWidth } from "./net.js";
import { combine, orderTest, type Test, textTest, trimNuls } from "./operators.js";
import { PathPrefixes } from "./pmatch.js";

/** A scalar: text, bytes and addresses as binary strings, numbers of more than 53 bits as bigint. */
export type Scalar = string | number | bigint | boolean;
export type Value = Scalar | readonly string[];

/** What a comparison needs to know of the values it compares. */
export interface Comparable {
  readonly family: TypeFamily;
  /** A ParamType. */
  readonly type: number;
  readonly list: boolean;
  readonly address: AddressKind;
}

/** A comparison with constants, as the condition has it. */
export interface Comparison {
  readonly operator: string;
  readonly modifier: Modifier | null;
  readonly constants: readonly string[];
}

function must<T>(value: T | Mistake): T {
  if (typeof value === "object" && value !== null && isMistake(value)) throw new Error(value.error);
  return value as T;
}

/** The number a decimal text stands for: a number where that is exact. */
export function numberOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) || !/^-?[0-9]+$/.test(text) ? number : BigInt(text);
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Equality of values of one family; only numbers need care: 5 and 5n are the same. */
function same(a: Scalar, b: Scalar): boolean {
  return a === b || (typeof a !== typeof b && a >= b && a <= b);
}

/** A constant in the form in which the family's values come. Throws where it is none. Networks are tests, not values. */
export function constantValue(text: string, of: Comparable, operator: string): Scalar {
  switch (of.family) {
    case "number":
      return exact(must(parseInteger(text, of.type)));
    case "port":
      return must(parsePort(text));
    case "bool":
      return must(parseBool(text));
    case "address":
      return addressText(must(parseAddress(text)));
    case "buffer":
      return operator === "bcontains" || operator === "bstartswith" ? must(parseHexBytes(text)) : text;
    default:
      return text;
  }
}

const NS_PER_MS = 1_000_000n;

function equalTest(of: Comparable, constant: string): Test<Scalar> {
  if (of.family === "network") {
    const network: Network = must(parseNetwork(constant));
    return (value) => liesIn(value as string, network);
  }
  const wanted = constantValue(constant, of, "=");
  if (of.address === "around") return (value) => (value as bigint) <= BigInt(wanted as number | bigint) * NS_PER_MS;
  if (of.family === "string") return (value) => value === wanted || trimNuls(value as string) === wanted;
  if (of.family === "number") return (value) => same(value, wanted);
  return (value) => value === wanted;
}

function inTest(of: Comparable, constants: readonly string[]): Test<Scalar> {
  if (of.family === "network")
    return combine(
      "anyof",
      constants.map((constant) => equalTest(of, constant)),
    );
  const wanted = new Set(constants.map((constant) => constantValue(constant, of, "in")));
  if (of.family === "string") return (value) => wanted.has(value) || wanted.has(trimNuls(value as string));
  if (of.family !== "number") return (value) => wanted.has(value);
  return (value) => wanted.has(typeof value === "bigint" ? exact(value) : value);
}

/** One operator against one constant. */
function scalarTest(of: Comparable, operator: string, constant: string): Test<Scalar> {
  if (operator === "=" || operator === "==") return equalTest(of, constant);
  if (operator === "!=") {
    const equal = equalTest(of, constant);
    return (value) => !equal(value);
  }
  const wanted = constantValue(constant, of, operator);
  const test =
    typeof wanted === "string"
      ? textTest(operator, wanted)
      : typeof wanted === "boolean"
        ? null
        : orderTest(operator, wanted);
  if (test === null) throw new Error(`'${operator}' operator not supported`);
  return test as Test<Scalar>;
}

/** Tests of one endpoint become tests of a pair: of either, or for `!=` of both. */
function pairTest(of: Comparable, comparison: Comparison): Test<Scalar> {
  const port = of.address === "port-pair";
  const single: Comparable = { ...of, address: null };
  const negated = comparison.operator === "!=";
  const operators = negated ? { ...comparison, operator: "=" } : comparison;
  const test = (each: Comparison): Test<Scalar> => {
    const one = scalarOrIn(single, each);
    return (value) => {
      const text = value as string;
      if (port) {
        if (text.length !== 4) return false;
        const source = (text.charCodeAt(0) << 8) | text.charCodeAt(1);
        const target = (text.charCodeAt(2) << 8) | text.charCodeAt(3);
        return (one(source) || one(target)) !== negated;
      }
      const width = pairWidth(text);
      if (width === 0) return false;
      return (one(text.slice(0, width)) || one(text.slice(width))) !== negated;
    };
  };
  if (comparison.modifier === null) return test(operators);
  return combine(
    comparison.modifier,
    comparison.constants.map((constant) => test({ ...operators, modifier: null, constants: [constant] })),
  );
}

function scalarOrIn(of: Comparable, { operator, modifier, constants }: Comparison): Test<Scalar> {
  if (modifier !== null)
    return combine(
      modifier,
      constants.map((constant) => scalarTest(of, operator, constant)),
    );
  if (operator === "in" || operator === "intersects") return inTest(of, constants);
  if (operator === "pmatch") {
    const prefixes = new PathPrefixes(constants);
    return (value) => prefixes.matches(value as string);
  }
  return scalarTest(of, operator, constants[0] ?? "");
}

/** An element of a list as a scalar of the list's family. */
function element(text: string, family: TypeFamily): Scalar {
  if (family === "number" || family === "port") return numberOf(text);
  return family === "bool" ? text === "true" : text;
}

/** A comparison of a value that is there with constants. Throws where a constant is none of the type. */
export function constantTest(of: Comparable, comparison: Comparison): Test<Value> {
  if (!of.list) {
    return (of.address?.endsWith("-pair") ? pairTest(of, comparison) : scalarOrIn(of, comparison)) as Test<Value>;
  }
  const one = inTest(of, comparison.constants);
  const family = of.family;
  const all = comparison.operator === "in";
  return (value) => {
    const items = value as readonly string[];
    for (const item of items) if (one(element(item, family)) !== all) return !all;
    return all;
  };
}

/** A comparison of two values of one type, both there. */
export function valuesTest(of: Comparable, operator: string): (left: Value, right: Value) => boolean {
  if (of.list) {
    const all = operator === "in";
    return (left, right) => {
      const items = new Set(right as readonly string[]);
      for (const item of left as readonly string[]) if (items.has(item) !== all) return !all;
      return all;
    };
  }
  switch (operator) {
    case "=":
    case "==":
    case "in":
    case "intersects":
      return (left, right) => same(left as Scalar, right as Scalar);
    case "!=":
      return (left, right) => !same(left as Scalar, right as Scalar);
    default:
      // The right side changes with each event: nothing to prepare.
      return (left, right) => {
        const test =
          typeof right === "string" ? textTest(operator, right) : orderTest(operator, right as number | bigint);
        return test !== null && (test as Test<Value>)(left);
      };
  }
}
