// SPDX-License-Identifier: Apache-2.0

import type { EventInfo, ParamInfo } from "../batch/event.js";
import { EVENTS, EventFlag, EventType, FLAG_TABLES, ParamType, SYSCALL_NAMES } from "../batch/event-table.generated.js";
import { typeName } from "./operand.js";

/** Categories of events, and the headings under which they are listed. */
const SECTIONS = [
  ["EC_SYSCALL", "Syscall events"],
  ["EC_TRACEPOINT", "Tracepoint events"],
  ["EC_PLUGIN", "Plugin events"],
  ["EC_METAEVENT", "Metaevents"],
] as const;

/** An event by the name that evt.type has on it. */
export interface ListedEvent {
  readonly name: string;
  readonly section: string;
  readonly info: EventInfo;
}

/** The headings, in order. */
export const EVENT_SECTIONS: readonly string[] = SECTIONS.map(([, section]) => section);

/** Every event of today's schema, in the order in which --list-events shows them. */
export function listedEvents(): ListedEvent[] {
  return SECTIONS.flatMap(([category, section]) => {
    const current = EVENTS.filter(
      ({ flags, categories }) =>
        (flags & (EventFlag.OLD_VERSION | EventFlag.UNUSED)) === 0 && categories.includes(category),
    );
    const named = current.filter(({ id }) => id !== EventType.GENERIC_X && id !== EventType.GENERIC_E);
    // Calls without an event of their own come last, each by its own name.
    const generic = current.filter((info) => !named.includes(info));
    const own = new Set(["", ...named.map(({ name }) => name)]);
    return [
      ...named.map((info) => ({ name: info.name, section, info })),
      ...generic.flatMap((info) =>
        info.sc
          .map((code) => ({ name: SYSCALL_NAMES[code] ?? "", section, info }))
          .filter(({ name }) => !own.has(name)),
      ),
    ];
  });
}

/** Names of the bits or values of a parameter of flags; modes are numbers to those who write rules. */
export function paramFlags({ type, table, dynamic }: ParamInfo): string[] {
  return table === "" || dynamic || type === ParamType.MODE ? [] : (FLAG_TABLES[table] ?? []).map(({ name }) => name);
}

export function paramType({ type, dynamic }: ParamInfo): string {
  return dynamic ? "DYNAMIC" : typeName(type);
}
