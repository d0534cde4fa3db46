// SPDX-License-Identifier: Apache-2.0

import { readlinkSync } from "node:fs";

/** Number of the calling thread in the system, 0 where it does not tell. */
export function threadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1)) || 0;
  } catch {
    return 0;
  }
}
