// SPDX-License-Identifier: Apache-2.0
// npm test [-- PART...]: sets up what is missing, then runs the tests whose path holds a PART (all without one).
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { root, say, setUp, testFiles } from "./setup.mjs";

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("-"));
setUp();
const files = testFiles(args.filter((arg) => !arg.startsWith("-")));
if (files.length === 0) {
  say("no test file matches");
  process.exit(1);
}
const reporter = fileURLToPath(new URL("reporter.mjs", import.meta.url));
const result = spawnSync(
  process.execPath,
  [
    "--enable-source-maps",
    "--test",
    `--test-concurrency=${availableParallelism()}`,
    "--test-timeout=300000",
    `--test-reporter=${reporter}`,
    "--test-reporter-destination=stdout",
    ...flags,
    ...files,
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(result.status ?? 1);
