// SPDX-License-Identifier: Apache-2.0

import type { CodeNode } from "./emit.js";

/*
 * Rules begin alike: macros such as "a file was opened for writing" stand first in many. Within one function each such
 * beginning is computed once, where the first rule that has it stands.
 */

/** The tests that a conjunction begins with, and how many rules begin so. */
interface Beginning {
  readonly id: number;
  readonly next: Map<string, Beginning>;
  count: number;
}

/** Where a condition's children are cut: `children[from..end)` are the beginning named `id`, in terms of the one before. */
export interface Cut {
  readonly id: number;
  readonly end: number;
}

/** The tests of which a condition is the conjunction. */
export function conjuncts(node: CodeNode): readonly CodeNode[] {
  return node.kind === "and" ? node.children : [node];
}

function keyOf(node: CodeNode): string {
  switch (node.kind) {
    case "bits":
      return `${node.field}.${node.word}&${node.mask}${node.negated ? "!" : "="}${node.value}`;
    case "atom":
      return `a${node.atom.id}`;
    case "not":
      return `!${keyOf(node.child)}`;
    case "and":
    case "or":
      return `${node.kind}(${node.children.map(keyOf).join(",")})`;
    case "call":
      return `s${node.index}`;
    default:
      return String(node.value);
  }
}

/** Whether a test is one look at one variable, so that remembering it gains nothing. */
function isSmall(node: CodeNode): boolean {
  return node.kind === "bits" || node.kind === "atom" || node.kind === "constant";
}

/** For each condition, the beginnings that it shares with others, shortest first. */
export function sharedBeginnings(conditions: readonly CodeNode[]): Cut[][] {
  let ids = 0;
  const start = (): Beginning => ({ id: ids++, next: new Map(), count: 0 });
  const root = start();
  const paths = conditions.map((condition) => {
    const path: Beginning[] = [];
    let at = root;
    for (const child of conjuncts(condition)) {
      const key = keyOf(child);
      let next = at.next.get(key);
      if (next === undefined) {
        next = start();
        at.next.set(key, next);
      }
      next.count++;
      path.push(next);
      at = next;
    }
    return path;
  });
  return paths.map((path, i) => {
    const children = conjuncts(conditions[i] as CodeNode);
    const cuts: Cut[] = [];
    let from = 0;
    for (const [depth, { id, count }] of path.entries()) {
      if (count < 2) break;
      // A cut is worth making where the rules part ways.
      const parts = path[depth + 1]?.count !== count;
      const gains = depth + 1 - from > 1 || !isSmall(children[depth] as CodeNode);
      if (!parts || !gains) continue;
      cuts.push({ id, end: depth + 1 });
      from = depth + 1;
    }
    return cuts;
  });
}
