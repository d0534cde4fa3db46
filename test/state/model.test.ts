// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Script, type Step, twins } from "./script.js";
import { answerOf } from "./walk.js";

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.nat(1000),
  a: fc.nat(1000),
  b: fc.nat(1000),
  c: fc.nat(1000),
});

test("any sequence of events gives what the plain model gives, event by event", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (script) => {
      const { bed, model } = twins();
      const maker = new Script();
      for (const [i, one] of script.entries()) {
        const event = maker.event(one);
        const expected = model.apply(event);
        const seen = bed.one(event);
        assert.deepEqual(answerOf(bed, seen), expected, `event ${i}`);
        bed.stage.settle(seen.number - 1);
      }
    }),
    { numRuns: 120, seed: 1 },
  );
});
