// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag, EventType, SYSCALL_NAMES } from "../batch/event-table.generated.js";
import type { CheckNode, Node } from "./ast.js";

/*
 * Which event types a condition can hold on. Only tests on the type itself say something; every other test may hold on
 * any type, negated or not. A set is a Uint8Array with a place for each event type.
 */

type EventSet = Uint8Array;

/** Whether events of a type reach rules: the exit half of a call, or an event that has one half only. */
function isDelivered(id: number): boolean {
  const info = EVENTS[id];
  if (info === undefined || (info.flags & (EventFlag.OLD_VERSION | EventFlag.UNUSED)) !== 0) return false;
  return info.exit || !info.categories.includes("EC_SYSCALL");
}

const ALL: EventSet = Uint8Array.from(EVENTS, (info) => (isDelivered(info.id) ? 1 : 0));
const NONE: EventSet = new Uint8Array(EVENTS.length);

let idsByName: Map<string, number[]> | undefined;

/** Event types by the names that evt.type can show, whether or not they are delivered. */
function names(): Map<string, number[]> {
  if (idsByName !== undefined) return idsByName;
  idsByName = new Map();
  for (const info of EVENTS) {
    if ((info.flags & EventFlag.UNUSED) !== 0) continue;
    const ids = idsByName.get(info.name);
    if (ids === undefined) idsByName.set(info.name, [info.id]);
    else ids.push(info.id);
  }
  // A system call without an event of its own is a generic event.
  for (const code of EVENTS[EventType.GENERIC_X]?.sc ?? []) {
    const name = SYSCALL_NAMES[code];
    if (name !== undefined && !idsByName.has(name)) idsByName.set(name, [EventType.GENERIC_X]);
  }
  return idsByName;
}

/** Whether evt.type can be compared with a name. Plugins may declare names of asynchronous events. */
export function isEventName(name: string, asyncNames: ReadonlySet<string>): boolean {
  return names().has(name) || asyncNames.has(name) || SYSCALL_NAMES.includes(name);
}

export function eventNames(): string[] {
  return [...names().keys()];
}

/** Whether a text names a field whose tests select event types. */
export function isTypeField(name: string): boolean {
  return name === "evt.type" || name === "syscall.type";
}

function typesOf(texts: readonly string[], asyncNames: ReadonlySet<string>): EventSet {
  const set = new Uint8Array(EVENTS.length);
  for (const text of texts) {
    for (const id of names().get(text) ?? []) set[id] = ALL[id] as number;
    if (asyncNames.has(text)) set[EventType.ASYNCEVENT_E] = 1;
  }
  return set;
}

function complement(set: EventSet): EventSet {
  return set.map((bit, id) => (ALL[id] as number) & (bit ^ 1));
}

function constants(node: CheckNode): string[] | null {
  const { right } = node;
  if (right?.kind === "constant") return [right.text];
  if (right?.kind !== "list") return null;
  return right.items.map((item) => (item.kind === "constant" ? item.text : ""));
}

function typeCheck(node: CheckNode, negated: boolean, asyncNames: ReadonlySet<string>): EventSet {
  const { operator, modifier } = node;
  if (operator === "exists") return negated ? NONE : ALL;
  const texts = constants(node);
  if (texts === null) return ALL;
  const equal = operator === "=" || operator === "==";
  let positive: boolean;
  if (modifier === null && (equal || operator === "in")) positive = true;
  else if (modifier === null && operator === "!=") positive = false;
  else if (modifier === "anyof" && equal) positive = true;
  else if (modifier === "allof" && operator === "!=" && texts.length > 0) positive = false;
  else return ALL;
  const set = typesOf(texts, asyncNames);
  return positive !== negated ? set : complement(set);
}

/** evt.num is 1 or more: whether a test on it always or never holds; null where that depends. */
function numberCheck(node: CheckNode): boolean | null {
  if (node.modifier !== null) return null;
  const texts = constants(node);
  if (texts === null) return null;
  if (node.operator === "in") return texts.every((text) => text === "0") ? false : null;
  const [value] = texts;
  switch (`${node.operator} ${value}`) {
    case "= 0":
    case "== 0":
    case "< 1":
    case "<= 0":
    case "< 0":
      return false;
    case "!= 0":
    case "> 0":
    case ">= 0":
    case ">= 1":
      return true;
    default:
      return null;
  }
}

function check(node: CheckNode, negated: boolean, asyncNames: ReadonlySet<string>): EventSet {
  if (node.left.kind !== "field" || node.left.arg !== null) return ALL;
  if (isTypeField(node.left.name)) return typeCheck(node, negated, asyncNames);
  if (node.left.name !== "evt.num") return ALL;
  const holds = numberCheck(node);
  return holds === null || holds !== negated ? ALL : NONE;
}

function combine(
  children: readonly Node[],
  both: boolean,
  negated: boolean,
  asyncNames: ReadonlySet<string>,
): EventSet {
  let result: EventSet | null = null;
  for (const child of children) {
    const set = infer(child, negated, asyncNames);
    if (result === null) result = set;
    // ALL and NONE are by far the most frequent sets: nothing to compute with them.
    else if (set === (both ? ALL : NONE)) continue;
    else if (set === (both ? NONE : ALL)) result = set;
    else if (result === ALL || result === NONE) result = (result === ALL) === both ? set : result;
    else {
      const other: EventSet = result;
      result = set.map((bit, id) => (both ? bit & (other[id] as number) : bit | (other[id] as number)));
    }
  }
  return result ?? ALL;
}

function infer(node: Node, negated: boolean, asyncNames: ReadonlySet<string>): EventSet {
  switch (node.kind) {
    case "and":
    case "or":
      return combine(node.children, (node.kind === "and") !== negated, negated, asyncNames);
    case "not":
      return infer(node.child, !negated, asyncNames);
    case "check":
      return check(node, negated, asyncNames);
    case "identifier":
      return ALL;
  }
}

/**
 * The event types that a resolved condition can hold on, ascending: a superset of those it does hold on, without old
 * versions and enter events, which are never delivered.
 */
export function inferEventTypes(node: Node, asyncNames: ReadonlySet<string> = new Set()): number[] {
  const set = infer(node, false, asyncNames);
  const ids: number[] = [];
  for (let id = 0; id < set.length; id++) if (set[id] === 1) ids.push(id);
  return ids;
}
