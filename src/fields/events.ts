// SPDX-License-Identifier: Apache-2.0

import type { EventInfo } from "../batch/event.js";
import { EVENTS, EventFlag } from "../batch/event-table.generated.js";

/** Facts of event types as typed arrays, for extractors that run on every event. */
export const FLAGS: Int32Array = Int32Array.from(EVENTS, (event) => event.flags);

/** 1 for events that create, use or destroy an fd: fd.* have values on these alone. */
export const HAS_FD: Uint8Array = Uint8Array.from(EVENTS, (event) =>
  (event.flags & (EventFlag.CREATES_FD | EventFlag.USES_FD | EventFlag.DESTROYS_FD)) !== 0 ? 1 : 0,
);

/** 1 for the exits of system calls that carry their own parameters: the first of them is the return value. */
export const RETURNS: Uint8Array = Uint8Array.from(EVENTS, (event) =>
  event.exit && event.categories.includes("EC_SYSCALL") && event.name !== "syscall" && event.params.length > 0 ? 1 : 0,
);

/** 1 where the return value has 64 bits. */
export const WIDE_RETURN: Uint8Array = Uint8Array.from(EVENTS, (event) => {
  const kind = event.params[0]?.kind;
  return kind === "wide" || kind === "fd" ? 1 : 0;
});

/** 1 for events whose category is one of I/O: read, write, other. */
export const IS_IO_CATEGORY: Uint8Array = Uint8Array.from(EVENTS, (event) =>
  event.category.startsWith("io_") ? 1 : 0,
);

/** Index of the parameter of that name in each event type, -1 where it has none. */
export function indexOfParam(name: string): Int8Array {
  return Int8Array.from(EVENTS, (event) => event.params.findIndex((param) => param.name === name));
}

/** Word offset of the parameter of that name in each event type, 0 where it has none. */
export function wordOfParam(name: string): Uint8Array {
  return Uint8Array.from(EVENTS, (event) => event.params.find((param) => param.name === name)?.word ?? 0);
}

export function eventInfo(type: number): EventInfo {
  return EVENTS[type] as EventInfo;
}

/** Mask of parameter 0 where it is a return value: the demand of evt.res and its like. */
export function demandReturn(type: number): number {
  return RETURNS[type] === 1 ? 1 : 0;
}

/** Mask of all parameters of a type. */
export function demandAll(type: number): number {
  const count = EVENTS[type]?.params.length ?? 0;
  return count >= 32 ? -1 : (1 << count) - 1;
}

/** System call category of each event type: file, net, io_read ... */
export const EVENT_CATEGORY: readonly string[] = EVENTS.map((event) => event.category);
