// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

/** Anonymous plus shared memory of this process in bytes, without mapped files. 0 where the system does not tell. */
export function ownMemory(): number {
  let text: string;
  try {
    text = readFileSync("/proc/self/status", "latin1");
  } catch {
    return 0;
  }
  return 1024 * (kilobytes(text, "RssAnon") + kilobytes(text, "RssShmem"));
}

function kilobytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}

/** CPU time of all programs since the machine started, ns: user, nice, system, interrupts, stolen. NaN where the system does not tell. */
export function machineCpuNs(): number {
  let line: string;
  try {
    line = readFileSync("/proc/stat", "latin1").split("\n", 1)[0] ?? "";
  } catch {
    return Number.NaN;
  }
  // cpu user nice system idle iowait irq softirq steal, in hundredths of a second.
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0)) * 1e7;
}
