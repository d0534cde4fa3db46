#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The command. Everything is in src/cli; what is missing on a fresh clone is set up by `npm start`.
import { existsSync } from "node:fs";

// Node answers this signal by opening a debugger's port, through which any user of the machine could take over; those who
// rotate logs send it.
process.on("SIGUSR1", () => {});

const main = new URL("../dist/src/cli/main.js", import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  await run(process.argv.slice(2));
} else {
  process.stderr.write(
    "peregrine is not built yet.\nRun `npm start -- ARGUMENTS` in its folder once, which builds it.\n",
  );
  process.exitCode = 1;
}
