// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./paths.js";

/** The folder of test data that stands beside the package, null where there is none. */
export function sharedData(): string | null {
  const shared = process.env["PEREGRINE_SHARED"] ?? join(packageRoot(), "..", "shared");
  const data = join(shared, "data");
  return existsSync(data) ? data : null;
}

/** A file below the test data, null where it is not there. */
export function sharedFile(path: string): string | null {
  const data = sharedData();
  const file = data === null ? null : join(data, path);
  return file !== null && existsSync(file) ? file : null;
}

export function defaultSeed(): string {
  const seed = sharedFile("captures/modern/mixed.scap");
  if (seed === null) throw new Error("no seed");
  return seed;
}
