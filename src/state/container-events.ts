// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import { type Rule, wordsOf } from "./handler.js";
import type { Tables } from "./tables.js";

/*
 * What is known of a container beyond its id comes as JSON in an event, once for each container. The text is kept as it
 * is, by the container's id; fields take from it what they want.
 */

const JSON_WORD = wordsOf(EventType.CONTAINER_JSON_2_E)[0] as number;
const ASYNC = wordsOf(EventType.ASYNCEVENT_E);
const NAME = ASYNC[1] as number;
const DATA = ASYNC[2] as number;

/** The container's id in its metadata, which may stand below a root key; null where the text is not such JSON. */
function idIn(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const inner = "container" in value && typeof value.container === "object" ? value.container : value;
  return inner !== null && "id" in inner && typeof inner.id === "string" ? inner.id : null;
}

function store(c: Tables, json: number, present: boolean): void {
  const id = json === 0 ? null : idIn(c.strings.text(json));
  if (id === null || id === "") return;
  const key = c.strings.interner.intern(id);
  const at = c.containers.find(key, 0, c.now);
  if (present ? at !== 0 && c.containers.words[at] === json : at === 0) return;
  if (!c.containers.put(key, 0, c.now, present ? [json] : null)) c.lookupsLost++;
}

function containerEvent(c: Tables): void {
  store(c, c.int(JSON_WORD), true);
}

function asyncEvent(c: Tables): void {
  const name = c.strings.text(c.int(NAME));
  if (name !== "container" && name !== "container_removed") return;
  const start = c.int(DATA) >>> 0;
  const bytes = c.bytes;
  let end = start + c.int(DATA + 1);
  while (end > start && bytes[end - 1] === 0) end--;
  store(c, c.strings.interner.internBytes(bytes, start, end), name === "container");
}

export const containerRules: readonly Rule[] = [
  { type: EventType.CONTAINER_JSON_2_E, run: containerEvent, params: [0] },
  { type: EventType.ASYNCEVENT_E, run: asyncEvent, params: [0, 1, 2] },
];
