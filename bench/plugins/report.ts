// SPDX-License-Identifier: Apache-2.0

import type { Machine } from "../machine.js";
import { median } from "../stats.js";
import { type Bar, escapeXml, PANEL_HEIGHT, panel, text, WIDTH } from "../svg.js";
import { digits, markdownTable, rate, type Table } from "../table.js";
import type { CaseRun } from "./cases.js";

export interface PluginResult {
  readonly plugin: string;
  readonly fields: string;
  readonly workers: number;
  readonly events: number;
  readonly runs: readonly CaseRun[];
}

/** Everything that one `npm run bench:plugins` found. */
export interface PluginResults {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly cases: readonly PluginResult[];
}

const speed = ({ runs }: PluginResult): number => median(runs.map(({ eventsPerSecond }) => eventsPerSecond));
const cost = ({ runs }: PluginResult): number => median(runs.map(({ cpuNs }) => cpuNs));

export function pluginTable({ cases }: PluginResults): Table {
  return {
    head: ["plugin", "fields", "workers", "events/s", "CPU an event"],
    rows: cases.map((one) => [
      one.plugin,
      one.fields,
      String(one.workers),
      rate(speed(one)),
      `${digits(cost(one))} ns`,
    ]),
  };
}

/** The part of docs/performance.md that the bench writes. */
export function pluginMarkdown(results: PluginResults, plot: string): string {
  const { machine, cases } = results;
  const where =
    `Measured on ${results.date} with \`${results.command}\` at ${machine.commit ?? "an unknown commit"}: ` +
    `${machine.cores} cores of ${machine.cpu}, Node ${machine.node}; load average before: ${digits(machine.load)}; ` +
    `medians of ${cases[0]?.runs.length ?? 0} runs in turn.`;
  return [where, markdownTable(pluginTable(results)), `![Events a second of plugins](${plot})`].join("\n\n");
}

const COLOURS: Readonly<Record<string, string>> = {
  TypeScript: "#4e79a7",
  "C, child": "#f28e2b",
  "C, in-process": "#59a14f",
};

export function plotPlugins(results: PluginResults): string {
  const height = PANEL_HEIGHT + 24;
  const title = `Peregrine ${results.machine.peregrine}, plugins, ${results.machine.cores} cores, ${results.date}`;
  const bars = results.cases.map((one): Bar => {
    const workers = `${one.workers} worker${one.workers === 1 ? "" : "s"}`;
    return {
      label: one.plugin,
      sublabels: [one.fields.replace(/, of (300 bytes of )?/, " fields, "), workers],
      parts: [{ value: speed(one), colour: COLOURS[one.plugin] ?? "#9c9c9c" }],
      text: rate(speed(one)),
      reference: null,
    };
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    panel(0, "events a second", bars, rate),
    text(WIDTH - 8, height - 8, title, 'fill="#555" font-size="11"', "end"),
    "</svg>",
    "",
  ].join("\n");
}
