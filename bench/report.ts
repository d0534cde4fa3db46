// SPDX-License-Identifier: Apache-2.0

import { STAGES } from "./figures.js";
import {
  type BenchResults,
  type CaseResult,
  caseName,
  medianRun,
  type PeerResult,
  type ProgramRun,
} from "./results.js";
import { median } from "./stats.js";
import { digits, markdownTable, mib, percent, rate, type Table } from "./table.js";

/** One line a case: the run with the median CPU time. */
export function caseTable(cases: readonly CaseResult[]): Table {
  const inflated = cases.some((c) => c.capture === "gzip");
  const stages = STAGES.filter((stage) => stage !== "inflate" || inflated);
  return {
    head: ["case", "workers", "events/s", "CPU ns", ...stages, "overlap", "peak", "p50", "p99", "max"],
    rows: cases.map((result) => {
      const run = medianRun(result);
      return [
        caseName(result),
        String(result.workers),
        rate(run.eventsPerSecond),
        digits(run.cpuNs),
        ...stages.map((stage) => digits(run.stageNs[stage])),
        percent(run.overlap),
        mib(run.peakBytes),
        ...[run.latencyMs.p50, run.latencyMs.p99, run.latencyMs.max].map((ms) => `${digits(ms)} ms`),
      ];
    }),
  };
}

/** What else a case tells: alerts, memory level, spread over the runs. */
export function detailTable(cases: readonly CaseResult[]): Table {
  return {
    head: [
      "case",
      "workers",
      "evaluated",
      "alerts",
      "memory, first million",
      "last million",
      "other load",
      "CPU ns, all runs",
    ],
    rows: cases.map((result) => {
      const run = medianRun(result);
      return [
        caseName(result),
        String(result.workers),
        percent(run.evaluated / run.events),
        run.alerts.toLocaleString("en"),
        mib(run.firstBytes),
        mib(run.lastBytes),
        digits(run.otherCores),
        result.runs
          .map((r) => digits(r.cpuNs))
          .sort((a, b) => Number(a) - Number(b))
          .join(", "),
      ];
    }),
  };
}

export function peerTable(peer: PeerResult): Table {
  const row = (name: string, runs: readonly ProgramRun[]): string[] => {
    const wall = median(runs.map((run) => run.wallMs));
    const cpu = median(runs.map((run) => run.cpuMs));
    return [
      name,
      rate(peer.events / (wall / 1000)),
      digits((cpu * 1e6) / peer.events),
      `${digits(wall / 1000)} s`,
      String(runs[0]?.lines ?? 0),
    ];
  };
  const ratio = (pick: (run: ProgramRun) => number): string =>
    `${digits(median(peer.peerRuns.map(pick)) / median(peer.peregrineRuns.map(pick)))} x`;
  return {
    head: ["whole program", "events/s", "CPU ns", "wall", "lines"],
    rows: [
      row(peer.peer, peer.peerRuns),
      row("peregrine read", peer.peregrineRuns),
      ["ratio", ratio((run) => run.wallMs), ratio((run) => run.cpuMs), "", ""],
    ],
  };
}

/** The part of docs/performance.md that the bench writes. */
export function resultsMarkdown(results: BenchResults, plot: string): string {
  const { machine } = results;
  const parts = [
    `Measured on ${results.date} with \`${results.command}\` at ${machine.commit ?? "an unknown commit"}: ` +
      `${machine.cores} cores of ${machine.cpu}, ${mib(machine.memoryBytes)}, Linux ${machine.kernel}, Node ${machine.node}; ` +
      `load average before: ${digits(machine.load)}. ` +
      `${results.events.toLocaleString("en")} events, made from ${results.seed} ` +
      `(${results.seedEvents.toLocaleString("en")} events, ${results.listedThreadEvents} of them of threads that the process list names).`,
    "Nanoseconds are CPU time an event of the file, all threads; each line is the run with the median CPU time. " +
      "Other load: cores that other programs kept busy meanwhile.",
    markdownTable(caseTable(results.cases)),
    `![CPU time by stage and events a second](${plot})`,
    markdownTable(detailTable(results.cases)),
  ];
  if (results.startup !== null) {
    const { firstAlertMs } = results.startup;
    parts.push(
      `First alert after a cold start with ${results.startup.rules} on ${results.startup.capture}: ` +
        `${digits(median(firstAlertMs))} ms (median of ${firstAlertMs.length}, slowest ${digits(Math.max(...firstAlertMs))} ms).`,
    );
  }
  if (results.peer !== null) {
    parts.push(
      `${results.peer.peer} and Peregrine in turn on ${results.peer.events.toLocaleString("en")} events made from ` +
        `${results.peer.capture}, filter \`${results.peer.filter}\`, start-up included:`,
      markdownTable(peerTable(results.peer)),
    );
  }
  return parts.join("\n\n");
}

/**
 * Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
 * @throws RangeError where a marker is missing
 */
export function replaceMarked(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new RangeError(`the markers of ${name} are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
