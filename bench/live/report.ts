// SPDX-License-Identifier: Apache-2.0

import { median } from "../stats.js";
import { digits, markdownTable, mib, rate, type Table } from "../table.js";
import { loopFigures, memoryFigures } from "./figures.js";
import { FALCO, type LatencyRun, type LiveResults, type PaceRun } from "./results.js";

/** Differences can be below 0 where they are smaller than the machine's moods. */
function ns(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return value < 0 ? `-${digits(-value)} ns` : `${digits(value)} ns`;
}

/** A share that is small, but not nothing, is not shown as 0. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return value === 0 ? "0 %" : `${(value * 100).toFixed(value < 0.01 ? 2 : 1)} %`;
}

export function loopTable(results: LiveResults): Table {
  return {
    head: [
      ...["loop", "watched with", "CPU a round", "added a call", "slow-down", "Falco"],
      ...["Peregrine's CPU an event", "both", "calls/s", "lost"],
    ],
    rows: loopFigures(results).map((figures) => {
      const { result, ratio } = figures;
      return [
        result.loop,
        result.mode === "none" ? "nothing" : result.mode,
        ns(median(result.runs.map((run) => run.cpuNs))),
        ns(figures.addedPerCall),
        Number.isFinite(ratio) ? `x${ratio.toFixed(2)}` : "-",
        result.mode === "default rules" ? (FALCO.loops[result.loop] ?? "") : "",
        ns(figures.perEvent),
        ns(figures.endToEnd),
        rate(figures.callsPerSecond),
        share(figures.lostShare),
      ];
    }),
  };
}

export function paceTable(results: LiveResults): Table {
  return {
    head: ["open/close, calls/s asked for", "threads", "reached", "lost", "Falco lost", "Peregrine's CPU an event"],
    rows: results.paces.map(({ asked, threads, runs }) => {
      const of = (each: (run: PaceRun) => number): number => median(runs.map(each));
      return [
        asked === 0 ? "as many as it makes" : rate(asked),
        String(threads),
        rate(of((run) => run.reached)),
        share(of((run) => run.lost / run.events)),
        FALCO.lost[asked] ?? "",
        ns(of((run) => run.peregrineNs / run.events)),
      ];
    }),
  };
}

export function latencyTable(results: LiveResults): Table {
  return {
    head: ["from the kernel's time stamp to the alert's line", "alerts", "events lost", "p50", "p99", "p99.9", "max"],
    rows: results.latencies.map(({ mode, runs }) => {
      const of = (each: (run: LatencyRun) => number): string => `${digits(median(runs.map(each)))} ms`;
      return [
        mode,
        String(runs.reduce((sum, run) => sum + run.alerts, 0)),
        String(runs.reduce((sum, run) => sum + run.lost, 0)),
        ...[of((run) => run.p50), of((run) => run.p99), of((run) => run.p999), of((run) => run.max)],
      ];
    }),
  };
}

export function otherTable(results: LiveResults): Table {
  const { firstAlertMs, stopMs } = results;
  const { rss, own } = memoryFigures(results);
  const spread = (values: readonly number[]): string =>
    `${digits(median(values))} ms (${digits(Math.min(...values))} to ${digits(Math.max(...values))})`;
  return {
    head: ["", "Peregrine", "Falco"],
    rows: [
      ["from start to first alert", spread(firstAlertMs), FALCO.firstAlert],
      ["from Ctrl-C to the end", spread(stopMs), ""],
      ["resident memory after a loop", mib(rss), FALCO.memory],
      ["of that anonymous and shared", mib(own), ""],
    ],
  };
}

/** The tables that there is something for. */
export function tables(results: LiveResults): Table[] {
  const all = [];
  if (results.loops.length > 0) all.push(loopTable(results));
  if (results.paces.length > 0) all.push(paceTable(results));
  if (results.latencies.length > 0) all.push(latencyTable(results));
  if (results.firstAlertMs.length > 0) all.push(otherTable(results));
  return all;
}

/** The part of docs/performance.md that the bench writes. */
export function liveMarkdown(results: LiveResults, plot: string): string {
  const { machine, disturbed } = results;
  const runs = results.loops[0]?.runs.length ?? 0;
  const where =
    `Measured on ${results.date} with \`${results.command}\` at ${machine.commit ?? "an unknown commit"}: ` +
    `${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}; load average before: ` +
    `${digits(machine.load)}; medians of ${runs} runs in turn.` +
    (disturbed === 0
      ? ""
      : ` Beside ${disturbed} runs another program watched system calls, which slows them down too.`);
  const [loops, ...rest] = tables(results).map(markdownTable);
  return [where, loops, `![Slow-down and CPU time an event](${plot})`, ...rest].join("\n\n");
}
