// SPDX-License-Identifier: Apache-2.0

import { fork, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DEFAULT_ALERT_OPTIONS } from "../../src/alerts/options.js";
import { replay } from "../../src/engine/replay.js";
import type { ReplayReport } from "../../src/engine/report.js";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { reportFailure } from "../failure.js";
import { defaultSeed } from "../inputs.js";
import { loadRuleSet } from "../load-rules.js";
import { ownMemory } from "../memory.js";
import { packageRoot } from "../paths.js";

const USAGE = `Usage: npm run soak:state -- [--events N] [--seed FILE] [--rules FILE] [--workers N]

Replays a capture that never ends: a seed's events again and again, with shifted times and ids and other names, through a
pipe, 100 million of them (--events N). Prints memory on the way; it is an error if it grows in the second half, if events
were lost or if anything found no place in the tables.
`;

const POINTS = 20;
const POLL_MS = 100;
/** What memory may grow by in the second half: pages that are touched for the first time, the garbage collector's mood. */
const TOLERANCE = 1.05;
/** What a thread takes that the seed leaves alive at the end of each repetition, with its part of the table of ids. */
const THREAD_BYTES = 10 << 10;
const MIB = 1 << 20;

interface Sample {
  readonly seen: number;
  readonly bytes: number;
}

const million = (count: number): string => `${(count / 1e6).toFixed(1)} M`;

/** What must not have happened. */
function troubles(report: ReplayReport, samples: readonly Sample[], events: number): string[] {
  const { ledger, state, dictionary, failure } = report;
  const found = failure === null ? [] : [`the capture is bad: ${failure.message}`];
  const lost = ledger.lost.reduce((sum, entry) => sum + entry.events, 0);
  if (lost > 0) found.push(`${lost} events lost`);
  if (ledger.failed > 0) found.push(`${ledger.failed} events failed`);
  if (ledger.difference !== 0) found.push(`the ledger is off by ${ledger.difference}`);
  if (dictionary.lost > 0) found.push(`${dictionary.lost} strings found no place`);
  for (const counter of ["refusedThreads", "refusedFds", "exhaustedRows", "lostLookups"]) {
    if ((state[counter] ?? 0) > 0) found.push(`${counter}: ${state[counter]}`);
  }
  if (ledger.seen < events) found.push(`only ${ledger.seen} events were read`);
  const peak = (from: number, to: number): number =>
    Math.max(...samples.filter(({ seen }) => seen >= from * events && seen <= to * events).map(({ bytes }) => bytes));
  const [before, behind] = [peak(0.25, 0.5), peak(0.5, 1)];
  const alive = ((state["threads"] ?? 0) / 2) * THREAD_BYTES;
  if (behind > before * TOLERANCE + alive) {
    found.push(
      `memory grew: ${(before / MIB).toFixed(0)} MiB in the second quarter, ${(behind / MIB).toFixed(0)} MiB later`,
    );
  }
  return found;
}

async function soak(pipe: string, rules: string, workers: number, events: number): Promise<number> {
  const samples: Sample[] = [];
  let ledger: Ledger | null = null;
  let next = 0;
  const look = (): void => {
    const seen = ledger?.snapshot().seen ?? 0;
    if (seen < next) return;
    samples.push({ seen, bytes: ownMemory() });
    next = (Math.floor((seen / events) * POINTS) + 1) * (events / POINTS);
    process.stdout.write(`${million(seen).padStart(10)}  ${(ownMemory() / MIB).toFixed(1).padStart(8)} MiB\n`);
  };
  const timer = setInterval(look, POLL_MS);
  const report = await replay({
    capture: pipe,
    rules: loadRuleSet([rules], false),
    encoder: { kind: "json", hostname: "soak", ...DEFAULT_ALERT_OPTIONS },
    sink: () => {},
    workers,
    hostRoot: null,
    onLedger: (given) => {
      ledger = given;
    },
  });
  clearInterval(timer);
  samples.push({ seen: report.ledger.seen, bytes: ownMemory() });
  const seconds = report.elapsedNs / 1e9;
  process.stdout.write(
    `${million(report.ledger.seen)} events in ${seconds.toFixed(0)} s, ${million(report.ledger.seen / seconds)}/s, ` +
      `${report.alerts} alerts; state: ${JSON.stringify(report.state)}, dictionary: ${JSON.stringify(report.dictionary)}\n`,
  );
  const found = troubles(report, samples, events);
  for (const line of found) process.stderr.write(`soak: ${line}\n`);
  if (found.length === 0) process.stdout.write("memory is level\n");
  return found.length === 0 ? 0 : 1;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: "string", default: "100000000" },
      seed: { type: "string" },
      rules: { type: "string", default: join(packageRoot(), "rules", "peregrine_rules.yaml") },
      workers: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [events, workers] = [Number(values.events), Number(values.workers)];
  if (!Number.isSafeInteger(events) || events < 1) throw new TypeError("--events: a whole number above 0");
  if (!Number.isSafeInteger(workers) || workers < 1) throw new TypeError("--workers: a whole number above 0");
  const folder = mkdtempSync(join(tmpdir(), "peregrine-soak-"));
  const pipe = join(folder, "events.scap");
  try {
    const made = spawnSync("mkfifo", [pipe]);
    if (made.status !== 0) throw new Error("no pipe can be made: mkfifo is missing");
    const feed = fork(fileURLToPath(new URL("feed.js", import.meta.url)), [
      pipe,
      values.seed ?? (await defaultSeed()),
      String(events),
    ]);
    try {
      return await soak(pipe, values.rules, workers, events);
    } finally {
      feed.kill();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
