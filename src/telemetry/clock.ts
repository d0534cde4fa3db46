// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";

/** ns of the monotonic clock; the same for all threads of the process. Precise to the ns for 100 days of uptime. */
export function nowNs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e9 + ns;
}

/** ns that the calling thread has spent on a CPU, 0 where the system does not tell. Costs a system call: not for each batch. */
export function threadCpuNs(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ", 1)[0]) || 0;
  } catch {
    return 0;
  }
}
