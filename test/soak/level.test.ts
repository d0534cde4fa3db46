// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { growth } from "./level.js";

/** What the live soak takes for growth of memory. */

const MIB = 1 << 20;
const samples = (mib: (second: number) => number, seconds: number) =>
  Array.from({ length: seconds / 10 + 1 }, (_, i) => ({ second: i * 10, ownBytes: mib(i * 10) * MIB }));

test("memory that rises in the first ten minutes and stays is level", () => {
  assert.equal(
    growth(
      samples((s) => 50 + Math.min(s, 600) / 6, 3600),
      3600,
    ),
    null,
  );
});

test("memory that rises after them is told", () => {
  assert.match(
    growth(
      samples((s) => 100 + s / 100, 3600),
      3600,
    ) ?? "",
    /grew: 121 MiB from 600 to 2100 s, 136 MiB behind/,
  );
});

test("a short run says nothing", () => {
  assert.equal(
    growth(
      samples((s) => s, 60),
      60,
    ),
    null,
  );
});
