// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { resolveField } from "../../src/fields/registry.js";
import { compileMatcher } from "../../src/rules/compile.js";
import { loadRules } from "../../src/rules/load.js";
import { FieldBed } from "../support/field-bed.js";

function load(condition: string): ReturnType<typeof loadRules> {
  const item = { rule: "r", desc: "-", condition, output: "-", priority: "DEBUG" };
  return loadRules([{ path: "r.yaml", content: JSON.stringify([item]) }], { resolver: resolveField });
}

test("evt.around[T]=D holds on events of the D ms before and after T", () => {
  const T = 1_404_996_934_793_590_564n;
  const { ruleSet } = load(`evt.type=close and evt.around[${T}]=1000`);
  const matcher = compileMatcher(ruleSet, "syscall", resolveField, { strings: 1 << 16 });
  const bed = new FieldBed();
  const holds = (time: bigint): boolean =>
    matcher.match(bed.event({ type: EventType.SYSCALL_CLOSE_X, time, params: { res: 0 } })) === 1;
  const second = 1_000_000_000n;
  assert.deepEqual([T, T - second, T + second, T - second - 1n, T + second + 1n].map(holds), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("evt.around knows no other operator", () => {
  const errors = load("evt.type=close and evt.around[5]>1").diagnostics.map(({ message }) => message);
  assert.match(errors.join("\n"), /evt\.around/);
});
