// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { noAnnex } from "../../src/batch/annex.js";
import { createMemory, DEFAULT_SHAPE } from "../../src/batch/memory.js";
import { LiveSource } from "../../src/capture/live.js";
import { RecentEvents, type RecentOptions } from "../../src/capture/recent.js";
import { createInterner } from "../../src/capture/scap.js";
import { DEFAULT_LIVE } from "../../src/engine/watch.js";
import { asyncImage } from "../../src/plugins/async-image.js";
import { makePlan, StateStage } from "../../src/state/stage.js";
import { readCapture } from "../support/capture-reader.js";
import { temporaryFolder } from "../support/temporary.js";

/** Events that plugins add to a live source: it keeps them as its own. No kernel is watched here. */

const folder = temporaryFolder();

function bench(options: RecentOptions) {
  const memory = createMemory(DEFAULT_SHAPE);
  const interner = createInterner(memory);
  const plan = makePlan([], 0, []);
  const source = new LiveSource({ memory, interner, plan, settings: DEFAULT_LIVE });
  const stage = new StateStage({ memory, interner, plan, hostRoot: null, annex: noAnnex() });
  const recent = new RecentEvents(stage.native, interner, options);
  source.keep(recent);
  recent.begin(true);
  return { source, recent };
}

const timeOf = (number: number): bigint => 1_700_000_000_000_000_000n + BigInt(number) * 1_000_000n;
const event = (number: number, size = 0): Uint8Array =>
  asyncImage(timeOf(number), 999, "added", String(number).padEnd(size, " "));

test("added events are numbered on, and stand in the captures around matches", () => {
  const prefix = join(folder, "match");
  const { source, recent } = bench({ prefix, beforeBytes: 1 << 30, beforeNs: 1e12, mostBytes: 0 });
  source.add([1, 2, 3].map((number) => event(number)));
  recent.settle(1);
  recent.begin(false);
  // One that no batch has room for takes a number as well, and nothing behind it moves.
  source.add([event(4, 3 << 20), event(5), event(6), event(7)]);
  recent.settle(5);
  recent.match(6, timeOf(6), 0);
  recent.close();
  const captures = recent.finished();
  assert.deepEqual(
    captures.map(({ match, events, failure }) => [match, events, failure]),
    [[6, 6, null]],
  );
  const { records, counters } = readCapture(captures[0]?.path ?? "");
  assert.deepEqual(
    records.map(({ number, params }) => [number, String(params["data"])]),
    [1, 2, 3, 5, 6].map((number) => [number, String(number)]),
  );
  assert.equal(counters.OVERSIZE, 1);
});

test("a capture does not end before its match, though an event before it has a later time", () => {
  const { source, recent } = bench({
    prefix: join(folder, "late"),
    beforeBytes: 1 << 30,
    beforeNs: 1e12,
    mostBytes: 0,
  });
  source.add([event(1), event(9), event(2), event(3), event(8), event(4)]);
  recent.settle(2);
  recent.match(3, timeOf(2), 1_500_000);
  recent.settle(6);
  recent.close();
  const [{ path = "" } = {}] = recent.finished();
  assert.deepEqual(
    readCapture(path).records.map(({ params }) => String(params["data"])),
    ["1", "9", "2", "3"],
  );
});

test("added events are chosen by their numbers", () => {
  const path = join(folder, "chosen.scap");
  const { source, recent } = bench({ path, gzip: 0, mostBytes: 0, mostNs: 0 });
  source.add([1, 2, 3, 4].map((number) => event(number)));
  recent.choose(Float64Array.of(2, 4));
  recent.settle(4);
  recent.close();
  const shown = readCapture(path).records.filter(({ stateOnly }) => !stateOnly);
  assert.deepEqual(
    shown.map(({ params }) => String(params["data"])),
    ["2", "4"],
  );
});

test("what is no whole event is refused", () => {
  const { source } = bench({ path: join(folder, "bad.scap"), gzip: 0, mostBytes: 0, mostNs: 0 });
  const whole = event(1);
  const lies = new Uint8Array(whole);
  new DataView(lies.buffer).setUint32(34, 0x7fffffff, true);
  const narrow = new Uint8Array(whole);
  new DataView(narrow.buffer).setUint16(20, 1, true);
  for (const bad of [new Uint8Array(0), whole.subarray(1), whole.subarray(0, -1), lies, narrow]) {
    assert.throws(() => source.add([bad]), /a whole event/);
  }
});
