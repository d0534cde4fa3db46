// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { sharedFile } from "../inputs.js";
import { isMain, largeCaptures } from "../paths.js";
import { median } from "../stats.js";
import { textTable } from "../table.js";
import { runPlugins } from "./engine.js";
import { type LogSet, makeLogs, realRecords } from "./logs.js";

const USAGE = `Usage: npm run bench:cloudtrail -- [OPTIONS]

Reads gzip files of real CloudTrail records with fresh event IDs through the cloudtrail and json plugins and the official
rules, with 1, 2 and 4 workers, and prints what a record costs. Needs the reference data (../shared).

  --files N      files of 10,000 records (default 20)
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

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      files: { type: "string", default: "20" },
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
  const rows: string[][] = [];
  const hashes = new Set<string>();
  for (const workers of values.workers.split(",").map(Number)) {
    const runs: Figures[] = [];
    for (let i = 0; i < Number(values.runs); i++) runs.push(await measure(logs, rules, workers));
    for (const { hash } of runs) hashes.add(hash);
    const cpu = median(runs.map(({ cpuNs }) => cpuNs));
    const perSecond = median(runs.map((run) => run.perSecond));
    rows.push([
      String(workers),
      cpu.toFixed(0),
      (1e9 / cpu).toFixed(0),
      perSecond.toFixed(0),
      String(runs[0]?.alerts ?? 0),
    ]);
  }
  const size = (logs.bytes / logs.records).toFixed(0);
  process.stdout.write(`${logs.records} records in ${logs.files} gzip files, ${size} bytes a record\n`);
  process.stdout.write(
    `${textTable({ head: ["workers", "ns CPU a record", "records/s a core", "records/s, wall", "alerts"], rows })}\n`,
  );
  if (hashes.size === 1) return 0;
  process.stderr.write("the alerts are not the same in all runs\n");
  return 1;
}

if (isMain(import.meta.url)) process.exitCode = await main();
