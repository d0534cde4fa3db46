// SPDX-License-Identifier: Apache-2.0

// npm run test:kernels [-- SUITE...] [--test live/rules]: the tests of test/live under kernels of other releases of Debian.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { largeCaptures } from "../../bench/paths.js";
import { Guest, missingTools } from "./guest.js";
import { kernelOf } from "./kernel.js";

/** Debian 12, 13 and 12 with the kernel of its backports. */
const SUITES = ["bookworm", "trixie", "bookworm-backports"];
const USAGE = `usage: npm run test:kernels [-- SUITE...] [--test NAME] [--seconds N]

  SUITE        suites of Debian whose newest kernel is booted (${SUITES.join(", ")})
  --test NAME  what runs there, below dist/test (live/events)
  --seconds N  after which a machine that does not end is ended (600)
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      test: { type: "string", default: "live/events" },
      seconds: { type: "string", default: "600" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const missing = process.getuid?.() === 0 ? missingTools() : ["root"];
  if (missing.length > 0) {
    const remedy = "as root: apt-get install qemu-system-x86 busybox-static xz-utils gcc";
    process.stdout.write(`test:kernels: skipped: there is no ${missing.join(", no ")} (${remedy})\n`);
    return 0;
  }
  let failures = 0;
  for (const suite of positionals.length > 0 ? positionals : SUITES) {
    const cache = join(largeCaptures(), "kernels");
    const kernel = await kernelOf(suite, cache);
    const folder = join(cache, suite);
    mkdirSync(folder, { recursive: true });
    const start = performance.now();
    const status = await new Guest(kernel, folder).run(values.test, Number(values.seconds), (line) => {
      if (!Guest.isNoise(line) && line.trim() !== "") process.stdout.write(`${suite}: ${line}\n`);
    });
    const took = `${((performance.now() - start) / 1000).toFixed(0)} s`;
    process.stdout.write(
      `test:kernels: Linux ${kernel.release} (${suite}): ${status === 0 ? "passed" : "failed"} in ${took}\n`,
    );
    if (status !== 0) failures++;
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
