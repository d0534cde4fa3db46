// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag, EventType } from "../batch/event-table.generated.js";
import type { FieldResolver } from "../fields/field.js";
import type { Node } from "./ast.js";
import { type Atom, Atoms } from "./atom.js";
import { foldAtom } from "./fold.js";
import type { Rule, RuleSet } from "./ruleset.js";

/** A condition over atoms. */
export type PlanNode =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "atom"; readonly atom: Atom }
  /** Once folded: of an atom. */
  | { readonly kind: "not"; readonly child: PlanNode }
  | { readonly kind: "and" | "or"; readonly children: readonly PlanNode[] };

export interface PlannedRule {
  readonly rule: Rule;
  readonly node: PlanNode;
}

/** The rules that can match on one event type, with what is known of the type folded into their conditions. */
export interface TypePlan {
  /** -1: every type (sources other than syscall). */
  readonly type: number;
  readonly rules: readonly PlannedRule[];
}

/** Types that events can have, for rules that do not say. */
const EVERY_TYPE = EVENTS.filter(({ flags }) => (flags & EventFlag.UNUSED) === 0).map(({ id }) => id);

const TRUE: PlanNode = { kind: "constant", value: true };
const FALSE: PlanNode = { kind: "constant", value: false };

function planNode(node: Node, atoms: Atoms): PlanNode {
  switch (node.kind) {
    case "check":
      return { kind: "atom", atom: atoms.of(node) };
    case "not":
      return { kind: "not", child: planNode(node.child, atoms) };
    case "and":
    case "or":
      return { kind: node.kind, children: node.children.map((child) => planNode(child, atoms)) };
    case "identifier":
      throw new Error(`macro ${node.name} was not resolved`);
  }
}

/**
 * Folds what an event type decides, moves negations down to the atoms and flattens what is nested: the more tests stand
 * side by side, the more of them are one test of a word (see emit.ts).
 */
function foldNode(node: PlanNode, type: number, negated = false): PlanNode {
  switch (node.kind) {
    case "constant":
      return node.value !== negated ? TRUE : FALSE;
    case "atom": {
      const known = foldAtom(node.atom, type);
      if (known !== null) return known !== negated ? TRUE : FALSE;
      return negated ? { kind: "not", child: node } : node;
    }
    case "not":
      return foldNode(node.child, type, !negated);
    default: {
      const kind = (node.kind === "or") === negated ? "and" : "or";
      /** The constant that decides the whole. */
      const decisive = kind === "or";
      const children: PlanNode[] = [];
      for (const each of node.children) {
        const child = foldNode(each, type, negated);
        if (child.kind === "constant") {
          if (child.value === decisive) return child;
        } else if (child.kind === kind) {
          for (const inner of child.children) children.push(inner);
        } else {
          children.push(child);
        }
      }
      if (children.length === 0) return decisive ? FALSE : TRUE;
      return children.length === 1 ? (children[0] as PlanNode) : { kind, children };
    }
  }
}

/** Calls `visit` with every atom of a node, in order, repeated ones again. */
export function eachAtom(node: PlanNode, visit: (atom: Atom) => void): void {
  if (node.kind === "atom") visit(node.atom);
  else if (node.kind === "not") eachAtom(node.child, visit);
  else if (node.kind !== "constant") for (const child of node.children) eachAtom(child, visit);
}

/**
 * The rules of `source`, by event type. System call rules also run on asynchronous events; types on which no rule can
 * match are left out. Throws where a rule names a field that does not exist: rules are checked when they are loaded.
 */
export function planRules(
  ruleSet: RuleSet,
  source: string,
  resolver: FieldResolver,
): { atoms: Atoms; types: TypePlan[] } {
  const atoms = new Atoms(resolver, source);
  const planned: PlannedRule[] = [];
  for (const rule of ruleSet.rules) {
    if (rule.source === source) planned.push({ rule, node: planNode(rule.condition, atoms) });
  }
  const byType = new Map<number, PlannedRule[]>();
  const add = (type: number, { rule, node }: PlannedRule): void => {
    const folded = foldNode(node, type);
    if (folded.kind === "constant" && !folded.value) return;
    const list = byType.get(type);
    if (list === undefined) byType.set(type, [{ rule, node: folded }]);
    else list.push({ rule, node: folded });
  };
  for (const each of planned) {
    if (source !== "syscall") {
      add(-1, each);
      continue;
    }
    const types = new Set(each.rule.eventTypes ?? EVERY_TYPE);
    types.add(EventType.ASYNCEVENT_E);
    for (const type of types) add(type, each);
  }
  const types = [...byType].map(([type, rules]) => ({ type, rules }));
  return { atoms, types: types.sort((a, b) => a.type - b.type) };
}
