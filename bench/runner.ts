// SPDX-License-Identifier: Apache-2.0

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RunAnswer, RunRequest } from "./replay-child.js";

/** A replay that failed, and has said why on stderr. */
export class ReplayFailed extends Error {}

/**
 * Runs one replay in a fresh process.
 * @param profile folder for CPU profiles, one a thread; null: none
 * @throws ReplayFailed
 */
export async function runReplay(request: RunRequest, profile: string | null = null): Promise<RunAnswer> {
  const execArgv = profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = fork(fileURLToPath(new URL("replay-child.js", import.meta.url)), [JSON.stringify(request)], {
    execArgv,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let answer: RunAnswer | null = null;
  child.on("message", (message) => {
    answer = message as RunAnswer;
  });
  await once(child, "close");
  if (answer === null) throw new ReplayFailed(`The replay of ${request.capture} failed.`);
  return answer;
}
