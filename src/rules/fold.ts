// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import type { Field } from "../fields/field.js";
import type { Atom, NumberAtom } from "./atom.js";

/** The text that a field has on every event of a type, undefined where it depends on the event; null = absent. */
function knownText(field: Field, type: number): string | null | undefined {
  const info = EVENTS[type];
  if (info === undefined) return undefined;
  switch (field.base) {
    case "evt.type":
    case "syscall.type":
      // These carry their names in a parameter.
      if (type === EventType.GENERIC_E || type === EventType.GENERIC_X || type === EventType.ASYNCEVENT_E)
        return undefined;
      if (field.base === "syscall.type" && !info.categories.includes("EC_SYSCALL")) return undefined;
      return info.name;
    default:
      return undefined;
  }
}

/** Numbers of events start at 1, which settles the tests that rules use as "always" and "never". */
function foldEventNumber({ simple }: NumberAtom): boolean | null {
  if (simple === null) return null;
  const { operator, numbers } = simple;
  const below = (limit: number): boolean => numbers.every((number) => number < limit);
  switch (operator) {
    case "exists":
      return true;
    case "=":
      return below(1) ? false : null;
    case "!=":
    case ">":
      return below(1) ? true : null;
    case ">=":
      return below(2) ? true : null;
    case "<":
      return below(2) ? false : null;
    default:
      return below(1) ? false : null;
  }
}

/** What an atom is on every event of `type`, null where that depends on the event. */
export function foldAtom(atom: Atom, type: number): boolean | null {
  if (atom.kind === "number" && atom.field.base === "evt.num") return foldEventNumber(atom);
  if (atom.kind !== "bit" || type < 0) return null;
  const text = knownText(atom.field, type);
  return text === undefined ? null : text !== null && atom.test(text);
}
