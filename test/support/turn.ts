// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOOK_MS = 100;

/**
 * Waits until no other process has the turn of this name, and keeps it until this one ends. For test files that disturb each
 * other where they run at the same time.
 */
export function takeTurn(name: string): void {
  const path = join(tmpdir(), `peregrine-turn-${name}`);
  while (!taken(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  process.once("exit", () => rmSync(path, { force: true }));
}

function taken(path: string): boolean {
  try {
    writeFileSync(path, identity(process.pid) ?? "", { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = textOf(path);
  // Where it is empty it is being written, where it is not there the next look takes it.
  const isLeft = holder !== null && holder !== "" && identity(Number.parseInt(holder, 10)) !== holder;
  if (isLeft) rmSync(path, { force: true });
  return false;
}

/** A process by number and moment of its start, as Linux has them, since numbers come again; null where there is none. */
function identity(pid: number): string | null {
  const start = textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ")[19];
  return start === undefined ? null : `${pid} ${start}`;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
