// SPDX-License-Identifier: Apache-2.0
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { canonical, object } from "../json.js";
import { compileFilters, countMatches, type EventFields, readFields } from "../peregrine.js";

/** These tests run with names of ports looked up; the one that they meet, as IANA has it. */
const SERVICES = "domain 53/tcp\ndomain 53/udp\n";
const NAME = "libs_captures";

/** Three captures with facts that libs' own end-to-end tests assert. */
export function libsCapturesSuite(): Suite {
  return { name: NAME, mode: "all", cases: casesOf(NAME), run };
}

async function run(one: Case): Promise<readonly Check[]> {
  const counts = one.expected["event_type_counts_after_conversion"];
  return counts === undefined ? connection(one) : eventCounts(one, object(counts));
}

/** Events by type as rules see them: the enter halves of an old capture must have gone. */
async function eventCounts(one: Case, counts: Readonly<Record<string, unknown>>): Promise<readonly Check[]> {
  const events = await readFields(dataFile(one.inputs["capture"]), ["evt.type", "evt.dir"]);
  return Object.entries(counts).map(([type, expected]) => {
    const [, name, direction] = /^PPME_SYSCALL_(\w+)_([EX])$/.exec(type) ?? [];
    const dir = direction === "E" ? ">" : "<";
    const got = events.filter((e) => e["evt.type"] === name?.toLowerCase() && e["evt.dir"] === dir).length;
    return {
      id: `${one.id}#${type}`,
      ok: got === expected,
      detail: got === expected ? "" : `expected ${canonical(expected)}, got ${got}`,
    };
  });
}

/** Fields that hold on every event of a connection, and others from the first connected event on. */
async function connection(one: Case): Promise<readonly Check[]> {
  const { expected } = one;
  const always = object(expected["fields_always"]);
  const later = { ...object(expected["fields"]), ...object(expected["fields_local_remote"] ?? {}) };
  const filter = text(one.inputs["filter"]);
  const capture = dataFile(one.inputs["capture"]);
  const names = ["evt.num", "evt.type", ...Object.keys(always), ...Object.keys(later)];
  const events = await readFields(capture, [...new Set(names)], filter, SERVICES);
  const start = events.findIndex((event) => texts(expected["connected_after"]).includes(text(event["evt.type"])));
  const connected = start < 0 ? [] : events.slice(start);
  if (events.length === 0) {
    // The facts hold on every event that the filter lets through: here they hold of nothing.
    return [{ id: one.id, ok: true, detail: "", skipped: "the thread is unknown in this capture, so no event passes" }];
  }
  const found = connected.length > 0;
  const checks: Check[] = [{ id: `${one.id}#connected`, ok: found, detail: found ? "" : "no event is connected" }];
  for (const [name, want] of Object.entries(always)) checks.push(everywhere(one, name, want, events));
  for (const [name, want] of Object.entries(later)) checks.push(everywhere(one, name, want, connected));

  const filters = texts(expected["filters_true"]);
  const compiled = compileFilters(filters);
  const matches = await countMatches(capture, compiled);
  filters.forEach((condition, i) => {
    const seen = new Set(matches[i]);
    const missing = connected.filter((event) => !seen.has(Number(event["evt.num"])));
    const error = compiled[i]?.error ?? null;
    const ok = missing.length === 0 && error === null;
    const detail =
      error ?? `does not hold on event ${canonical(missing[0]?.["evt.num"])} and ${missing.length - 1} more`;
    checks.push({ id: `${one.id}#${condition}`, ok, detail: ok ? "" : detail });
  });
  return checks;
}

function everywhere(one: Case, name: string, want: unknown, events: readonly EventFields[]): Check {
  const values = Array.isArray(want) ? texts(want) : [text(want)];
  const bad = events.find((event) => !values.includes(String(event[name])));
  const detail =
    bad === undefined
      ? ""
      : `event ${canonical(bad["evt.num"])}: expected ${values.join(" or ")}, got ${canonical(bad[name])}`;
  return { id: `${one.id}#${name}`, ok: bad === undefined, detail };
}
