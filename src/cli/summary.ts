// SPDX-License-Identifier: Apache-2.0

import type { ReplayReport, SourceReport } from "../engine/report.js";
import { PRIORITIES } from "../rules/ruleset.js";
import type { LedgerSnapshot } from "../telemetry/ledger.js";
import { columns, grouped } from "./table.js";

/** Events a second, from the first fill on. */
export function eventsPerSecond(report: ReplayReport): number {
  return report.elapsedNs === 0 ? 0 : Math.round(report.ledger.seen / (report.elapsedNs / 1e9));
}

/** A report, with those of its sources where it has several. */
type Report = ReplayReport & { readonly sources?: readonly SourceReport[] };

/** The report as fields of one log line, for programs. */
export function summaryFields(report: Report): object {
  const { ledger } = report;
  return {
    events: report.events,
    eventsPerSecond: eventsPerSecond(report),
    seconds: Number((report.elapsedNs / 1e9).toFixed(3)),
    alerts: report.alerts,
    alertsByPriority: Object.fromEntries(
      PRIORITIES.map((name, i) => [name, report.byPriority[i] ?? 0] as const).filter(([, count]) => count > 0),
    ),
    alertsByRule: Object.fromEntries(report.byRule.map(({ rule, count }) => [rule, count])),
    ledger: ledgerFields(ledger),
    ...(severalSources(report) ? { sources: report.sources?.map(sourceFields) } : {}),
    ...(report.plugins.length === 0 ? {} : { plugins: report.plugins }),
    state: report.state,
    ...(report.deaths === 0 ? {} : { workersReplaced: report.deaths }),
    ...(report.stopped ? { stopped: true } : {}),
  };
}

function severalSources({ sources = [] }: Report): boolean {
  return sources.length > 1;
}

function sourceFields({ name, events, alerts, ledger }: SourceReport): object {
  return { name, events, alerts, ledger: ledgerFields(ledger) };
}

function ledgerFields({ difference: _, ...ledger }: LedgerSnapshot): object {
  return ledger;
}

/** One column of counts a source. */
function sourceTable(sources: readonly SourceReport[]): string {
  const rows = new Map<string, string[]>();
  for (const [place, { ledger }] of sources.entries()) {
    for (const [name, count] of ledgerRows(ledger)) {
      const row = rows.get(name) ?? sources.map(() => "0");
      row[place] = count;
      rows.set(name, row);
    }
  }
  return columns([["", ...sources.map(({ name }) => name)], ...[...rows].map(([name, counts]) => [name, ...counts])]);
}

function ledgerRows(ledger: LedgerSnapshot): string[][] {
  const rows = [
    ["seen", grouped(ledger.seen)],
    ["evaluated", grouped(ledger.evaluated)],
    ["not wanted by any rule", grouped(ledger.notWanted)],
    ["state only", grouped(ledger.stateOnly)],
    ["merged", grouped(ledger.merged)],
  ];
  if (ledger.unknownType > 0) rows.push(["unknown type", grouped(ledger.unknownType)]);
  if (ledger.failed > 0) rows.push(["failed", grouped(ledger.failed)]);
  for (const lost of ledger.lost) rows.push([`lost: ${lost.stage}, ${lost.cause}`, grouped(lost.events)]);
  if (ledger.inFlight > 0) rows.push(["in flight", grouped(ledger.inFlight)]);
  return rows;
}

/** The report as tables, for people. */
export function summaryText(report: Report): string {
  const seconds = (report.elapsedNs / 1e9).toFixed(2);
  const parts = [
    `${grouped(report.events)} events in ${seconds} s, ${grouped(eventsPerSecond(report))} events/s`,
    severalSources(report) ? sourceTable(report.sources ?? []) : columns(ledgerRows(report.ledger)),
    `${grouped(report.alerts)} ${report.alerts === 1 ? "alert" : "alerts"}`,
  ];
  const priorities = PRIORITIES.map((name, i) => [name, report.byPriority[i] ?? 0] as const).filter(([, n]) => n > 0);
  if (priorities.length > 0) {
    parts.push(columns(priorities.map(([name, count]) => [name, grouped(count)])));
    parts.push("by rule");
    const rules = [...report.byRule].sort((a, b) => b.count - a.count);
    parts.push(columns(rules.map(({ rule, count }) => [rule, grouped(count)])));
  }
  return `${parts.join("\n")}\n`;
}

/** `--debug-timing`: when the start-up's steps were over, and what each stage took. */
export function timingText(report: ReplayReport, phases: Readonly<Record<string, number>>): string {
  const steps = Object.entries({ ...phases, ...report.startup })
    .filter(([, at]) => !Number.isNaN(at))
    .sort(([, a], [, b]) => a - b)
    .map(([name, at]) => [name, `${at.toFixed(1)} ms`]);
  const ms = (ns: number) => `${(ns / 1e6).toFixed(1)} ms`;
  const { ingest, workers } = report.stages;
  const stages = [
    ["", "wall", "waiting", "CPU"],
    ["fill", ms(ingest.fillNs), "", ""],
    ["  of which inflate", ms(report.inflateNs), "", ""],
    ["apply", ms(ingest.applyNs), "", ""],
    ["sweep", ms(ingest.sweepNs), "", ""],
    ["ingest thread", "", ms(ingest.waitNs), ms(ingest.cpuNs)],
    ...workers.map((worker, i) => [
      `worker ${i}: evaluate`,
      ms(worker.evaluateNs),
      ms(worker.waitNs),
      ms(worker.cpuNs),
    ]),
    ...workers.map((worker, i) => [`worker ${i}: compile`, ms(worker.compileNs), "", ""]),
  ];
  const { latency } = report;
  const batches = [
    ["batches", grouped(latency.batches)],
    ["p50", `${grouped(latency.p50)} us`],
    ["p99", `${grouped(latency.p99)} us`],
    ["max", `${grouped(latency.max)} us`],
  ];
  return `since the process started\n${columns(steps)}\nstages\n${columns(stages)}\nbatch latency\n${columns(batches)}\n`;
}
