// SPDX-License-Identifier: Apache-2.0

import { STAGES, type Stage } from "./figures.js";
import { type BenchResults, type CaseResult, medianRun } from "./results.js";
import { digits, rate } from "./table.js";

/*
 * The plot of a bench: CPU time an event as bars of stages, events a second as bars, both by rules and workers.
 * Colours are readable on white and on black; text takes the colour of the page it is shown on where that is known.
 */

/** Falco 0.44.1 on this mix and kind of machine: CPU ns an event and events a second, as ranges. */
export const FALCO: readonly {
  readonly rules: number;
  readonly ns: [number, number];
  readonly rate: [number, number];
}[] = [
  { rules: 25, ns: [550, 690], rate: [1.4e6, 1.4e6] },
  { rules: 93, ns: [1800, 2100], rate: [0.47e6, 0.56e6] },
];

const COLOURS: Readonly<Record<Stage, string>> = {
  inflate: "#9467bd",
  read: "#4e79a7",
  state: "#59a14f",
  rules: "#f28e2b",
  other: "#9c9c9c",
};
export const REFERENCE = "#c44e52";
export const WIDTH = 860;
const PANEL = 250;
const LEFT = 64;
const TOP = 48;
const LABELS = 52;
/** What one panel takes up. */
export const PANEL_HEIGHT = PANEL + TOP + LABELS;
const GAP = 12;

export interface Bar {
  readonly label: string;
  readonly sublabels: readonly string[];
  readonly parts: readonly { readonly value: number; readonly colour: string }[];
  readonly text: string;
  /** A range to mark above this bar, and what to call it. */
  readonly reference: { readonly range: [number, number]; readonly text: string } | null;
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function text(x: number, y: number, content: string, style = "", anchor = "middle"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${style}>${escapeXml(content)}</text>`;
}

/** The plot as an SVG document. */
export function plot(results: BenchResults): string {
  const cases = results.cases;
  const height = 2 * PANEL_HEIGHT + 24;
  const title = `Peregrine ${results.machine.peregrine}, ${results.events.toLocaleString("en")} events, ${results.machine.cores} cores, ${results.date}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    legend(cases),
    panel(0, "CPU ns an event, by stage", cases.map(stageBar), digits),
    panel(PANEL_HEIGHT, "events a second", cases.map(rateBar), rate),
    text(WIDTH - 8, height - 8, title, 'fill="#555" font-size="11"', "end"),
    "</svg>",
    "",
  ].join("\n");
}

function label(result: CaseResult): { label: string; sublabels: string[] } {
  const capture = result.capture === "shifted" || result.capture === "given" ? [] : [result.capture];
  return {
    label: `${result.workers} worker${result.workers === 1 ? "" : "s"}`,
    sublabels: [`${result.rules} rules`, ...capture],
  };
}

function stageBar(result: CaseResult): Bar {
  const run = medianRun(result);
  const falco = FALCO.find((f) => f.rules === result.rules);
  return {
    ...label(result),
    parts: STAGES.map((stage) => ({ value: run.stageNs[stage], colour: COLOURS[stage] })),
    text: digits(run.cpuNs),
    reference: falco ? { range: falco.ns, text: falco.ns.join("–") } : null,
  };
}

function rateBar(result: CaseResult): Bar {
  const run = medianRun(result);
  const falco = FALCO.find((f) => f.rules === result.rules);
  return {
    ...label(result),
    parts: [{ value: run.eventsPerSecond, colour: COLOURS.read }],
    text: rate(run.eventsPerSecond),
    reference: falco ? { range: falco.rate, text: rate(falco.rate[1]) } : null,
  };
}

function legend(cases: readonly CaseResult[]): string {
  const stages = STAGES.filter((stage) => cases.some((c) => medianRun(c).stageNs[stage] > 0));
  const items = stages.map((stage, i) => {
    const x = WIDTH - 80 * (stages.length - i) - 8;
    return swatch(x, COLOURS[stage], stage);
  });
  items.push(swatch(WIDTH - 80 * (stages.length + 1) - 48, REFERENCE, "Falco 0.44.1"));
  return items.join("\n");
}

export function swatch(x: number, colour: string, name: string): string {
  return `<rect x="${x}" y="10" width="10" height="10" fill="${colour}"/>${text(x + 14, 19, name, "", "start")}`;
}

/** Bars on a scale that the bars set: a reference beyond it is told in words with an arrow. */
export function panel(y: number, title: string, bars: readonly Bar[], format: (value: number) => string): string {
  const sum = (bar: Bar): number => bar.parts.reduce((total, part) => total + part.value, 0);
  const top = niceCeiling(Math.max(1, ...bars.map(sum)) * 1.12);
  const bottom = y + TOP + PANEL;
  const scale = PANEL / top;
  const slot = (WIDTH - LEFT - 8) / Math.max(1, bars.length);
  const out = [text(8, y + 20, title, 'font-weight="bold"', "start")];
  for (let i = 0; i <= 4; i++) {
    const value = (top * i) / 4;
    const at = bottom - value * scale;
    out.push(`<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    out.push(text(LEFT - 6, at + 4, format(value), 'fill="#555"', "end"));
  }
  bars.forEach((bar, i) => {
    const x = LEFT + i * slot + GAP / 2;
    const width = slot - GAP;
    let at = bottom;
    for (const part of bar.parts) {
      const height = part.value * scale;
      at -= height;
      if (height > 0) {
        out.push(
          `<rect x="${x.toFixed(1)}" y="${at.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${part.colour}"/>`,
        );
      }
    }
    out.push(text(x + width / 2, at - 5, bar.text, 'font-weight="bold"'));
    out.push(text(x + width / 2, bottom + 16, bar.label));
    bar.sublabels.forEach((line, n) => {
      out.push(text(x + width / 2, bottom + 30 + 13 * n, line, 'fill="#555"'));
    });
    if (bar.reference !== null) out.push(reference(bar.reference, x, width, bottom, scale, y + TOP));
  });
  return out.join("\n");
}

function reference(
  mark: NonNullable<Bar["reference"]>,
  x: number,
  width: number,
  bottom: number,
  scale: number,
  top: number,
): string {
  const [low, high] = mark.range;
  const style = `fill="${REFERENCE}" font-size="10"`;
  if (bottom - low * scale < top) return text(x + width / 2, top - 6, `↑ ${mark.text}`, style);
  const y1 = Math.max(top, bottom - high * scale);
  const height = Math.max(2, bottom - low * scale - y1);
  return [
    `<rect x="${(x - 4).toFixed(1)}" y="${y1.toFixed(1)}" width="${(width + 8).toFixed(1)}" height="${height.toFixed(1)}" fill="${REFERENCE}" fill-opacity="0.8"/>`,
    text(x + width / 2, y1 - 4, mark.text, style),
  ].join("\n");
}

/** The next 1, 2, 2.5, 4, 5 or 8 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 4, 5, 8, 10].find((f) => f * power >= value) ?? 10;
  return factor * power;
}
