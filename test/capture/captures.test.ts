// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { loadAddon } from "../../src/capture/addon.js";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { assertIdentity, memoryOf, planOf } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { sharedFolder, withoutShared } from "../support/shared.js";

interface Facts {
  readonly inputs: { readonly capture: string };
  readonly expected: {
    readonly gzip: boolean;
    readonly truncated: boolean;
    readonly blocks: Readonly<Record<string, number>>;
    readonly raw_event_count: number;
    readonly raw_events_by_type: Readonly<Record<string, number>>;
    readonly distinct_tids: number;
  };
}

const data = join(sharedFolder ?? "", "data");

test("a walk over the blocks counts them", () => {
  const path = new ScapBuilder()
    .section()
    .threads([{ tid: 1 }])
    .event("SYSCALL_CLOSE_E", { fd: 1 }, { ts: 0n, tid: 1 })
    .event("SYSCALL_CLOSE_X", { res: 0 }, { ts: 7n, tid: 1 })
    .event("SYSCALL_CLOSE_X", { res: 0 }, { ts: 9n, tid: 2, flags: 0 })
    .toFile();
  assert.deepEqual(loadAddon().walkBlocks(path), {
    gzip: false,
    truncated: false,
    failure: null,
    blocks: [
      [0x215, 1],
      [0x216, 2],
      [0x217, 1],
      [0x0a0d0d0a, 1],
    ],
    events: 3,
    eventTypes: [
      [4, 1],
      [5, 2],
    ],
    firstTime: 7n,
    lastTime: 9n,
    threads: 2,
  });
});

test("blocks and raw events of real captures are those that another reader counted", { skip: withoutShared }, () => {
  const lines = readFileSync(join(data, "conformance", "captures_facts_derived.jsonl"), "utf8")
    .trim()
    .split("\n");
  for (const line of lines) {
    const { inputs, expected } = JSON.parse(line) as Facts;
    const facts = loadAddon().walkBlocks(join(data, inputs.capture));
    assert.deepEqual(
      {
        gzip: facts.gzip,
        truncated: facts.truncated,
        blocks: Object.fromEntries(facts.blocks.map(([type, count]) => [`0x${type.toString(16)}`, count])),
        events: facts.events,
        types: Object.fromEntries(facts.eventTypes.map(([type, count]) => [EVENTS[type]?.enum, count])),
        threads: facts.threads,
      },
      {
        gzip: expected.gzip,
        truncated: expected.truncated,
        blocks: expected.blocks,
        events: expected.raw_event_count,
        types: expected.raw_events_by_type,
        threads: expected.distinct_tids,
      },
      inputs.capture,
    );
  }
});

test("every real capture is read to its end", { skip: withoutShared }, () => {
  const folder = join(data, "captures");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".scap"));
  assert.ok(files.length > 0);
  for (const file of files) {
    const memory = memoryOf({ ring: { events: 2048, recordBytes: 512 * 1024, heapBytes: 1024 * 1024 } });
    const source = new ScapSource({
      path: join(folder, file),
      memory,
      interner: createInterner(memory),
      plan: planOf(),
    });
    source.open();
    let result: number;
    do {
      result = source.fill(0);
      assertIdentity(source.counters);
    } while (result === FillResult.MORE);
    assert.equal(result, FillResult.END, `${file}: ${source.failure?.message}`);
    assert.deepEqual(source.unknownTypes(), [], file);
    source.close();
  }
});
