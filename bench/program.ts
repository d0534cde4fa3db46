// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { ProgramRun } from "./results.js";

/**
 * Runs a program to its end; its output is counted in lines and thrown away. CPU time is what the shell's `times` says of
 * its children: user and system, all threads.
 * @throws Error where it fails; what it said on stderr is in the message
 */
export async function runProgram(command: string, args: readonly string[]): Promise<ProgramRun> {
  // The exit code, then what `times` prints: the shell's own times, and those of its children, user and system.
  const script = '{ "$@"; echo "$?" >&3; } | wc -l; times >&3';
  const started = process.hrtime.bigint();
  const child = spawn("sh", ["-c", script, "sh", command, ...args], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const [out, err, times] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    collect(child.stdio[3] as NodeJS.ReadableStream),
    child.exitCode === null ? once(child, "close") : null,
  ]);
  const wallMs = Number(process.hrtime.bigint() - started) / 1e6;
  const children = /^0\n.*\n\s*(\d+)m([\d.]+)s\s+(\d+)m([\d.]+)s/.exec(times);
  if (children === null || Number.isNaN(Number.parseInt(out, 10))) throw new Error(`${command} failed: ${err}`);
  const seconds = Number(children[1]) * 60 + Number(children[2]) + Number(children[3]) * 60 + Number(children[4]);
  return { wallMs, cpuMs: seconds * 1000, lines: Number.parseInt(out, 10) };
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  if (stream === null) return text;
  stream.setEncoding("utf8");
  for await (const chunk of stream) text += chunk;
  return text;
}

/**
 * Starts a program and waits for the first byte of its output, then for its end.
 * @returns ms to that byte, NaN where nothing came
 */
export async function timeToFirstByte(command: string, args: readonly string[]): Promise<number> {
  const started = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  let first = Number.NaN;
  child.stdout.once("data", () => {
    first = Number(process.hrtime.bigint() - started) / 1e6;
  });
  child.stdout.resume();
  await once(child, "close");
  return first;
}

/** The first line of `PROGRAM --version`, null where it is not installed. */
export function programVersion(command: string): string | null {
  try {
    const text = execFileSync(command, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return text.split("\n")[0]?.trim() ?? null;
  } catch {
    return null;
  }
}
