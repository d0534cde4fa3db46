// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { resolveField } from "../../src/fields/registry.js";
import { compileMatcher } from "../../src/rules/compile.js";
import { loadRules } from "../../src/rules/load.js";

const SIZES = {
  "a condition of 100,000 terms": (scale: number) =>
    rule(`evt.type = open and (${repeat(scale / 10, (i) => `fd.name contains x${i}`, " or ")})`),
  "a list of a million items": (scale: number) =>
    `- list: l\n  items: [${repeat(scale, (i) => `item-${i}`, ", ")}]\n${rule("evt.type = open and proc.name in (l)")}`,
  "a list of a million items that are all wrong": (scale: number) =>
    `- list: l\n  items: [${repeat(scale, (i) => `item-${i}`, ", ")}]\n${rule("evt.type = open and proc.pid in (l)")}`,
  "a condition that is one long wrong word": (scale: number) => rule(`len(${"exists".repeat(scale / 10)} = 1`),
  "quotes that never close": (scale: number) => rule(`proc.name = ${"''".repeat(scale / 20)}'`),
  "a regex built to be slow": () => rule(`evt.type = open and fd.name regex '(a?){500}((a|b)*)*c'`),
} as const;

function repeat(count: number, piece: (i: number) => string, between: string): string {
  return Array.from({ length: count }, (_, i) => piece(i)).join(between);
}

function rule(condition: string): string {
  return `- rule: r\n  desc: d\n  condition: ${JSON.stringify(condition)}\n  output: o\n  priority: INFO\n`;
}

/** CPU time of loading and compiling, in ms. */
function cost(text: string): number {
  const before = process.cpuUsage();
  const result = loadRules([{ path: "a.yaml", content: text }], { resolver: resolveField });
  if (result.ok) compileMatcher(result.ruleSet, "syscall", resolveField, { strings: 1 << 20 }).statistics();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const [, , child] = process.argv;

if (child !== undefined && child in SIZES) {
  // By itself, with little memory: what comes out is the time of a tenth and of the whole.
  const text = SIZES[child as keyof typeof SIZES];
  cost(text(20_000));
  process.stdout.write(JSON.stringify([cost(text(100_000)), cost(text(1_000_000))]));
} else {
  describe("what is large ends in bounded time and memory", () => {
    for (const name of Object.keys(SIZES)) {
      it(name, () => {
        const args = ["--max-old-space-size=2048", fileURLToPath(import.meta.url), name];
        const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
        assert.equal(status, 0, stderr);
        const [tenth = 0, whole = 0] = JSON.parse(stdout) as number[];
        // Ten times as much may take somewhat more than ten times the time, not a hundred times.
        assert.ok(whole < 40 * Math.max(tenth, 25), `${tenth} ms and ${whole} ms`);
      });
    }
  });
}
