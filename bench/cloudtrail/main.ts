// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { sharedFile } from "../inputs.js";
import { describeMachine } from "../machine.js";
import { isMain, largeCaptures, packageRoot } from "../paths.js";
import { replaceMarked } from "../report.js";
import { median } from "../stats.js";
import { markdownTable, type Table, textTable } from "../table.js";
import { runPlugins } from "./engine.js";
import { type LogSet, makeLogs, realRecords } from "./logs.js";
import { measureStages, type Stages } from "./stages.js";

const USAGE = `Usage: npm run bench:cloudtrail -- [OPTIONS]

Reads gzip files of real CloudTrail records with fresh event IDs through the cloudtrail and json plugins and the official
rules, with 1, 2 and 4 workers, and prints what a record costs. Needs the reference data (../shared). A run with no option
writes the table into docs/performance.md.

  --files N      files of 10,000 records (default 40)
  --runs N       runs of each case; the table shows the median of CPU time (default 3)
  --workers LIST default 1,2,4
  --rules FILE   default: the official aws_cloudtrail_rules.yaml
`;

const PER_FILE = 10_000;

interface Figures {
  readonly records: number;
  readonly cpuNs: number;
  readonly perSecond: number;
  readonly alerts: number;
  readonly hash: string;
}

/** One run. CPU time and wall time are those behind the first batch. */
async function measure(logs: LogSet, rules: string, workers: number): Promise<Figures> {
  const hash = createHash("sha256");
  let first: { at: number; cpu: NodeJS.CpuUsage; seen: number } | null = null;
  let ledger: Ledger | null = null;
  const timer = setInterval(() => {
    const seen = ledger?.snapshot().seen ?? 0;
    if (seen === 0) return;
    first = { at: performance.now(), cpu: process.cpuUsage(), seen };
    clearInterval(timer);
  }, 1);
  const report = await runPlugins({
    plugins: [{ name: "cloudtrail", open: logs.folder }, { name: "json" }],
    rules: [rules],
    workers,
    sink: (chunk) => void hash.update(chunk),
    more: {
      onLedgers: ([one]) => {
        ledger = one ?? null;
      },
    },
  });
  clearInterval(timer);
  const [source] = report.sources;
  if (source === undefined || source.failure !== null || source.ledger.difference !== 0 || source.ledger.failed !== 0) {
    throw new Error(`the run went wrong: ${JSON.stringify(source?.ledger)} ${source?.failure?.message ?? ""}`);
  }
  const start = first as { at: number; cpu: NodeJS.CpuUsage; seen: number } | null;
  if (start === null) throw new Error("no record came");
  const { user, system } = process.cpuUsage(start.cpu);
  const records = source.ledger.seen - start.seen;
  return {
    records,
    cpuNs: ((user + system) * 1000) / records,
    perSecond: (records * 1000) / (performance.now() - start.at),
    alerts: report.alerts,
    hash: hash.digest("hex"),
  };
}

function costTable(runs: ReadonlyMap<number, readonly Figures[]>): Table {
  const rows = [...runs].map(([workers, list]) => {
    const cpu = median(list.map(({ cpuNs }) => cpuNs));
    const perSecond = median(list.map((run) => run.perSecond));
    return [String(workers), cpu, 1e9 / cpu, perSecond, list[0]?.alerts ?? 0].map((cell) =>
      typeof cell === "number" ? cell.toFixed(0) : cell,
    );
  });
  return { head: ["workers", "ns CPU a record", "records a CPU second", "records/s by the clock", "alerts"], rows };
}

function stageTable({ inflate, cut, source, parse }: Stages): Table {
  const rows = [
    ["inflating", inflate],
    ["finding and checking records", cut],
    ["all of the source: files, inflating, records, times, batches", source],
    ["for comparison: `JSON.parse` of the record", parse],
  ] as const;
  return { head: ["part, by itself", "ns CPU a record"], rows: rows.map(([name, ns]) => [name, ns.toFixed(0)]) };
}

function write(what: string, runs: number, tables: readonly Table[]): void {
  const { cores, cpu, kernel, node, commit, load } = describeMachine();
  const where =
    `Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench:cloudtrail\` at ${commit ?? "an unknown commit"}: ` +
    `${cores} cores of ${cpu}, Linux ${kernel}, Node ${node}; load average after: ${load.toFixed(1)}; medians of ${runs} runs. ` +
    `${what}.`;
  const document = join(packageRoot(), "docs", "performance.md");
  const content = [where, ...tables.map(markdownTable)].join("\n\n");
  writeFileSync(document, replaceMarked(readFileSync(document, "utf8"), "bench:cloudtrail", content));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      files: { type: "string", default: "40" },
      runs: { type: "string", default: "3" },
      workers: { type: "string", default: "1,2,4" },
      rules: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const real = sharedFile("cloudtrail");
  const rules = values.rules ?? sharedFile("rules/official/aws_cloudtrail_rules.yaml");
  if (real === null || rules === null || !existsSync(real)) {
    process.stdout.write("bench:cloudtrail needs the reference data (../shared)\n");
    return 0;
  }
  const files = Number(values.files);
  const logs = makeLogs(realRecords(real), join(largeCaptures(), `cloudtrail-${files}`), files, PER_FILE);
  const counts = values.workers.split(",").map(Number);
  const runs = new Map<number, Figures[]>(counts.map((workers) => [workers, []]));
  // In turn, so that what else the machine does falls on all of them.
  for (let i = 0; i < Number(values.runs); i++) {
    for (const [workers, list] of runs) list.push(await measure(logs, rules, workers));
  }
  const hashes = new Set([...runs.values()].flat().map(({ hash }) => hash));
  const tables = [costTable(runs), stageTable(await measureStages(logs.folder, Number(values.runs)))];
  const size = (logs.bytes / logs.records).toFixed(0);
  const what = `${logs.records} records in ${logs.files} gzip files, ${size} bytes a record`;
  process.stdout.write(`${what}\n${tables.map(textTable).join("\n\n")}\n`);
  if (process.argv.length === 2 && hashes.size === 1) write(what, Number(values.runs), tables);
  if (hashes.size === 1) return 0;
  process.stderr.write("the alerts are not the same in all runs\n");
  return 1;
}

if (isMain(import.meta.url)) process.exitCode = await main();
