// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "./shared.js";

/** What walk_capture.py finds in a capture. */
export interface Walked {
  readonly blocks: Readonly<Record<string, number>>;
  readonly events: number;
  readonly types: Readonly<Record<string, number>>;
  readonly machines: readonly (readonly [cpus: number, hostname: string])[];
  readonly threads: number;
  readonly fds: number;
  readonly users: number;
  readonly groups: number;
  readonly interfaces: number;
}

/** For `skip`: one line where a program is not installed. */
export function without(program: string): string | false {
  const found = spawnSync(program, ["--version"], { stdio: "ignore" });
  return found.error === undefined && found.status === 0 ? false : `${program} is not installed`;
}

/** Walks captures with a reader that shares no code with Peregrine's. Throws where it finds a byte out of place. */
export function walk(paths: readonly string[], legacy = false): Walked[] {
  const script = join(packageRoot, "test", "support", "walk_capture.py");
  const args = [script, ...(legacy ? ["--legacy"] : []), ...paths];
  const { status, stdout, stderr, error } = spawnSync("python3", args, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(error?.message ?? stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Walked);
}
