// SPDX-License-Identifier: Apache-2.0

// npm run soak:live [-- --minutes 60 | --seconds N]: Peregrine watches a machine that compiles, runs scripts and containers, talks.
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { unwatchable } from "../../bench/live/unwatchable.js";
import { Watched } from "../../bench/live/watched.js";
import { largeCaptures } from "../../bench/paths.js";
import { textTable } from "../../bench/table.js";
import { growth, type MemoryLevel } from "./level.js";
import { LiveLoad } from "./live-load.js";

const SAMPLE_S = 10;
const ROWS = 24;
const MIB = 1 << 20;

interface Sample extends MemoryLevel {
  readonly rssBytes: number;
  readonly cpuNs: number;
  readonly alerts: number;
}

function table(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / ROWS));
  const rows = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  return textTable({
    head: ["minutes", "memory", "resident", "CPU", "alerts"],
    rows: rows.map(({ second, ownBytes, rssBytes, cpuNs, alerts }) => [
      (second / 60).toFixed(1),
      `${(ownBytes / MIB).toFixed(1)} MiB`,
      `${(rssBytes / MIB).toFixed(1)} MiB`,
      `${(cpuNs / 1e7 / Math.max(1, second)).toFixed(1)} %`,
      String(alerts),
    ]),
  });
}

async function soak(seconds: number, load: LiveLoad): Promise<number> {
  const counts = new Map(load.activities.map(({ name }) => [name, 0]));
  const samples: Sample[] = [];
  const watched = await Watched.start([]);
  let alerts = 0;
  watched.onOutput = (text) => {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) alerts++;
  };
  const start = performance.now();
  const first = watched.usage().cpuNs;
  const elapsed = (): number => (performance.now() - start) / 1000;
  const sample = (): void => {
    const { ownBytes, rssBytes, cpuNs } = watched.usage();
    samples.push({ second: elapsed(), ownBytes, rssBytes, cpuNs: cpuNs - first, alerts });
  };
  try {
    sample();
    const timer = setInterval(sample, SAMPLE_S * 1000);
    try {
      while (elapsed() < seconds) {
        for (const { name, run } of load.activities) {
          if (elapsed() >= seconds) break;
          await run();
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
      }
    } finally {
      clearInterval(timer);
    }
    await watched.settled();
    sample();
    const { ms, summary } = await watched.stop();
    const rounds = [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
    process.stdout.write(
      `${table(samples)}\nsoak:live: ${summary.seen} events in ${elapsed().toFixed(0)} s, ${summary.lost} lost, ` +
        `${summary.alerts} alerts; ${rounds}; stopped in ${ms.toFixed(0)} ms\n`,
    );
    const found = [growth(samples, seconds)].filter((text) => text !== null);
    if (summary.difference !== 0) found.push(`the ledger is off by ${summary.difference}`);
    if (/"level":[56]0/.test(watched.errors)) found.push(`errors were logged: ${watched.errors}`);
    for (const text of found) process.stderr.write(`soak:live: failed: ${text}\n`);
    return found.length === 0 ? 0 : 1;
  } finally {
    watched.kill();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: "string", default: "60" }, seconds: { type: "string" } },
  });
  const seconds = values.seconds === undefined ? Number(values.minutes) * 60 : Number(values.seconds);
  if (!(seconds > 0)) {
    process.stderr.write("--minutes, --seconds: a number above 0\n");
    return 2;
  }
  const reason = unwatchable();
  if (reason !== null) {
    process.stdout.write(`soak:live: skipped: ${reason}\n`);
    return 0;
  }
  mkdirSync(largeCaptures(), { recursive: true });
  const load = await LiveLoad.create(mkdtempSync(join(largeCaptures(), "soak-live-")));
  try {
    return await soak(seconds, load);
  } finally {
    await load.close();
  }
}

process.exitCode = await main();
