// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { packageRoot } from "./paths.js";

/** Where figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly peregrine: string;
  /** Short hash, with a "+" where the tree has changes; null without git. */
  readonly commit: string | null;
  /** Load average of the minute before. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cpu: (cpus()[0]?.model ?? "unknown").trim(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    peregrine: packageVersion(),
    commit: commit(),
    load: loadAverage(),
  };
}

function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", packageRoot(), ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "src", "native").trim() !== "";
    return git("rev-parse", "--short", "HEAD").trim() + (changed ? "+" : "");
  } catch {
    return null;
  }
}

function loadAverage(): number {
  try {
    return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
  } catch {
    return Number.NaN;
  }
}
