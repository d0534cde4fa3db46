// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageRoot } from "../support/shared.js";

/** One import of a source file: `to` is a path below the package root, or a package's name. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Contents of a file of the repository, by its path below the root. */
export function textOf(path: string): string {
  return readFileSync(join(packageRoot, path), "utf8");
}

/** Files below a folder of the repository whose names end so, as sorted paths below the root. */
export function filesOf(folder: string, ...endings: readonly string[]): string[] {
  if (!existsSync(join(packageRoot, folder))) return [];
  const found: string[] = [];
  for (const entry of readdirSync(join(packageRoot, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesOf(path, ...endings));
    else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(path);
  }
  return found.sort();
}

export function isGenerated(path: string): boolean {
  return path.includes("/generated/") || path.includes(".generated.");
}

const STATEMENT = /\b(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?"([^"]+)"/g;
const CALL = /\bimport\(\s*"([^"]+)"\s*\)/g;
const THREAD = /new URL\(\s*"([^"]+\.js)"\s*,\s*import\.meta\.url\s*\)/g;

/**
 * Imports of a TypeScript file: statements, `import("...")`, and files that are started as threads. Reads the text with
 * three patterns: comments are cut out first, and the house style leaves no other way to write an import.
 */
export function importsOf(path: string): Import[] {
  return importsIn(path, textOf(path));
}

/** The same of a text that would stand at `path`. */
export function importsIn(path: string, source: string): Import[] {
  // Comments become blanks of the same length, so that line numbers stay right.
  const text = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, " "));
  const found: Import[] = [];
  const add = (index: number, target: string, typeOnly: boolean): void => {
    const line = text.slice(0, index).split("\n").length;
    found.push({ from: path, line, to: resolveImport(path, target), typeOnly });
  };
  for (const match of text.matchAll(STATEMENT)) add(match.index, match[2] ?? "", match[1] !== undefined);
  for (const match of text.matchAll(CALL)) add(match.index, match[1] ?? "", false);
  for (const match of text.matchAll(THREAD)) add(match.index, match[1] ?? "", false);
  return found;
}

function resolveImport(from: string, target: string): string {
  if (!target.startsWith(".")) return target;
  return posix.join(posix.dirname(from), target).replace(/\.js$/, ".ts");
}

/** True for Node's modules and packages. */
export function isExternal(i: Import): boolean {
  return !i.to.startsWith("src/");
}

export interface PackageJson {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The repository's own file, written by us: its shape is known. */
export function packageJson(): PackageJson {
  return JSON.parse(textOf("package.json")) as PackageJson;
}
