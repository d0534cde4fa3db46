// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package, found by its package.json from wherever the compiled file stands. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "tsconfig.json"))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package above ${from}`);
  }
}

/**
 * The reference data (captures, rule files, expected results) that is not part of the repository: what PEREGRINE_SHARED
 * names, else the folder `shared` beside the package; null where there is none.
 */
export const sharedFolder: string | null = findShared();

function findShared(): string | null {
  const folder = process.env["PEREGRINE_SHARED"] ?? join(dirname(packageRoot), "shared");
  return existsSync(join(folder, "data")) ? folder : null;
}

/** For `test(name, { skip: withoutShared }, ...)`: one line that says why, or false where the data is there. */
export const withoutShared: string | false =
  sharedFolder === null ? "the reference data (../shared) is not there" : false;

/** A path below the reference data. Throws where there is none: guard with `withoutShared`. */
export function shared(...parts: string[]): string {
  if (sharedFolder === null) throw new Error("the reference data (../shared) is not there");
  return join(sharedFolder, ...parts);
}
