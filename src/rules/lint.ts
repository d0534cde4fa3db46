// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import type { CheckNode, ConstantNode, Range } from "./ast.js";
import type { LoadWarningCode } from "./diagnostic.js";
import type { Operand, Operands } from "./operand.js";

const DEPRECATED = [
  "evt.dir",
  "evt.latency",
  "evt.latency.s",
  "evt.latency.ns",
  "evt.latency.human",
  "evt.wait_latency",
] as const;

/** Fields that are accepted and never have a value, as the catalog says. Falco says nothing of them. */
const RETIRED: ReadonlySet<string> = new Set(
  CATALOG.filter(({ name, deprecated }) => deprecated && !(DEPRECATED as readonly string[]).includes(name)).map(
    ({ name }) => name,
  ),
);

const UNSAFE_OPERATORS: ReadonlySet<string> = new Set(["=", "==", "!=", "in", "intersects", "pmatch"]);
const TRANSFORMER = /^(?:val|tolower|toupper|b64|basename|len|join|concat|getopt)\(.*\)$/;
/** Anchors and wildcards at the ends, plain characters between: contains, startswith, endswith or = do the same. */
const PLAIN_REGEX = /^\^?(?:\.[*+?])?[^\\^$.[\]|()?*+{}]*(?:\.[*+?])?\$?$/;

/** The deprecated field that an output mentions, one of Falco's anywhere in it; null = none. */
export function deprecatedIn(output: string): string | null {
  const found = DEPRECATED.find((name) => output.includes(name));
  if (found !== undefined) return found;
  for (const [, name = ""] of output.matchAll(/%-?\d*\(?([a-z][\w.]*)/g)) {
    const base = RETIRED.has(name) ? name : name.slice(0, Math.max(name.lastIndexOf("."), 0));
    if (RETIRED.has(base)) return base;
  }
  return null;
}

export function deprecatedMessage(field: string): string {
  if (field === "evt.dir") {
    return "usage of deprecated field 'evt.dir' has been detected: due to the drop of enter events, 'evt.dir = <' always evaluates to true, and 'evt.dir = >' always evaluates to false. The rule expression can be simplified by removing the condition on 'evt.dir'";
  }
  if (RETIRED.has(field)) return `usage of deprecated field '${field}' has been detected: it has no value any more`;
  return `usage of deprecated field '${field}' has been detected: due to the drop of enter events, it has no value any more`;
}

/** What deserves a look in a condition, and where. */
export interface CheckWarning {
  readonly code: LoadWarningCode;
  readonly message: string;
  readonly range: Range;
}

/** What deserves a look in one test of a condition. */
export function* conditionWarnings(node: CheckNode, left: Operand, operands: Operands): Generator<CheckWarning> {
  const { field } = left;
  if (field !== null && ((DEPRECATED as readonly string[]).includes(field.name) || RETIRED.has(field.base))) {
    const name = RETIRED.has(field.base) ? field.base : field.name;
    yield { code: "LOAD_DEPRECATED_ITEM", message: deprecatedMessage(name), range: node.left.range };
  }
  const { right } = node;
  if (right?.kind !== "constant" && right?.kind !== "list") return;
  const constants = right.kind === "list" ? (right.items as readonly ConstantNode[]) : [right];
  yield* unsafeWarnings(node, constants);
  for (const constant of constants) {
    const range = constant.range.start < 0 ? right.range : constant.range;
    const message = constantMessage(node, constant, operands);
    if (message !== null) yield { code: "LOAD_COMPILE_CONDITION", message, range };
  }
}

/** Comparing a field of the old k8s_audit and json plugins with the text that stood for a missing value. */
function isUnsafe(node: CheckNode): boolean {
  if (node.left.kind !== "field" || !/^(?:ka|jevt)\./.test(node.left.name)) return false;
  if (!UNSAFE_OPERATORS.has(node.operator)) return false;
  const { right } = node;
  if (right?.kind === "constant") return right.text === "<NA>";
  return right?.kind === "list" && right.items.some((item) => item.kind === "constant" && item.text === "<NA>");
}

function* unsafeWarnings(node: CheckNode, constants: readonly ConstantNode[]): Generator<CheckWarning> {
  if (!isUnsafe(node)) return;
  const message =
    "comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition. If you need to check for the existence of a field, consider using the 'exists' operator instead.";
  yield { code: "LOAD_UNSAFE_NA_CHECK", message, range: constants[0]?.range ?? node.range };
}

function constantMessage(node: CheckNode, constant: ConstantNode, operands: Operands): string | null {
  const text = constant.text.replace(/[ \t\b\r\n]/g, "");
  if (TRANSFORMER.test(text)) {
    return `'${constant.text}' may be a valid field transformer misused as a const string value`;
  }
  if (/^[a-zA-Z]+[a-zA-Z0-9_]*\./.test(text) && operands.has(text)) {
    return `'${constant.text}' may be a valid field misused as a const string value`;
  }
  if (node.operator === "regex" && PLAIN_REGEX.test(constant.text)) {
    return `regex '${constant.text}' may be optimized with simpler operators such as 'contains', 'startswith', 'endswith' or '='`;
  }
  return null;
}
