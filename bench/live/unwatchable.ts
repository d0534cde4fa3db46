// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Why this machine cannot be watched, or the loads cannot be built; null where they can. */
export function unwatchable(): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") return "watching needs Linux on x86_64";
  if (process.getuid?.() !== 0) return "watching needs root";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "watching needs a kernel that describes its types";
  if (spawnSync("gcc", ["--version"]).status !== 0) return "the loads need gcc";
  return null;
}
