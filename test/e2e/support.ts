// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type ReplayOptions, replay } from "../../src/engine/replay.js";
import type { ReplayReport } from "../../src/engine/report.js";
import { startThreads, type Threads } from "../../src/engine/threads.js";
import { resolveField } from "../../src/fields/registry.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import type { RuleSet } from "../../src/rules/ruleset.js";

/** Rules from YAML text; fails the test where it has errors. */
export function rulesOf(text: string, matching: "first" | "all" = "first"): RuleSet {
  const result = loadRules([{ path: "test.yaml", content: text }], { resolver: resolveField, matching });
  assert.ok(result.ok, formatDiagnostics(result.diagnostics));
  return result.ruleSet;
}

const pools = new Map<number, Threads>();

/** Ends the threads that the runs of a test file shared. */
export async function closeThreads(): Promise<void> {
  await Promise.all([...pools.values()].map((threads) => threads.close()));
  pools.clear();
}

export const JSON_ALERTS = {
  kind: "json",
  hostname: "test",
  includeOutput: true,
  includeTags: true,
  includeMessage: false,
  includeOutputFields: true,
  iso8601: false,
} as const;

/** Replays a capture file with `workers` threads that are kept for the next run. */
export async function run(
  capture: string,
  rules: RuleSet,
  workers: number,
  options: Partial<ReplayOptions> = {},
): Promise<{ output: string; report: ReplayReport }> {
  let threads = pools.get(workers);
  if (threads === undefined) {
    threads = startThreads(workers);
    pools.set(workers, threads);
  }
  const chunks: string[] = [];
  const report = await replay({
    capture,
    rules,
    encoder: JSON_ALERTS,
    hostRoot: null,
    sink: (chunk) => {
      chunks.push(chunk.toString());
    },
    threads,
    ...options,
  });
  return { output: chunks.join(""), report };
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = new URL("../../src/cli/main.js", import.meta.url).href;

/** Runs the command in a process of its own. */
export async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  during: (child: ReturnType<typeof spawn>) => void = () => {},
): Promise<CommandResult> {
  const program = `const { main } = await import(${JSON.stringify(MAIN)}); await main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, "--", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TZ: "UTC", FALCO_HOSTNAME: "test", ...env },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  during(child);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** The lines of the log that are JSON objects with `key`. */
export function logLines(stderr: string, key: string): Record<string, unknown>[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((entry) => key in entry);
}
