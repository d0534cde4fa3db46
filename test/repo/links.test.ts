// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { filesOf, textOf } from "./scan.js";

const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...filesOf("docs", ".md"),
];

/** Links of a page that stay in the repository: path below its root, and what stands behind `#`. */
function linksOf(page: string): { readonly to: string; readonly anchor: string }[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path, anchor = ""] = target.split("#");
    return [{ to: path === "" ? page : posix.join(posix.dirname(page), path), anchor }];
  });
}

/** Names that a page's headings have as anchors. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

test("links of the documents lead somewhere", () => {
  const dead = pages.flatMap((page) =>
    linksOf(page).flatMap(({ to, anchor }) => {
      const there = existsSync(join(packageRoot, to)) && (anchor === "" || anchorsOf(to).includes(anchor));
      return there ? [] : [`${page}: ${to}#${anchor}`];
    }),
  );
  assert.deepEqual(dead, []);
});

test("every page can be reached from README.md", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const { to } of linksOf(page)) if (to.endsWith(".md")) reached.add(to);
  }
  assert.deepEqual(
    pages.filter((page) => !reached.has(page)),
    [],
  );
});
