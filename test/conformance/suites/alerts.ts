// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { shared } from "../../support/shared.js";
import { type Case, type Check, dataFile, type Suite, text } from "../case.js";
import { canonical, object, parseExact } from "../json.js";
import { alertsOf } from "../peregrine.js";

const FOLDER = "expected/falco-0.44.1";
const OFFICIAL = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules"].map(
  (name) => `rules/official/${name}.yaml`,
);
const RULES: Readonly<Record<string, readonly string[]>> = { official: OFFICIAL, probe: ["rules/probe_rules.yaml"] };

interface Tally {
  expected: number;
  equal: number;
  extra: number;
  /** Rule -> whether one of its expected alerts was raised. */
  readonly rules: Map<string, boolean>;
}

/** The alerts that Falco 0.44.1 raised on the captures, in order, equal as JSON but for the host's name. */
export function alertsSuite(set: "official" | "probe"): Suite {
  const tally: Tally = { expected: 0, equal: 0, extra: 0, rules: new Map() };
  return {
    name: `falco_0_44_1_${set}`,
    mode: "all",
    cases: casesOf(set),
    run: (one) => run(set, one, tally),
    summary: () => summary(tally),
  };
}

/** One case a capture, from the table of counts. */
function casesOf(set: string): Case[] {
  const rows = readFileSync(shared("data", FOLDER, "counts.tsv"), "utf8")
    .trim()
    .split("\n");
  return rows
    .map((row) => row.split("\t"))
    .filter(([name]) => name === set)
    .map(([, capture]) => {
      const there = existsSync(shared("data", "captures", text(capture)));
      return {
        id: `${set}/${text(capture)}`,
        kind: "alerts",
        semantics: "current",
        runnable: there,
        missing: there ? [] : [text(capture)],
        inputs: { capture: `captures/${text(capture)}` },
        expected: { alerts: `${FOLDER}/${set}/${text(capture).replace(/\.scap$/, ".alerts.jsonl")}` },
      };
    });
}

interface Alert {
  readonly rule: string;
  readonly time: string;
  /** Canonical JSON without the host's name. */
  readonly text: string;
}

function parseAlert(line: string): Alert {
  const { hostname: _, ...rest } = object(parseExact(line));
  return { rule: text(rest["rule"]), time: text(rest["time"]), text: canonical(rest) };
}

async function run(set: string, one: Case, tally: Tally): Promise<readonly Check[]> {
  const file = dataFile(one.expected["alerts"]);
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const expected = lines.filter((line) => line !== "").map(parseAlert);
  const got = (await alertsOf(dataFile(one.inputs["capture"]), (RULES[set] ?? []).map(dataFile))).map(parseAlert);
  const pairs = commonSubsequence(expected, got);
  const matched = new Set(pairs.map(([, j]) => j));
  tally.expected += expected.length;
  tally.equal += pairs.length;
  tally.extra += got.length - pairs.length;

  const equal = new Set(pairs.map(([i]) => i));
  const checks = expected.map((alert, i): Check => {
    const ok = equal.has(i);
    tally.rules.set(alert.rule, ok || tally.rules.get(alert.rule) === true);
    const close = got.find((other, j) => !matched.has(j) && other.rule === alert.rule && other.time === alert.time);
    const detail = ok ? "" : close === undefined ? `no such alert: ${alert.text}` : differences(alert.text, close.text);
    return { id: `${one.id}#${i + 1} ${alert.rule}`, ok, detail };
  });
  got.forEach((alert, j) => {
    const isExtra =
      !matched.has(j) && !expected.some((other) => other.rule === alert.rule && other.time === alert.time);
    if (isExtra) checks.push({ id: `${one.id}#extra ${alert.time} ${alert.rule}`, ok: false, detail: alert.text });
  });
  return checks.length > 0 ? checks : [{ id: one.id, ok: true, detail: "" }];
}

/** The keys in which two alerts differ, with both values; output_fields are shown one by one, instead of the text. */
function differences(expected: string, got: string): string {
  const [a, b] = [flat(expected), flat(got)];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const lines = keys.flatMap((key) => {
    const [want, is] = [canonical(a[key] ?? null), canonical(b[key] ?? null)];
    return want === is ? [] : [`${key}: expected ${want}, got ${is}`];
  });
  const fields = lines.filter((line) => !line.startsWith("output: "));
  return (fields.length > 0 ? fields : lines).join("\n") || "the same alert in another place of the order";
}

function flat(alert: string): Readonly<Record<string, unknown>> {
  const { output_fields: fields, ...rest } = object(JSON.parse(alert));
  return { ...rest, ...object(fields) };
}

function summary({ expected, equal, extra, rules }: Tally): { lines: string[]; failures: string[] } {
  const total = expected + extra;
  const share = total === 0 ? 1 : equal / total;
  const missing = [...rules].filter(([, seen]) => !seen).map(([rule]) => rule);
  const lines = [
    `equal alerts: ${equal} of ${expected} expected + ${extra} extra = ${(Math.floor(1000 * share) / 10).toFixed(1)} %`,
    `rules with an expected alert that have one equal: ${rules.size - missing.length} of ${rules.size}`,
  ];
  return { lines, failures: [] };
}

/** Longest common subsequence of two lists of alerts, as pairs of places. Quadratic: the lists have some hundreds. */
function commonSubsequence(a: readonly Alert[], b: readonly Alert[]): [number, number][] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i]?.text === b[j]?.text ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]?.text === b[j]?.text) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}
