// SPDX-License-Identifier: Apache-2.0

import { parseArgs } from "node:util";
import { reportFailure } from "./failure.js";
import { SeedFile } from "./grow/cache.js";
import { defaultSeed } from "./inputs.js";
import { isMain, largeCaptures } from "./paths.js";
import { terminalProgress } from "./progress.js";

const USAGE = `Usage: node bench/grow.js [--seed FILE] [--events N] [--unshifted] [--gzip] [--out FOLDER]

Makes a large capture out of a small one: its header blocks once, then its events again and again with shifted times and
thread ids, a fifth of the paths and command lines renamed. Prints the path of the file.

  --seed FILE    the capture to repeat (default: the bench's own)
  --events N     events at the least (default 20000000); whole repetitions are written
  --unshifted    the same bytes in each repetition
  --gzip         compressed
  --out FOLDER   where files are kept (default: bench/results/tmp)
`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      events: { type: "string", default: "20000000" },
      unshifted: { type: "boolean", default: false },
      gzip: { type: "boolean", default: false },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const events = Number(values.events);
  if (!Number.isSafeInteger(events) || events < 1) throw new TypeError("--events: a whole number above 0");
  const seed = new SeedFile(values.seed ?? (await defaultSeed()));
  const folder = values.out ?? largeCaptures();
  const growth = { events, shifted: !values.unshifted, gzip: values.gzip };
  const grown = await seed.grow(folder, growth, terminalProgress("growing"));
  process.stderr.write(
    `${grown.repetitions} repetitions of ${grown.seedEvents} events: ${grown.events} events. ` +
      `${grown.listedThreadEvents} events of each later repetition belong to threads that its process list does not name.\n`,
  );
  process.stdout.write(`${grown.path}\n`);
  return 0;
}

if (isMain(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
}
