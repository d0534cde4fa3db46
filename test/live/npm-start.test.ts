// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { cannotWatch } from "./watching.js";

const skip = cannotWatch();

test("npm start: a signal to npm ends the watching in order, and leaves nobody behind", { skip }, async () => {
  const npm = spawn("npm", ["start", "--silent"], { cwd: packageRoot, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  npm.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  while (!text.includes("watching this machine")) await once(npm.stderr, "data");
  const pid = Number(/"pid":(\d+)[^\n]*watching this machine/.exec(text)?.[1]);
  npm.kill("SIGTERM");
  const [code] = await once(npm, "close");
  assert.equal(code, 0, text);
  assert.match(text, /"msg":"watching finished"/);
  assert.throws(() => process.kill(pid, 0), "the watcher is gone");
});
