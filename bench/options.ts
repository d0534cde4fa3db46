// SPDX-License-Identifier: Apache-2.0

import { parseArgs } from "node:util";

export const PARTS = ["shifted", "unshifted", "gzip", "startup", "sysdig"] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly events: number;
  readonly runs: number;
  readonly parts: ReadonlySet<Part>;
  readonly workers: readonly number[];
  /** Indices of the rule sets, null = all. */
  readonly ruleSets: readonly number[] | null;
  readonly seed: string | null;
  /** Plain repetition of the seed also where shifted captures are the rule. */
  readonly repeatSeed: boolean;
  /** Folder for CPU profiles. */
  readonly profile: string | null;
  /** Whether the run is the whole bench, whose results the documentation shows. */
  readonly whole: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run bench -- [OPTIONS]

Replays a large capture with few and with many rules and 1, 2 and 4 workers, and prints what it costs.

  --quick            2 million events in place of 20 million
  --events N         events at the least
  --runs N           runs of each case; tables show the one with the median CPU time (default 3, quick: 1)
  --only PARTS       some of: ${PARTS.join(",")}
  --workers LIST     default 1,2,4
  --rule-sets LIST   0: few rules, 1: many (default 0,1)
  --seed FILE        the capture to repeat
  --repeat-seed      repeat it byte for byte, without shifting times and ids or renaming
  --profile FOLDER   writes CPU profiles of all threads
`;

function list(text: string, name: string): number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.some((n) => !Number.isSafeInteger(n) || n < 0)) throw new TypeError(`--${name}: whole numbers`);
  return numbers;
}

function positive(text: string, name: string): number {
  const [number, ...more] = list(text, name);
  if (number === undefined || number < 1 || more.length > 0) throw new TypeError(`--${name}: a whole number above 0`);
  return number;
}

/** @throws TypeError with a message for the user */
export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      events: { type: "string" },
      runs: { type: "string" },
      only: { type: "string" },
      workers: { type: "string", default: "1,2,4" },
      "rule-sets": { type: "string" },
      seed: { type: "string" },
      "repeat-seed": { type: "boolean", default: false },
      profile: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const parts = (values.only?.split(",") ?? PARTS) as Part[];
  for (const part of parts) if (!PARTS.includes(part)) throw new TypeError(`--only: ${PARTS.join(", ")}`);
  const workers = list(values.workers, "workers");
  if (workers.some((n) => n < 1)) throw new TypeError("--workers: numbers above 0");
  return {
    events: values.events === undefined ? (values.quick ? 2e6 : 20e6) : positive(values.events, "events"),
    runs: values.runs === undefined ? (values.quick ? 1 : 3) : positive(values.runs, "runs"),
    parts: new Set(parts),
    workers,
    ruleSets: values["rule-sets"] === undefined ? null : list(values["rule-sets"], "rule-sets"),
    seed: values.seed ?? null,
    repeatSeed: values["repeat-seed"],
    profile: values.profile ?? null,
    whole: args.every((arg, i) => arg === "--runs" || args[i - 1] === "--runs" || arg.startsWith("--runs=")),
    help: values.help,
  };
}
