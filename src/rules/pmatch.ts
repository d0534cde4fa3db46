// SPDX-License-Identifier: Apache-2.0

import { fnmatch } from "./fnmatch.js";

/*
 * Path prefixes, component by component: "/a/b" holds for "/a/b" and all below, not for "/a/bc". Empty components do not
 * count, so neither does a leading "/". A component with a glob character is matched by fnmatch against one component.
 * The prefixes form a tree that a path is walked down; as the depth in the tree is the depth in the path, each node is
 * visited at most once.
 */

const SLASH = 47;

interface PrefixNode {
  /** A prefix ends here: everything below matches. */
  end: boolean;
  readonly exact: Map<string, PrefixNode>;
  readonly globs: Map<string, PrefixNode>;
}

function node(): PrefixNode {
  return { end: false, exact: new Map(), globs: new Map() };
}

function components(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** Walks down from `at` with the components of `path` from offset `from` on. */
function walk(at: PrefixNode, path: string, from: number): boolean {
  if (at.end) return true;
  let start = from;
  while (path.charCodeAt(start) === SLASH) start++;
  if (start >= path.length) return false;
  const slash = path.indexOf("/", start);
  const end = slash < 0 ? path.length : slash;
  const part = path.slice(start, end);
  const next = at.exact.get(part);
  if (next !== undefined && walk(next, path, end)) return true;
  for (const [glob, below] of at.globs) {
    if (fnmatch(glob, part, false) && walk(below, path, end)) return true;
  }
  return false;
}

/** A set of path prefixes. */
export class PathPrefixes {
  private readonly root = node();

  constructor(prefixes: readonly string[]) {
    for (const prefix of prefixes) {
      let at = this.root;
      for (const part of components(prefix)) {
        const branches = /[*?[]/.test(part) ? at.globs : at.exact;
        let next = branches.get(part);
        if (next === undefined) {
          next = node();
          branches.set(part, next);
        }
        at = next;
      }
      at.end = true;
    }
  }

  /** Whether `path` is one of the prefixes or lies below one. */
  matches(path: string): boolean {
    return walk(this.root, path, 0);
  }
}
