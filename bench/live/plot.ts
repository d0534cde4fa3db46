// SPDX-License-Identifier: Apache-2.0

import { type Bar, escapeXml, PANEL_HEIGHT, panel, REFERENCE, swatch, text, WIDTH } from "../svg.js";
import { digits } from "../table.js";
import { type LoopFigures, loopFigures } from "./figures.js";
import { FALCO, type LiveResults, type Mode } from "./results.js";

/*
 * The plot of a live bench: how much slower loops are, and what an event costs: in the loop, and in Peregrine.
 */

const COLOURS: Readonly<Record<Mode, string>> = {
  none: "#9c9c9c",
  "default rules": "#4e79a7",
  "--low-latency": "#f28e2b",
  "every event": "#59a14f",
};
const IN_LOOP = "#9c9c9c";

export function plotLive(results: LiveResults): string {
  const figures = loopFigures(results).filter(({ ratio }) => Number.isFinite(ratio));
  const height = 2 * PANEL_HEIGHT + 24;
  const title = `Peregrine ${results.machine.peregrine} watching, ${results.machine.cores} cores, ${results.date}`;
  const each = figures.filter(({ result }) => result.loop !== "vfork+exec");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    swatch(WIDTH - 120, REFERENCE, "Falco 0.44.1"),
    panel(0, "slow-down of the loop", figures.map(slowDown), (value) => `x${value.toFixed(2)}`),
    panel(PANEL_HEIGHT, "CPU ns an event: Peregrine's own, above it what the loop pays", each.map(cost), digits),
    text(WIDTH - 8, height - 8, title, 'fill="#555" font-size="11"', "end"),
    "</svg>",
    "",
  ].join("\n");
}

function slowDown({ result, ratio }: LoopFigures): Bar {
  const falco = result.mode === "default rules" ? FALCO.ratios[result.loop] : undefined;
  return {
    label: result.mode,
    sublabels: [result.loop],
    parts: [{ value: ratio, colour: COLOURS[result.mode] }],
    text: `x${ratio.toFixed(2)}`,
    reference: falco === undefined ? null : { range: [falco, falco], text: `x${falco}` },
  };
}

function cost({ result, perEvent, addedPerCall, endToEnd }: LoopFigures): Bar {
  return {
    label: result.mode,
    sublabels: [result.loop],
    parts: [
      { value: perEvent, colour: COLOURS[result.mode] },
      { value: Math.max(0, addedPerCall), colour: IN_LOOP },
    ],
    text: digits(endToEnd),
    reference: result.mode === "default rules" ? { range: [FALCO.cpuNs, FALCO.cpuNs], text: "1,050" } : null,
  };
}
