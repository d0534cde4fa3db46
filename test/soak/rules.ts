// SPDX-License-Identifier: Apache-2.0

// npm run soak:rules [-- --seconds 600] [--seed 1] [--show SEED]: random and mutated rules files. --show prints one input.
import { fork } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { busyCapture } from "../e2e/busy-capture.js";
import { packageRoot, sharedFolder } from "../support/shared.js";
import { inputOf, type SoakNews } from "./rules-child.js";

/** Memory that one input may take, and the time: far more than any needs. */
const HEAP_MIB = 1024;
const LONGEST_MS = 60_000;
const LARGEST_FILE = 200_000;

/** Rules files to begin with: those of this repository, and the reference data's where they are there. */
function startingFiles(): string[] {
  const folders = [join(packageRoot, "rules"), join(packageRoot, "examples")];
  if (sharedFolder !== null) folders.push(join(sharedFolder, "data", "rules"));
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(folder, name)),
  );
  return files.filter((file) => readFileSync(file).length < LARGEST_FILE);
}

interface Total {
  inputs: number;
  loaded: number;
  replays: number;
  slowest: number;
  slowestSeed: number;
  readonly codes: Set<string>;
}

/** One child, until the time is over. @returns why it failed; null = it did not */
async function runChild(job: object, until: number, total: Total): Promise<string | null> {
  const script = fileURLToPath(new URL("rules-child.js", import.meta.url));
  const child = fork(script, [JSON.stringify(job)], { execArgv: [`--max-old-space-size=${HEAP_MIB}`] });
  let at = -1;
  let since = performance.now();
  let verdict: string | null = null;
  child.on("message", (news: SoakNews) => {
    const now = performance.now();
    if ("begins" in news) {
      at = news.begins;
      since = now;
      total.inputs++;
    } else if ("replays" in news) {
      total.replays++;
      since = now;
    } else {
      if (news.ok) total.loaded++;
      for (const code of news.codes) total.codes.add(code);
      if (now - since > total.slowest) [total.slowest, total.slowestSeed] = [now - since, at];
    }
  });
  const watch = setInterval(() => {
    const now = performance.now();
    if (now - since > LONGEST_MS) verdict = `input ${at} has not ended after ${LONGEST_MS / 1000} s`;
    if (verdict !== null || now > until) child.kill("SIGKILL");
  }, 100);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once("exit", (status, by) => resolve([status, by]));
  });
  clearInterval(watch);
  if (verdict !== null) return verdict;
  return signal === "SIGKILL" ? null : `input ${at} ended the process: ${code ?? signal}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      seed: { type: "string", default: "1" },
      show: { type: "string" },
    },
  });
  const files = startingFiles();
  if (values.show !== undefined) {
    const texts = files.map((file) => readFileSync(file, "utf8"));
    process.stdout.write(inputOf(Number(values.show), texts));
    return 0;
  }
  const total: Total = { inputs: 0, loaded: 0, replays: 0, slowest: 0, slowestSeed: -1, codes: new Set() };
  const until = performance.now() + Number(values.seconds) * 1000;
  const job = { files, capture: busyCapture(50).toFile(), from: Number(values.seed), step: 1 };
  const failure = await runChild(job, until, total);
  process.stdout.write(
    `soak:rules: ${total.inputs} inputs in ${values.seconds} s: ${total.loaded} loaded, ${total.replays} sets run on a capture, ` +
      `${total.codes.size} codes, slowest ${Math.round(total.slowest)} ms (input ${total.slowestSeed})\n`,
  );
  if (failure === null) return 0;
  process.stdout.write(`soak:rules: failed: ${failure}; --show prints it\n`);
  return 1;
}

process.exitCode = await main();
