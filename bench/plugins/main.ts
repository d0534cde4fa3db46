// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reportFailure } from "../failure.js";
import { describeMachine } from "../machine.js";
import { isMain, packageRoot } from "../paths.js";
import { replaceMarked } from "../report.js";
import { textTable } from "../table.js";
import { type CaseRun, measureCase, pluginCases } from "./cases.js";
import { type PluginResults, plotPlugins, pluginMarkdown, pluginTable } from "./report.js";

const USAGE = `Usage: npm run bench:plugins -- [OPTIONS]

Measures events a second of a source and an extractor in TypeScript, of the extractor on 1, 2 and 4 workers, and of a
library in C in a process of its own and in this one. Needs gcc. The whole bench writes docs/performance.md.

  --quick     a tenth of the events, one run
  --runs N    runs of each case, in turn; the table shows medians (default 5, quick: 1)
`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new TypeError("--runs: a whole number above 0");
  const machine = describeMachine();
  const cases = pluginCases(values.quick ? 0.1 : 1).map((one) => ({ one, runs: [] as CaseRun[] }));
  for (let i = 0; i < runs; i++) {
    for (const each of cases) each.runs.push(await measureCase(each.one));
  }
  const results: PluginResults = {
    date: new Date().toISOString().slice(0, 10),
    command: ["npm run bench:plugins", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
    machine,
    cases: cases.map(({ one: { plugin, fields, workers, events }, runs: made }) => {
      return { plugin, fields, workers, events, runs: made };
    }),
  };
  process.stdout.write(`${textTable(pluginTable(results))}\n`);
  write(results, !values.quick);
  return 0;
}

function write(results: PluginResults, whole: boolean): void {
  const name = whole ? "plugins" : "plugins-partial";
  const folder = join(packageRoot(), "bench", "results");
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.svg`), plotPlugins(results));
  if (!whole) return;
  const document = join(packageRoot(), "docs", "performance.md");
  const markdown = pluginMarkdown(results, `../bench/results/${name}.svg`);
  writeFileSync(document, replaceMarked(readFileSync(document, "utf8"), "bench:plugins", markdown));
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
