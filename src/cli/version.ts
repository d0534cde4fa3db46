// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.js";

/** Version of the rule language that rules may require, as Falco counts it. */
const RULE_ENGINE_VERSION = "0.63.0";

function packageVersion(): string {
  const folder = packageRoot();
  if (folder === null) return "unknown";
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return (parsed as { version?: string }).version ?? "unknown";
}

export function versionText(): string {
  return `peregrine ${packageVersion()} (rule engine ${RULE_ENGINE_VERSION}, Node ${process.versions.node})`;
}
