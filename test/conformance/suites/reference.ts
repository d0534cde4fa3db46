// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type Case, type Check, casesOf, dataFile, type Suite, text, texts } from "../case.js";
import { canonical, object, parseExact } from "../json.js";
import { compileFilters, countMatches, readFields } from "../peregrine.js";
import { table } from "../table.js";

const NAME = "reference_libsinsp_0_25_4";
/** The reference was run without the plugin that knows containers. */
const CONTAINERS = false;

interface Share {
  equal: number;
  of: number;
}

/** What libsinsp 0.25.4 said of the same captures: values of fields on each event, and matches of filters. */
export function referenceSuite(): Suite {
  const fields = new Map<string, Share>();
  const nulls = new Map<string, Share>();
  const counts: Share = { equal: 0, of: 0 };
  const zeros: Share = { equal: 0, of: 0 };

  async function eventFields(one: Case): Promise<readonly Check[]> {
    const names = texts(one.inputs["fields"]);
    const expected = linesOf(text(one.expected["events_file"]));
    const events = await readFields(dataFile(one.inputs["capture"]), names, null, null, CONTAINERS);
    const shown = events.filter((event) => event["evt.type"] !== "procinfo");
    const byNumber = new Map(shown.map((event) => [event["evt.num"], event]));
    const numbers = (list: readonly Readonly<Record<string, unknown>>[]): unknown[] => list.map((e) => e["evt.num"]);
    const checks = [compare(`${one.id}#events`, numbers(expected), numbers(shown))];
    for (const name of names) {
      let wrong = 0;
      let first = "";
      for (const event of expected) {
        const want = event[name];
        const got = byNumber.get(event["evt.num"])?.[name];
        const equal = canonical(want) === canonical(got ?? null) && byNumber.has(event["evt.num"]);
        const share = entry(want === null ? nulls : fields, name);
        share.of++;
        if (equal) share.equal++;
        else if (wrong++ === 0)
          first = `event ${canonical(event["evt.num"])} ${canonical(event["evt.type"])}: expected ${canonical(want)}, got ${canonical(got)}`;
      }
      checks.push({
        id: `${one.id}#${name}`,
        ok: wrong === 0,
        detail: wrong === 0 ? "" : `${wrong} of ${expected.length} differ; ${first}`,
      });
    }
    return checks;
  }

  async function filterMatches(one: Case): Promise<readonly Check[]> {
    const filters = texts(one.inputs["filters"]);
    const results = one.expected["results"];
    if (!Array.isArray(results)) throw new TypeError("results: a list was expected");
    const compiled = compileFilters(filters);
    const matches = await countMatches(dataFile(one.inputs["capture"]), compiled, CONTAINERS);
    return filters.map((filter, i) => {
      const want = object(results[i]);
      const id = `${one.id}#${filters.indexOf(filter) === i ? "" : `${i} `}${filter}`;
      const got = compiled[i];
      if (got === undefined) throw new RangeError("one result a filter was expected");
      if ("compile_error" in want) {
        const ok = got.error !== null;
        return { id, ok, detail: ok ? "" : `expected the error ${canonical(want["compile_error"])}, but it compiles` };
      }
      if (got.error !== null) {
        count(want["matches"], false);
        return { id, ok: false, detail: `does not compile: ${got.error}` };
      }
      const numbers = matches[i] ?? [];
      count(want["matches"], want["matches"] === numbers.length);
      const mine = { matches: numbers.length, first_evt_nums: numbers.slice(0, 10) };
      return compare(id, { matches: want["matches"], first_evt_nums: want["first_evt_nums"] }, mine);
    });
  }

  function count(expected: unknown, equal: boolean): void {
    const share = expected === 0 ? zeros : counts;
    share.of++;
    if (equal) share.equal++;
  }

  function summary(): { lines: string[]; failures: string[] } {
    const lines: string[] = [];
    if (counts.of > 0) {
      lines.push(`filter counts that are not zero: ${show(counts)} equal; zero: ${show(zeros)}`);
    }
    const rows: string[][] = [];
    for (const name of [...new Set([...fields.keys(), ...nulls.keys()])]) {
      const [some, none] = [entry(fields, name), entry(nulls, name)];
      rows.push([name, show(some), show(none)]);
    }
    if (rows.length > 0) lines.push(...table(["field", "not null, equal", "null, equal"], rows).split("\n"));
    return { lines, failures: [] };
  }

  return {
    name: NAME,
    mode: "all",
    cases: casesOf(NAME),
    run: (one) => (one.kind === "event-fields" ? eventFields(one) : filterMatches(one)),
    summary,
  };
}

function linesOf(file: string): Readonly<Record<string, unknown>>[] {
  const lines = gunzipSync(readFileSync(dataFile(file)))
    .toString("utf8")
    .split("\n");
  return lines.filter((line) => line !== "").map((line) => object(parseExact(line)));
}

function entry(map: Map<string, Share>, name: string): Share {
  let share = map.get(name);
  if (share === undefined) {
    share = { equal: 0, of: 0 };
    map.set(name, share);
  }
  return share;
}

/** `99.5 % (199 of 200)`; rounded down, so that 100 % means all. */
function show({ equal, of }: Share): string {
  return of === 0 ? "-" : `${(Math.floor((1000 * equal) / of) / 10).toFixed(1)} % (${equal} of ${of})`;
}

function compare(id: string, want: unknown, got: unknown): Check {
  const [a, b] = [canonical(want), canonical(got)];
  return { id, ok: a === b, detail: a === b ? "" : `expected ${a}\ngot      ${b}` };
}
