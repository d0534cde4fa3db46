// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, sharedFolder } from "./shared.js";

/** Paths of every capture at hand: those of the repository, and those of the reference data where it is there. */
export function allCaptures(): string[] {
  const folders = [join(packageRoot, "examples")];
  if (sharedFolder !== null) folders.push(join(sharedFolder, "data", "captures"));
  return folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".scap"))
          .sort()
          .map((name) => join(folder, name))
      : [],
  );
}
