// SPDX-License-Identifier: Apache-2.0

import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's folder: the first that holds a package.json, seen upwards from this file. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("The folder of the peregrine package was not found.");
    folder = parent;
  }
  return folder;
}

/** Where the large captures are kept. */
export function largeCaptures(): string {
  return join(packageRoot(), "bench", "results", "tmp");
}

/** Whether the module with this URL is what Node was started with. */
export function isMain(url: string): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(url);
}
