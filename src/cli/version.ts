// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Version of the rule language that rules may require, as Falco counts it. */
export const RULE_ENGINE_VERSION = "0.63.0";

function packageVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "binding.gyp"))) {
    const parent = dirname(folder);
    if (parent === folder) return "unknown";
    folder = parent;
  }
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return (parsed as { version?: string }).version ?? "unknown";
}

export function versionText(): string {
  return `peregrine ${packageVersion()} (rule engine ${RULE_ENGINE_VERSION}, Node ${process.versions.node})`;
}
