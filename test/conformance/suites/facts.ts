// SPDX-License-Identifier: Apache-2.0
import { type Case, type Check, casesOf, dataFile, type Suite } from "../case.js";
import { canonical } from "../json.js";
import { walk } from "../peregrine.js";

/** captures_facts_derived: blocks and raw events of a capture, counted by type. */
export function factsSuite(): Suite {
  const name = "captures_facts_derived";
  return { name, mode: "all", cases: casesOf(name), run };
}

async function run(one: Case): Promise<readonly Check[]> {
  const { expected } = one;
  const facts = walk(dataFile(one.inputs["capture"]));
  const checks: Check[] = [];
  const check = (what: string, got: unknown): void => {
    if (!(what in expected)) return;
    const [a, b] = [canonical(expected[what]), canonical(got)];
    checks.push({ id: `${one.id}#${what}`, ok: a === b, detail: a === b ? "" : `expected ${a}\ngot      ${b}` });
  };
  check("gzip", facts.gzip);
  check("truncated", facts.truncated);
  check("blocks", facts.blocks);
  check("raw_event_count", facts.rawEvents);
  check("raw_events_by_type", facts.eventsByType);
  check("first_nonzero_ts", facts.firstTime);
  check("last_ts", facts.lastTime);
  check("distinct_tids", facts.distinctTids);
  return checks;
}
