// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { temporaryFile } from "../support/scap-builder.js";
import { BUSY_RULES, busyCapture } from "./busy-capture.js";
import { closeThreads, rulesOf, run } from "./support.js";

after(closeThreads);

const capture = busyCapture(300).toFile();
const rules = rulesOf(BUSY_RULES, "all");
const reference = run(capture, rules, 1);

test("alerts name things as they were at their event", async () => {
  const { output, report } = await reference;
  assert.equal(report.failure, null);
  assert.equal(report.ledger.difference, 0);
  const alerts = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { output: string; rule: string });
  assert.equal(alerts.length, report.alerts);
  assert.ok(alerts.length > 450, `${alerts.length} alerts`);
  // Round 7: the child sees the name that its parent took just before.
  const seventh = alerts.find((alert) => alert.rule === "Seventh parent");
  assert.match(seventh?.output ?? "", /parent=parent7 /);
  const opened = alerts.filter((alert) => / parent=parent\d+ /.test(alert.output));
  assert.ok(opened.length > 250);
});

test("the same bytes for any number of workers and any batch size, workers late and ingest eight batches ahead", async () => {
  const expected = (await reference).output;
  let seed = 0;
  for (const workers of [1, 2, 3, 4]) {
    for (const events of [1, 7, 64, 2048]) {
      const faults = { delay: { seed: ++seed, maxMs: events === 1 ? 0.2 : 1 }, ahead: 8 };
      const { output, report } = await run(capture, rules, workers, { ring: { events }, faults });
      assert.equal(output === expected, true, `${workers} workers, batches of ${events}`);
      assert.equal(report.ledger.difference, 0);
    }
  }
});

test("a row version that is broken on purpose is noticed by that comparison", async () => {
  const { output } = await run(capture, rules, 2, { ring: { events: 64 }, faults: { newestRows: true, ahead: 8 } });
  assert.equal(output === (await reference).output, false);
});

test("workers that throw and die cost nothing", async () => {
  const expected = (await reference).output;
  const at = (event: number) => ({ event, times: 1 });
  const faults = { throwAt: [at(60), at(900), at(901)], exitAt: [at(1500), at(2000)] };
  const { output, report } = await run(capture, rules, 2, { ring: { events: 64 }, faults });
  assert.equal(output === expected, true);
  assert.equal(report.ledger.failed, 0);
  assert.equal(report.ledger.difference, 0);
});

test("a dictionary that is swept often, and small tables, change nothing", async () => {
  const expected = (await reference).output;
  const { output, report } = await run(capture, rules, 2, {
    ring: { events: 16 },
    memory: { strings: 4096, stringBytes: 1 << 20 },
    sweep: { strings: 200, bytes: 1 << 18 },
  });
  assert.equal(output === expected, true);
  assert.ok(report.stages.ingest.sweeps > 3, `${report.stages.ingest.sweeps} sweeps`);
});

test("the same events over and over, in sections: the same alerts", async () => {
  const twice = busyCapture(200).build();
  const path = temporaryFile(Buffer.concat([twice, twice, twice]));
  const { output, report } = await run(path, rules, 3, { ring: { events: 64 } });
  assert.equal(report.sections, 3);
  assert.equal(report.failure, null);
  const texts = output
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { output: string }).output.replace(/n=\d+ /, ""));
  assert.equal(texts.length % 3, 0);
  const third = texts.length / 3;
  assert.deepEqual(texts.slice(0, third), texts.slice(third, 2 * third));
  assert.deepEqual(texts.slice(0, third), texts.slice(2 * third));
});

test("a gzip capture gives the same bytes", async () => {
  const { output } = await run(busyCapture(300).toFile({ gzip: true }), rules, 2);
  assert.equal(output === (await reference).output, true);
});

test("a truncated capture: everything before is delivered, then the coded error", async () => {
  const whole = busyCapture(300).build();
  const { output, report } = await run(temporaryFile(whole.subarray(0, whole.length - 7)), rules, 2);
  assert.match(report.failure?.code ?? "", /^CAPTURE_/);
  assert.ok((report.failure?.offset ?? -1) > 0);
  const expected = (await reference).output;
  assert.ok(expected.startsWith(output));
  assert.ok(output.length > expected.length * 0.95);
  assert.equal(report.ledger.difference, 0);
});
