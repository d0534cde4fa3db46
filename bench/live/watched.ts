// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../paths.js";

/** A file that default rules look after. */
const SENSITIVE = "/etc/shadow";
const POKE_MS = 2;
/** After so long a mark is set again: its event may have been lost. */
const AGAIN_MS = 3000;
const TICK_NS = 1e7;

/** What Peregrine said at its end. */
export interface Summary {
  readonly seen: number;
  readonly lost: number;
  readonly alerts: number;
  /** What the ledger cannot account for: 0. */
  readonly difference: number;
}

/** User and system time and memory of a process at a moment. */
export interface Usage {
  readonly cpuNs: number;
  /** Resident: all of it, and without mapped files. */
  readonly rssBytes: number;
  readonly ownBytes: number;
}

/** Peregrine as a user starts it, watching this machine; its alerts as lines. */
export class Watched {
  /** From the start of the program to its first alert. */
  firstAlertMs = Number.NaN;
  errors = "";
  /** Is given each piece of output as it comes. */
  onOutput: (text: string) => void = () => {};
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  private recent = "";
  private marks = 0;
  private wake: () => void = () => {};

  private constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    const program = join(packageRoot(), "bin", "peregrine.js");
    this.child = spawn(process.execPath, [program, "-o", "json_output=true", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env,
    });
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdout?.setEncoding("latin1").on("data", (text: string) => {
      this.recent = (this.recent + text).slice(-4096);
      this.onOutput(text);
      this.wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
  }

  /** Starts it, and opens a sensitive file again and again until it tells of that. */
  static async start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Watched> {
    const start = performance.now();
    const watched = new Watched(args, env);
    const poke = setInterval(() => closeSync(openSync(SENSITIVE, "r")), POKE_MS);
    try {
      await watched.until(() => watched.recent !== "");
    } finally {
      clearInterval(poke);
    }
    watched.firstAlertMs = performance.now() - start;
    await watched.settled();
    return watched;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resolves when all that has happened so far was told: when the alert of something that is done now has come. */
  async settled(): Promise<void> {
    const mark = `mark-${process.pid}-${this.marks++}-`;
    for (;;) {
      spawnSync("cat", [SENSITIVE, mark], { stdio: "ignore" });
      const again = performance.now() + AGAIN_MS;
      await this.until(() => this.recent.includes(mark) || performance.now() > again);
      if (this.recent.includes(mark)) return;
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.child.exitCode !== null) throw new Error(`Peregrine has ended: ${this.errors}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  usage(): Usage {
    return usageOf(this.pid);
  }

  /** Ends it as Ctrl-C does. @returns what it said, and how long the end took */
  async stop(): Promise<{ readonly ms: number; readonly summary: Summary }> {
    const start = performance.now();
    this.child.kill("SIGINT");
    const code = await this.ended;
    const ms = performance.now() - start;
    if (code !== 0) throw new Error(`Peregrine ended with ${code}: ${this.errors}`);
    return { ms, summary: summaryOf(this.errors) };
  }

  /** Ends it at once, where a bench is broken off. */
  kill(): void {
    this.child.kill("SIGKILL");
  }
}

export function usageOf(pid: number): Usage {
  // The fields behind the name, which may hold blanks: state is the first, utime the twelfth, stime the thirteenth.
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return {
    cpuNs: (Number(fields[11]) + Number(fields[12])) * TICK_NS,
    rssBytes: kib("VmRSS") * 1024,
    ownBytes: (kib("RssAnon") + kib("RssShmem")) * 1024,
  };
}

interface LedgerLine {
  readonly msg: string;
  readonly alerts: number;
  readonly ledger: {
    readonly [account: string]: unknown;
    readonly seen: number;
    readonly lost: readonly { readonly events: number; readonly stage: string }[];
  };
}

/** The last line of the log that tells how watching went. */
export function summaryOf(log: string): Summary {
  const text = log.split("\n").find((line) => line.includes('"msg":"watching finished"'));
  if (text === undefined) throw new Error(`there is no summary: ${log}`);
  const { ledger, alerts } = JSON.parse(text) as LedgerLine;
  const lost = ledger.lost.reduce((sum, { events }) => sum + events, 0);
  let accounted = lost;
  for (const [account, count] of Object.entries(ledger)) {
    if (account !== "seen" && typeof count === "number") accounted += count;
  }
  return { seen: ledger.seen, lost, alerts, difference: ledger.seen - accounted };
}
