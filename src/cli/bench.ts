// SPDX-License-Identifier: Apache-2.0

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";

/** Options of `peregrine bench`, as commander gives them. */
interface BenchFlags {
  readonly rules: readonly string[];
  readonly capture: string;
  readonly workers: readonly number[];
  readonly events: number;
  readonly runs: number;
  readonly json: boolean;
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("A whole number is wanted.");
  return value;
}

function positive(text: string): number {
  const value = number(text);
  if (value === 0) throw new InvalidArgumentError("A number above 0 is wanted.");
  return value;
}

function workers(text: string): number[] {
  return text.split(",").map(positive);
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/**
 * Adds the subcommand `bench`. It runs in a process of its own (bench/user.ts), which starts a fresh one for each replay:
 * so the figures are those of a fresh start, and this program stays as small as it was.
 * @param exit is given the exit code
 */
export function benchCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("bench")
    .description("measure what your rules cost on a capture: events a second, CPU time by stage, memory, latency")
    .requiredOption("-r, --rules <file>", "rule file (may be given more than once)", collect)
    .requiredOption("-e, --capture <file>", "capture to replay")
    .addOption(
      new Option("--workers <list>", "numbers of workers to try").argParser(workers).default([1, 2, 4], "1,2,4"),
    )
    .option("--events <n>", "events to replay at least: a smaller capture is repeated; 0 = as it is", number, 2_000_000)
    .option("--runs <n>", "runs of each; the one with the median CPU time is shown", positive, 1)
    .option("--json", "all figures as JSON", false)
    .action(async (flags: BenchFlags) => exit(await runBench(flags)));
}

/** Runs the bench. @returns its exit code */
async function runBench(flags: BenchFlags): Promise<number> {
  // From dist/src/cli to dist/bench.
  const script = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bench", "user.js");
  const child = spawn(process.execPath, [script, JSON.stringify(flags)], { stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 1;
}
