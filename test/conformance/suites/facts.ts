// SPDX-License-Identifier: Apache-2.0
import { EventType } from "../../../src/batch/event-table.generated.js";
import { type Case, type Check, casesOf, dataFile, type Suite } from "../case.js";
import { canonical, exact } from "../json.js";
import { walk } from "../peregrine.js";

/** captures_facts_derived: blocks and raw events of a capture, counted by type. */
export function factsSuite(): Suite {
  const name = "captures_facts_derived";
  return { name, mode: "all", cases: casesOf(name), run };
}

async function run(one: Case): Promise<readonly Check[]> {
  const facts = walk(dataFile(one.inputs["capture"]));
  const hex = ([type, count]: readonly [number, number]): [string, number] => [`0x${type.toString(16)}`, count];
  const named = ([type, count]: readonly [number, number]): [string, number] => [
    `PPME_${NAMES.get(type) ?? type}`,
    count,
  ];
  const got: Readonly<Record<string, unknown>> = {
    gzip: facts.gzip,
    truncated: facts.truncated,
    blocks: Object.fromEntries(facts.blocks.map(hex)),
    raw_event_count: facts.events,
    raw_events_by_type: Object.fromEntries(facts.eventTypes.map(named)),
    first_nonzero_ts: exact(facts.firstTime),
    last_ts: exact(facts.lastTime),
    distinct_tids: facts.threads,
  };
  return Object.entries(one.expected).map(([what, expected]) => {
    const [a, b] = [canonical(expected), canonical(got[what] ?? null)];
    return { id: `${one.id}#${what}`, ok: a === b, detail: a === b ? "" : `expected ${a}\ngot      ${b}` };
  });
}

const NAMES = new Map<number, string>(Object.entries(EventType).map(([name, type]) => [type, name]));
