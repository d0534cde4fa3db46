// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../../batch/event-table.generated.js";
import type { PluginEvent } from "../../sdk/index.js";

/** An event of any type, as libraries are given it. */
export interface TypedEvent extends PluginEvent {
  readonly type: number;
  /** Name of an event that was added out of turn; else "". */
  readonly asyncName: string;
  /** Header, lengths and parameters of an event of another type; null where they were not kept, and for events of plugins. */
  readonly image: Uint8Array | null;
}

/** The type of an event; one that tells none is a plugin's. */
export function typeOf(event: PluginEvent): number {
  return isTyped(event) ? event.type : EventType.PLUGINEVENT_E;
}

export function isTyped(event: PluginEvent): event is TypedEvent {
  return "image" in event;
}

/** Whether the event is there as a library is given it. */
export function isWhole(event: PluginEvent): boolean {
  if (!isTyped(event)) return true;
  return event.type === EventType.PLUGINEVENT_E || event.type === EventType.ASYNCEVENT_E || event.image !== null;
}
