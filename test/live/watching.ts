// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { logLines } from "../e2e/support.js";
import { packageRoot } from "../support/shared.js";
import { takeTurn } from "../support/turn.js";

const root = packageRoot;

/**
 * Why this machine cannot run the tests; false where it can, and then it is this file's turn: whoever watches sees all that the
 * machine does, and events that programs of another file make as fast as they can take the room of its own.
 */
export function cannotWatch(): string | false {
  if (process.platform !== "linux" || process.arch !== "x64") return "watching needs Linux on x86_64";
  if (process.getuid?.() !== 0) return "watching needs root";
  if (spawnSync("gcc", ["--version"]).status !== 0) return "the programs need gcc";
  takeTurn("live");
  return false;
}

/** A folder for what the programs make, and the programs themselves in bin/, compiled. */
export function buildPrograms(): string {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-live-"));
  const sources = join(root, "test", "programs");
  mkdirSync(join(folder, "bin"));
  for (const name of readdirSync(sources)) {
    const target = join(folder, "bin", basename(name, ".c"));
    execFileSync("gcc", ["-O1", "-w", "-pthread", "-o", target, join(sources, name)]);
  }
  return folder;
}

/** After so long a mark is taken for lost. */
const AGAIN_MS = 5000;

/** A run of Peregrine that watches this machine, and the lines that it prints. */
export class Watching {
  readonly lines: string[] = [];
  errors = "";
  private rest = "";
  private readonly child: ChildProcess;
  private wake: () => void = () => {};
  private marks = 0;
  /** Does what a line with the mark will tell of. */
  mark: (mark: string) => void = (mark) => void this.run("marker", [mark]);

  constructor(
    private readonly folder: string,
    args: readonly string[],
    /** Whether a line tells of the program `name` with the given argument. */
    private readonly tells: (line: string, name: string) => boolean,
  ) {
    this.child = spawn(process.execPath, [join(root, "bin", "peregrine.js"), ...args]);
    this.child.stdout?.setEncoding("latin1").on("data", (text: string) => {
      const lines = (this.rest + text).split("\n");
      this.rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
  }

  /** Runs a program to its end. */
  run(name: string, args: readonly string[] = [], cwd = this.folder): number | null {
    return spawnSync(join(this.folder, "bin", name), args, { cwd, stdio: "ignore" }).status;
  }

  /** Resolves when everything that has happened so far was printed: when a mark that is set now has come out. */
  async settled(): Promise<void> {
    const mark = `mark-${process.pid}-${this.marks++}`;
    let seen = this.lines.length;
    for (;;) {
      // Set again only if nothing came of it for long: each one makes events of its own, which have to be waited for.
      this.mark(mark);
      const again = performance.now() + AGAIN_MS;
      while (performance.now() < again) {
        for (; seen < this.lines.length; seen++) if (this.tells(this.lines[seen] ?? "", mark)) return;
        if (this.child.exitCode !== null) throw new Error(`Peregrine ended: ${this.errors}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200);
          this.wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the run as Ctrl-C does. @returns its exit code, and how long that took in ms */
  async stop(): Promise<{ code: number | null; ms: number }> {
    const start = performance.now();
    const ended = new Promise<number | null>((resolve) => this.child.on("close", resolve));
    this.child.kill("SIGINT");
    const code = await ended;
    return { code, ms: performance.now() - start };
  }

  /** Ends the run. @returns events that are lost, as its ledger has them */
  async lost(): Promise<number> {
    await this.stop();
    const [summary] = logLines(this.errors, "ledger");
    assert.ok(summary !== undefined, this.errors);
    const { lost } = summary["ledger"] as { readonly lost: readonly { readonly events: number }[] };
    return lost.reduce((sum, { events }) => sum + events, 0);
  }

  /** Ends the run, which must go well, and removes its folder. */
  async end(): Promise<void> {
    const { code } = await this.stop();
    this.remove();
    assert.equal(code, 0, this.errors);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
