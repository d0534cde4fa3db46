// SPDX-License-Identifier: Apache-2.0

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { largeCaptures, packageRoot } from "../paths.js";

const PROGRAMS = ["busy", "spawn", "pace"] as const;
type Program = (typeof PROGRAMS)[number];

const run = promisify(execFile);

/** A loop that the bench runs with and without a probe. */
export interface Loop {
  readonly name: string;
  readonly program: Program;
  readonly args: (rounds: number) => readonly string[];
  /** System calls in one round, as Falco's figures count them; for processes one. */
  readonly calls: number;
  readonly rounds: number;
}

export const LOOPS: readonly Loop[] = [
  { name: "open/close", program: "busy", args: (rounds) => [String(rounds)], calls: 2, rounds: 600_000 },
  { name: "open/read/close", program: "busy", args: (rounds) => [String(rounds), "r"], calls: 3, rounds: 400_000 },
  { name: "vfork+exec", program: "spawn", args: (rounds) => [String(rounds)], calls: 1, rounds: 2000 },
];

/** What one run of a loop took, ns a round. */
export interface LoopTimes {
  readonly cpuNs: number;
  readonly wallNs: number;
}

/** What a paced run reached. */
export interface PaceFigures {
  readonly calls: number;
  readonly seconds: number;
  readonly cpuNsPerCall: number;
}

/** The programs of test/programs that make load, compiled. */
export class Loads {
  private constructor(private readonly folder: string) {}

  static build(): Loads {
    const folder = join(largeCaptures(), `live-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    for (const name of PROGRAMS) {
      const source = join(packageRoot(), "test", "programs", `${name}.c`);
      execFileSync("gcc", ["-O1", "-w", "-pthread", "-o", join(folder, name), source]);
    }
    return new Loads(folder);
  }

  private async numbers(program: Program, args: readonly string[]): Promise<number[]> {
    const { stdout } = await run(join(this.folder, program), [...args]);
    return stdout.trim().split(" ").map(Number);
  }

  async loop({ program, args, rounds }: Loop, share = 1): Promise<LoopTimes> {
    const [cpuNs = Number.NaN, wallNs = Number.NaN] = await this.numbers(program, args(Math.ceil(rounds * share)));
    return { cpuNs, wallNs };
  }

  /**
   * Opens and closes files for some seconds.
   * @param callsPerSecond 0: as fast as it goes
   * @param alertEvery of how many opens one raises an alert; 0: none
   */
  async pace(callsPerSecond: number, seconds: number, threads: number, alertEvery = 0): Promise<PaceFigures> {
    const args = [callsPerSecond, seconds, threads, alertEvery].map(String);
    const [calls = Number.NaN, took = Number.NaN, cpuNsPerCall = Number.NaN] = await this.numbers("pace", args);
    return { calls, seconds: took, cpuNsPerCall };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Processes but `own` that hold BPF programs: they slow system calls down as well, and spoil what is compared. */
export function otherWatchers(own: readonly number[]): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isNaN(pid) || own.includes(pid)) continue;
    if (descriptorsOf(pid).some((target) => /^anon_inode:bpf[-_](prog|link)$/.test(target))) found.push(pid);
  }
  return found;
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => {
      try {
        return readlinkSync(join(folder, fd));
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
