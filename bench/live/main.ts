// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportFailure } from "../failure.js";
import { describeMachine } from "../machine.js";
import { isMain, largeCaptures, packageRoot } from "../paths.js";
import { note } from "../progress.js";
import { replaceMarked } from "../report.js";
import { textTable } from "../table.js";
import { LOOPS, Loads } from "./loads.js";
import { Bench } from "./measure.js";
import { type LiveOptions, parseLiveOptions, USAGE } from "./options.js";
import { plotLive } from "./plot.js";
import { liveMarkdown, tables } from "./report.js";
import type { LatencyRun, LiveResults, LoopRun, PaceRun } from "./results.js";
import { unwatchable } from "./unwatchable.js";

const LATENCY_RATE = 10_000;

/** Every combination once, then all of them again: what the machine does meanwhile hits all alike. */
async function measure(
  options: LiveOptions,
  bench: Bench,
): Promise<Pick<LiveResults, "loops" | "paces" | "latencies">> {
  const { parts, modes, share, seconds } = options;
  const loops = (parts.has("loops") ? LOOPS : []).flatMap((loop) =>
    modes.map((mode) => ({ loop, mode, runs: [] as LoopRun[] })),
  );
  const paces = (parts.has("pace") ? options.rates : []).map((asked) => ({
    asked,
    threads: options.threads,
    runs: [] as PaceRun[],
  }));
  const latencies = (parts.has("latency") ? modes : [])
    .filter((mode) => mode === "default rules" || mode === "--low-latency")
    .map((mode) => ({ mode, runs: [] as LatencyRun[] }));
  for (let i = 0; i < options.runs; i++) {
    note(`run ${i + 1} of ${options.runs}`);
    for (const { loop, mode, runs } of loops) runs.push(await bench.loop(loop, mode, share));
    for (const { asked, threads, runs } of paces) runs.push(await bench.pace(asked, threads, seconds));
    for (const { mode, runs } of latencies) runs.push(await bench.latency(mode, LATENCY_RATE, 2 * seconds));
  }
  return {
    loops: loops.map(({ loop, mode, runs }) => ({ loop: loop.name, calls: loop.calls, mode, runs })),
    paces,
    latencies,
  };
}

async function main(args: string[]): Promise<number> {
  const options = parseLiveOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const reason = unwatchable();
  if (reason !== null) {
    process.stdout.write(`bench:live: skipped: ${reason}\n`);
    return 0;
  }
  const machine = describeMachine();
  mkdirSync(largeCaptures(), { recursive: true });
  const folder = mkdtempSync(join(largeCaptures(), "live-rules-"));
  const loads = Loads.build();
  try {
    const bench = new Bench(loads, folder);
    const measured = await measure(options, bench);
    const results: LiveResults = {
      date: new Date().toISOString().slice(0, 10),
      command: ["npm run bench:live", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
      machine,
      ...measured,
      latencyRate: LATENCY_RATE,
      firstAlertMs: bench.firstAlertMs,
      stopMs: bench.stopMs,
      disturbed: bench.disturbed,
    };
    process.stdout.write(`${tables(results).map(textTable).join("\n\n")}\n`);
    if (results.disturbed > 0) {
      process.stdout.write(`beside ${results.disturbed} runs another program watched system calls\n`);
    }
    write(results, options.whole);
    return 0;
  } finally {
    loads.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(results: LiveResults, whole: boolean): void {
  const name = whole ? "live" : "live-partial";
  const folder = join(packageRoot(), "bench", "results");
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.svg`), plotLive(results));
  if (!whole) return;
  const document = join(packageRoot(), "docs", "performance.md");
  const text = liveMarkdown(results, `../bench/results/${name}.svg`);
  writeFileSync(document, replaceMarked(readFileSync(document, "utf8"), "bench:live", text));
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
