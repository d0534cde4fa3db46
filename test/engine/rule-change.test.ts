// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Running } from "../../src/engine/run.js";
import type { RuleSet } from "../../src/rules/ruleset.js";
import type { Ledger } from "../../src/telemetry/ledger.js";
import { type FakeData, wantedEvent } from "./fakes.js";
import { closeThreads, fakeReplay, fakeRules } from "./support.js";

after(closeThreads);

const EVERY = 10;

/** Rules whose alerts begin with `version`. */
function rulesOf(version: string, name = "rule 0"): RuleSet {
  const { rules, matching } = fakeRules(1);
  return { matching, rules: rules.map((rule) => ({ ...rule, desc: version, name })) };
}

const TEXT = { kind: "text", iso8601: false } as const;

/** Runs until all `changes` were made, one after the other. */
async function runWith(workers: number, changes: readonly RuleSet[], seed: number, data: Partial<FakeData> = {}) {
  const open = new SharedArrayBuffer(4);
  const events: number[] = [];
  const errors: string[] = [];
  const lines: string[] = [];
  let ledger: Ledger | undefined;
  const make = async (running: Running): Promise<void> => {
    // All of them wait for nobody, so that only the change itself can find out that they are done.
    const wanted = Array.from({ length: data.events ?? 0 }, (_, i) => i + 1).filter(wantedEvent).length;
    while (data.idle === true && ledger?.snapshot().evaluated !== wanted) await pause(5);
    for (const rules of changes) {
      try {
        const [source] = await running.change(rules, TEXT, null);
        events.push(source?.event ?? -1);
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
    Atomics.store(new Int32Array(open), 0, 1);
  };
  const { report } = await fakeReplay(
    { events: 0, every: [EVERY], open, ...data },
    {
      workers,
      rules: rulesOf("v0"),
      onStart: (running) => void make(running),
      onLedger: (given) => {
        ledger = given;
      },
      sink: (chunk) => {
        lines.push(...chunk.toString().trimEnd().split("\n"));
      },
    },
    { delay: { seed, maxMs: 2 } },
  );
  return { report, lines, events, errors };
}

test("every event meets the old rules or the new ones, and none both or neither", async () => {
  for (const workers of [1, 3]) {
    const { report, lines, events, errors } = await runWith(workers, [rulesOf("v1"), rulesOf("v2")], workers);
    assert.deepEqual(errors, []);
    assert.equal(events.length, 2);
    const [first = -1, second = -1] = events;
    const expected: string[] = [];
    for (let number = EVERY; number <= report.events; number += EVERY) {
      const version = number <= first ? "v0" : number <= second ? "v1" : "v2";
      if (wantedEvent(number)) expected.push(`${version} ${number} rule 0`);
    }
    assert.deepEqual(lines, expected);
    assert.ok(first >= 0 && second >= first && second < report.events, `changes at ${first} and ${second}`);
    assert.equal(report.alerts, expected.length);
    assert.deepEqual(report.byRule, [{ rule: "rule 0", priority: 0, count: expected.length }]);
    assert.equal(report.ledger.difference, 0);
    assert.equal(report.deaths, 0);
  }
});

test("rules change though no event comes, and none of those before has raised an alert", async () => {
  // Some batches, of which main is told of the first alone.
  const data = { events: 200, idle: true, every: [1_000_000] };
  const { report, events, errors } = await runWith(2, [rulesOf("v1"), rulesOf("v2")], 3, data);
  assert.deepEqual(errors, []);
  assert.deepEqual(events, [200, 200]);
  assert.equal(report.ledger.difference, 0);
});

test("rules that a worker cannot compile change nothing", async () => {
  const { report, lines, events, errors } = await runWith(2, [rulesOf("v1", "broken"), rulesOf("v2")], 7);
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? "", /cannot be compiled/);
  const [event = -1] = events;
  assert.equal(events.length, 1);
  for (const line of lines) {
    const [version, number] = line.split(" ");
    assert.equal(version, Number(number) <= event ? "v0" : "v2", line);
  }
  assert.equal(report.alerts, lines.length);
  assert.equal(report.deaths, 0);
});
