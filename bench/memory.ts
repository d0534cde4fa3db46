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
