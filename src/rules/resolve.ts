// SPDX-License-Identifier: Apache-2.0

import type { CheckNode, Node } from "./ast.js";

/** Levels of a condition after macros are replaced: all that walks it recurses. */
const MAX_DEPTH = 1000;
/** Nodes of a condition, counted as often as they are reached: macros that double themselves reach any number. */
const MAX_NODES = 5_000_000;

/** A condition without identifiers. Parts of it are shared with other conditions. */
export interface Resolved {
  readonly node: Node;
  readonly depth: number;
  readonly size: number;
}

/** Why a condition cannot be resolved; the range is in the text of `owner`. */
export class ResolveError extends Error {
  constructor(
    message: string,
    readonly node: Node,
    /** The name of the macro that does not exist; null for other failures. */
    readonly missing: string | null = null,
  ) {
    super(message);
  }
}

/** Finds a macro by its name, resolved; undefined where there is none that may be seen. */
export type MacroLookup = (name: string, node: Node) => Resolved | undefined;

/** Replaces the identifiers of a condition by macros. */
export function resolveMacros(node: Node, lookup: MacroLookup): Resolved {
  const resolved = resolveNode(node, lookup);
  if (resolved.depth > MAX_DEPTH) throw new ResolveError(`exceeded max depth limit of ${MAX_DEPTH}`, node);
  if (resolved.size > MAX_NODES) throw new ResolveError(`exceeded max size limit of ${MAX_NODES} terms`, node);
  return resolved;
}

function resolveNode(node: Node, lookup: MacroLookup): Resolved {
  switch (node.kind) {
    case "identifier": {
      const macro = lookup(node.name, node);
      if (macro !== undefined) return macro;
      throw new ResolveError(`Undefined macro '${node.name}' used in filter.`, node, node.name);
    }
    case "not": {
      const { node: child, depth, size } = resolveNode(node.child, lookup);
      return { node: child === node.child ? node : { ...node, child }, depth: depth + 1, size: size + 1 };
    }
    case "check":
      return { node: resolveCheck(node), depth: 1, size: 1 };
    default: {
      let depth = 0;
      let size = 1;
      let changed = false;
      const children: Node[] = [];
      for (const child of node.children) {
        const resolved = resolveNode(child, lookup);
        changed ||= resolved.node !== child;
        depth = Math.max(depth, resolved.depth);
        size += resolved.size;
        children.push(resolved.node);
      }
      return { node: changed ? { ...node, children } : node, depth: depth + 1, size };
    }
  }
}

/** A name alone behind a list operator is a list of one text. */
function resolveCheck(node: CheckNode): CheckNode {
  const { right } = node;
  if (right?.kind !== "identifier") return node;
  if (node.modifier !== null) {
    const fix = `write '${node.modifier} (${right.name})'`;
    throw new ResolveError(`'${node.modifier}' must be followed by a list in parentheses: ${fix}`, node);
  }
  const item = { kind: "constant", text: right.name, number: false, range: right.range } as const;
  return { ...node, right: { kind: "list", items: [item], range: right.range } };
}
