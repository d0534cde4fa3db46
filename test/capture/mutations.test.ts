// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Interner } from "../../src/batch/interner.js";
import type { Memory } from "../../src/batch/memory.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { CaptureCopy } from "../../src/capture/copy.js";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { ERRORS, PeregrineError } from "../../src/telemetry/errors.js";
import { assertIdentity, memoryOf, planOf, type ReadOptions } from "../support/capture-reader.js";
import { everyEvent } from "../support/every-event.js";
import { temporaryFile } from "../support/scap-builder.js";
import { packageRoot } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary.js";

/** xorshift: the same mutations in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutate(seed: Buffer, below: (limit: number) => number): Buffer {
  const bytes = Buffer.from(seed);
  for (let i = 1 + below(4); i > 0; i--) {
    const at = below(bytes.length - 4);
    switch (below(5)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes.writeUInt32LE([0, 1, 11, 12, 0x7fffffff, 0xffffffff, 65_536, 26][below(8)] as number, at);
        break;
      case 2:
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        break;
      case 3:
        bytes.copyWithin(at, below(bytes.length), bytes.length);
        break;
      default:
        return Buffer.from(bytes.subarray(0, at));
    }
  }
  return bytes;
}

/** Memory and interner that many captures are read with, one after the other. */
class Bench {
  private readonly memory: Memory;
  private readonly interner: Interner;
  private readonly plan: Int32Array;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;

  constructor(options: ReadOptions) {
    this.memory = memoryOf(options);
    this.interner = createInterner(this.memory);
    this.plan = planOf(options);
    this.words = new Int32Array(this.memory.ring);
    this.floats = new Float64Array(this.memory.ring);
  }

  /** Reads a file to its end; returns the code of its failure, or null. Records must be whole and their numbers rise. */
  read(path: string): string | null {
    const { memory, interner, plan, words, floats } = this;
    const source = new ScapSource({ path, memory, interner, plan });
    const records = new RingLayout(memory.shape.ring).recordsWord;
    let last = 0;
    try {
      source.open();
      for (;;) {
        const result = source.fill(0);
        assertIdentity(source.counters);
        let at = records;
        for (let i = words[SlotWord.RECORDS] as number; i > 0; i--) {
          const number = floats[(at + RecordWord.NUMBER) / 2] as number;
          assert.ok(number > last);
          last = number;
          at += words[at + RecordWord.SIZE] as number;
        }
        assert.equal(at, words[SlotWord.RECORDS_END]);
        if (result === FillResult.SECTION) source.section();
        else if (result !== FillResult.MORE) return source.failure?.code ?? null;
      }
    } catch (error) {
      if (!(error instanceof PeregrineError)) throw error;
      return error.code;
    } finally {
      source.close();
    }
  }
}

test("whatever a capture holds, reading it ends, in order, with all events accounted for", () => {
  const seed = everyEvent().build();
  const below = random(0x5eed);
  const benches = (
    [
      {},
      { other: [0, 0, 0] },
      { other: [1, 0, -1, 1, 0] },
      { ring: { events: 3, heapBytes: 64 }, shape: { strings: 64, stringBytes: 512 } },
    ] as ReadOptions[]
  ).map((options) => new Bench(options));
  for (const bench of benches) assert.equal(bench.read(temporaryFile(seed, "mutated.scap")), null);
  const codes = new Set<string>();
  for (let round = 0; round < 1000; round++) {
    const mutated = mutate(seed, below);
    const bytes = round % 10 === 0 ? gzipSync(mutated, { level: 1 }) : mutated;
    const code = benches[round % benches.length]?.read(temporaryFile(bytes, "mutated.scap"));
    if (code) codes.add(code);
  }
  for (const code of codes) assert.ok(code in ERRORS, code);
  assert.ok(codes.size >= 6, [...codes].join(" "));
});

test("a damaged gzip stream ends the same way", () => {
  const packed = gzipSync(everyEvent().build(), { level: 9 });
  const below = random(0x617a);
  const bench = new Bench({});
  const codes = new Set<string | null>();
  for (let round = 0; round < 200; round++) {
    const bytes = Buffer.from(packed);
    bytes[2 + below(bytes.length - 2)] = below(256);
    codes.add(bench.read(temporaryFile(bytes, "damaged.scap")));
  }
  assert.ok(codes.has("CAPTURE_GZIP"));
});

test("captures that the fuzzer made are read to their end, and what is copied of them can be read", () => {
  const folder = join(packageRoot, "test", "capture", "regressions");
  const bench = new Bench({});
  const to = join(temporaryFolder(), "copy.scap");
  const files = readdirSync(folder);
  assert.ok(files.length > 0);
  for (const file of files) {
    const from = join(folder, file);
    const code = bench.read(from);
    assert.ok(code === null || code in ERRORS, file);
    for (const schema of ["current", "0.31"] as const) {
      try {
        const copier = new CaptureCopy({ from, to, schema });
        while (copier.copyAll(100));
        copier.close();
        // The damage may stand before the first event.
        const again = bench.read(to);
        assert.ok(again === null || (again === "CAPTURE_NO_EVENTS" && code !== null), file);
      } catch (error) {
        // One whose lists cannot be read is not copied.
        if (!(error instanceof PeregrineError)) throw error;
        assert.equal(error.code, code);
      }
    }
  }
});
