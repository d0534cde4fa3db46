// SPDX-License-Identifier: Apache-2.0

import type { SourceEvent } from "../sdk/index.js";

/** ns, as many as an event's time has room for. */
const LATEST = 2n ** 64n - 1n;

/** Whether what a plugin gives is an event, of a source or out of turn: plugins in JavaScript may give anything. */
export function isSourceEvent(event: unknown): event is SourceEvent {
  if (typeof event !== "object" || event === null) return false;
  const { data, time } = event as { data?: unknown; time?: unknown };
  if (typeof data !== "string" && !(data instanceof Uint8Array)) return false;
  return time === undefined || (typeof time === "bigint" && time >= 0n && time <= LATEST);
}
