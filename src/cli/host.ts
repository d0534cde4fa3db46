// SPDX-License-Identifier: Apache-2.0

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Workers if none are asked for: ingest keeps one core busy, the workers have the others. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Folder whose etc/passwd and etc/group name users and groups: that of HOST_ROOT, as in a container, or the root. */
export function hostRoot(): string {
  return process.env["HOST_ROOT"] || "/";
}

/** A file that comes with Peregrine: below the nearest folder above this one that has a package.json. */
function ownFile(...parts: readonly string[]): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, ...parts);
}

export function defaultRules(): string {
  return ownFile("rules", "peregrine_rules.yaml");
}

/** A capture that Peregrine recorded, for machines that cannot be watched. */
export function exampleCapture(): string {
  return ownFile("examples", "recorded.scap");
}
