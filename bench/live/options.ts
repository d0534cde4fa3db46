// SPDX-License-Identifier: Apache-2.0

import { parseArgs } from "node:util";
import { MODES, type Mode } from "./results.js";

export const PARTS = ["loops", "pace", "latency"] as const;
export type Part = (typeof PARTS)[number];

export interface LiveOptions {
  readonly runs: number;
  readonly parts: ReadonlySet<Part>;
  readonly modes: readonly Mode[];
  /** How much of each loop is run. */
  readonly share: number;
  /** How long a rate is held. */
  readonly seconds: number;
  readonly rates: readonly number[];
  readonly threads: number;
  /** Whether the run is the whole bench, whose results the documentation shows. */
  readonly whole: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run bench:live -- [OPTIONS]

Runs loops of system calls with nothing that watches and with Peregrine, in turn, and prints what watching costs, what is
lost at which rate, how late alerts are, and how long start and stop take. Needs root and gcc; about ten minutes.

  --quick            a tenth of each loop, one run
  --runs N           runs of each case; tables show medians (default 5, quick: 1)
  --only PARTS       some of: ${PARTS.join(",")}
  --modes LIST       some of: ${MODES.join(",")}
  --share X          how much of each loop is run (default 1)
  --seconds N        how long each rate is held (default 5; twice that for latencies)
  --rates LIST       system calls a second, 0: as many as it makes (default 310000,446000,640000,0)
  --threads N        threads that make them (default 2)
`;

function numbers(text: string, name: string): number[] {
  const found = text.split(",").map(Number);
  if (found.some((n) => !(n >= 0))) throw new TypeError(`--${name}: numbers`);
  return found;
}

function positive(text: string, name: string): number {
  const [number, ...more] = numbers(text, name);
  if (number === undefined || number === 0 || more.length > 0) throw new TypeError(`--${name}: a number above 0`);
  return number;
}

function some<T extends string>(text: string | undefined, all: readonly T[], name: string): readonly T[] {
  if (text === undefined) return all;
  const wanted = text.split(",");
  const unknown = wanted.find((each) => !all.some((one) => one === each));
  if (unknown !== undefined) throw new TypeError(`--${name}: ${all.join(", ")}`);
  return all.filter((one) => wanted.includes(one));
}

/** @throws TypeError with a message for the user */
export function parseLiveOptions(args: string[]): LiveOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      only: { type: "string" },
      modes: { type: "string" },
      share: { type: "string" },
      seconds: { type: "string" },
      rates: { type: "string", default: "310000,446000,640000,0" },
      threads: { type: "string", default: "2" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { quick } = values;
  return {
    runs: values.runs === undefined ? (quick ? 1 : 5) : positive(values.runs, "runs"),
    parts: new Set(some(values.only, PARTS, "only")),
    modes: some(values.modes, MODES, "modes"),
    share: values.share === undefined ? (quick ? 0.1 : 1) : positive(values.share, "share"),
    seconds: values.seconds === undefined ? (quick ? 1 : 5) : positive(values.seconds, "seconds"),
    rates: numbers(values.rates, "rates"),
    threads: positive(values.threads, "threads"),
    whole: args.every((arg, i) => arg === "--runs" || args[i - 1] === "--runs" || arg.startsWith("--runs=")),
    help: values.help,
  };
}
