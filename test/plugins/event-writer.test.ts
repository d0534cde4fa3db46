// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventType } from "../../src/batch/event-table.generated.js";
import { createMemory, DEFAULT_SHAPE } from "../../src/batch/memory.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { EventWriter, Written } from "../../src/plugins/event-writer.js";

const RING = { slots: 2, events: 8, recordBytes: 2048, heapBytes: 1024 };
const shape = { ...DEFAULT_SHAPE, ring: RING, strings: 1024, stringBytes: 65_536, processRows: 64, fdRows: 64 };

interface Read {
  readonly number: number;
  readonly type: number;
  readonly id: number;
  readonly data: string;
  readonly time: bigint;
}

/** The events of a batch as a reader finds them. */
function readBatch(ring: SharedArrayBuffer, slot: number): Read[] {
  const layout = new RingLayout(RING);
  const words = new Int32Array(ring);
  const times = new BigUint64Array(ring);
  const base = layout.slotWord(slot);
  return Array.from({ length: words[base + SlotWord.WANTED] ?? 0 }, (_, i) => {
    const o = words[base + layout.wantedWord + i] ?? 0;
    const type = words[o + RecordWord.TYPE] ?? 0;
    const at = o + RecordWord.HEADER + (type === EventType.ASYNCEVENT_E ? 2 : 1);
    const from = words[at] ?? 0;
    const data = Buffer.from(ring).subarray(from, from + (words[at + 1] ?? 0));
    return {
      number: new Float64Array(ring)[(o + RecordWord.NUMBER) >> 1] ?? 0,
      type,
      id: words[o + RecordWord.HEADER] ?? 0,
      data: data.toString("latin1"),
      time: times[(o + RecordWord.TIME) >> 1] ?? 0n,
    };
  });
}

const words = (time: bigint): [number, number] => [
  Number(BigInt.asIntN(32, time)),
  Number(BigInt.asIntN(32, time >> 32n)),
];

test("what is written into batches is what is read from them, each event once and in order", () => {
  const event = fc.record({
    data: fc.oneof(fc.uint8Array({ maxLength: 1200 }), fc.string({ unit: "binary", maxLength: 200 })),
    async: fc.boolean(),
    time: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const memory = createMemory(shape);
      const writer = new EventWriter(memory);
      const seen: Read[] = [];
      const expected: Read[] = [];
      let number = 0;
      writer.begin(0, 0);
      const end = (): void => {
        writer.end(0, 1, 0);
        seen.push(...readBatch(memory.ring, 0));
      };
      for (const { data, async, time } of events) {
        const put = (): number =>
          async ? writer.async(7, 3, data, ...words(time)) : writer.plugin(7, data, ...words(time));
        let written = put();
        if (written === Written.FULL) {
          end();
          writer.begin(0, writer.last);
          written = put();
        }
        number++;
        const bytes = Buffer.from(data as string);
        assert.equal(written === Written.TOO_LARGE, bytes.length > RING.heapBytes);
        if (written === Written.TOO_LARGE) {
          writer.skip();
          continue;
        }
        assert.equal(written, Written.DONE);
        const type = async ? EventType.ASYNCEVENT_E : EventType.PLUGINEVENT_E;
        expected.push({ number, type, id: 7, data: bytes.toString("latin1"), time });
      }
      end();
      assert.deepEqual(seen, expected);
      assert.equal(writer.last, events.length);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("a batch ends where its records, its heap or its list of events do", () => {
  const memory = createMemory(shape);
  const writer = new EventWriter(memory);
  writer.begin(1, 100);
  for (let i = 0; i < RING.events; i++) assert.equal(writer.plugin(1, "", 0, 0), Written.DONE);
  assert.equal(writer.plugin(1, "", 0, 0), Written.FULL);
  assert.deepEqual([writer.events, writer.last], [RING.events, 100 + RING.events]);
  writer.begin(1, 0);
  assert.equal(writer.plugin(1, new Uint8Array(1000), 0, 0), Written.DONE);
  assert.equal(writer.plugin(1, new Uint8Array(25), 0, 0), Written.FULL);
  assert.equal(writer.plugin(1, new Uint8Array(24), 0, 0), Written.DONE);
  assert.equal(writer.plugin(1, new Uint8Array(1025), 0, 0), Written.TOO_LARGE);
});
