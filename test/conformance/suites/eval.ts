// SPDX-License-Identifier: Apache-2.0
import { type Case, type Check, casesOf, type Suite, text, texts } from "../case.js";
import { captureOf, SetupError } from "../cpp-setup.js";
import { canonical } from "../json.js";
import { bareFilters, countMatches } from "../peregrine.js";

const NAME = "libs_filter_eval_cpp_events";
/** Share of the cases that must pass. */
const LEAST = 0.95;
/** Every event, to know which one is the last. */
const ALL = "evt.num > 0";

/** Conditions on the last of some events, which the cases describe in C++. */
export function evalSuite(): Suite {
  const cases = casesOf(NAME);
  // One run a set-up: all its conditions at once.
  const verdicts = new Map<string, Promise<Map<string, Check>>>();
  const run = async (one: Case): Promise<readonly Check[]> => {
    if (text(one.inputs["filter"]).includes("sample.")) {
      return [{ id: one.id, ok: true, detail: "", skipped: "a field of libs' C++ test plugin" }];
    }
    const key = canonical(one.inputs["setup_cpp"]);
    const known = verdicts.get(key);
    const made = known ?? evaluate(cases.filter(({ inputs }) => canonical(inputs["setup_cpp"]) === key));
    verdicts.set(key, made);
    const check = (await made).get(one.id);
    if (check === undefined) throw new RangeError("a case without a verdict");
    return [check];
  };
  return { name: NAME, mode: "share", cases, run, summary };
}

async function evaluate(cases: readonly Case[]): Promise<Map<string, Check>> {
  const [first] = cases;
  let capture: string;
  try {
    capture = captureOf(texts(first?.inputs["setup_cpp"])).toFile();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const { message } = error;
    return new Map(cases.map(({ id }) => [id, { id, ok: false, detail: `the set-up: ${message}` }]));
  }
  const filters = bareFilters([ALL, ...cases.map(({ inputs }) => text(inputs["filter"]))]);
  const [all = [], ...matches] = await countMatches(capture, filters);
  const last = all.at(-1);
  return new Map(
    cases.map((one, i) => {
      const error = filters[i + 1]?.error ?? null;
      const got = error === null ? (matches[i] ?? []).includes(last ?? -1) : `error: ${error}`;
      const throws = "throws" in one.expected;
      const ok = throws ? error !== null : got === one.expected["result"];
      const detail = `${text(one.inputs["filter"])}: expected ${canonical(one.expected)}, got ${got}`;
      return [one.id, { id: one.id, ok, detail: ok ? "" : detail }];
    }),
  );
}

function summary(checks: readonly Check[]): { lines: string[]; failures: string[] } {
  const passed = checks.filter(({ ok, skipped }) => ok && skipped === undefined).length;
  const share = checks.length === 0 ? 1 : passed / checks.length;
  const line = `${passed} of ${checks.length} = ${(Math.floor(1000 * share) / 10).toFixed(1)} %`;
  return { lines: [line], failures: share < LEAST ? [`${NAME}: ${line}`] : [] };
}
